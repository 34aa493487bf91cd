//! Addresses that strangers send lead to the web, or they are left out.

use serde_json::json;

use crate::util::{Pair, account_of, entry, luna, notification};

/// What a browser would run, or read from a person's disk.
const DANGEROUS: [&str; 5] = [
    "javascript:alert(1)",
    "JaVaScript:alert(1)",
    "data:text/html,<script>1</script>",
    "file:///etc/passwd",
    " java\tscript:1",
];

#[tokio::test]
async fn an_address_that_a_browser_would_run_never_leaves_the_api() {
    let world = luna().await;
    let ana = world.browser("ana");
    let pair = Pair::new(&account_of(&ana).await, 7001);
    let now = world.stack.clock().now_ms();
    let messages: Vec<_> = (now..)
        .zip(DANGEROUS)
        .map(|(at, address)| {
            let template = json!({"type": "template", "payload": {"generic": {"elements": [{"image_url": address}]}}});
            let message = json!({
                "mid": format!("m-{at}"), "text": "Hola",
                "attachments": [{"type": "image", "payload": {"url": address}}, template],
                "reply_to": {"story": {"url": address, "id": "17"}},
                "referral": {"source": "ADS", "ads_context_data": {"photo_url": address}},
            });
            pair.did(at, "message", &message)
        })
        .collect();
    world.deliver(&notification(&[entry(&pair.account, now, &messages)])).await;
    world.settle().await;
    let conversation = ana.conversation().await;
    let read = ana.messages(&conversation).await;
    assert_eq!(read.len(), DANGEROUS.len());
    let text = json!(read).to_string().to_lowercase();
    for word in ["script:", "data:", "file:"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(
        read.iter().all(|message| message["attachments"][0]["type"] == "image" && message["reply_to"]["id"] == "17")
    );
}
