//! Every pictured state is held to the rules of accessibility (WCAG 2.2 AA) by axe-core.
//!
//! axe-core is taken from where `AXE_CORE` says, as it is a tool of its own licence (MPL-2.0): see `.ci/run`. Without it the
//! audit is left out, in one line.

use std::io::Write as _;
use std::sync::{Once, OnceLock};

use serde_json::{Value, json};

use super::window::Window;

const RUN: &str = "const done = arguments[0]; \
     axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
        .then(({ violations }) => done(violations.map(({ id, nodes }) => \
            ({ id, nodes: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) }))));";

/// Panics when the page, as it is now, breaks a rule.
pub(super) async fn check(window: &Window<'_>, state: &str) {
    let Some(axe) = axe() else { return };
    if window.run("return typeof axe;", &[]).await != json!("object") {
        window.run(axe, &[]).await;
    }
    let violations = window.run_async(RUN, vec![]).await;
    assert_eq!(violations, Value::Array(vec![]), "{state}: {violations:#}");
}

fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    static SAID: Once = Once::new();
    let axe = AXE.get_or_init(|| std::fs::read_to_string(std::env::var_os("AXE_CORE")?).ok());
    if axe.is_none() {
        SAID.call_once(|| {
            let line = "\nLeft out: the audit of accessibility, as AXE_CORE names no file axe.min.js.\n";
            std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
        });
    }
    axe.as_deref()
}
