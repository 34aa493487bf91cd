//! The same in English, under another name and with tokens of another form, where an operator has chosen so.

use super::Story;
use crate::util::{INES, LUNA};

/// Words that no such page has.
const SPANISH: [&str; 7] = ["Curbe", "Conecta", "Iniciar", "cuenta", "conversaciones", "Responde", "Salir"];

#[tokio::test]
async fn every_page_has_the_language_and_the_name_that_were_chosen() {
    let english = |settings: &mut local::StackSettings| {
        let chosen = [("Locale", "en"), ("Brand", "Acme"), ("TenantClaim", "https://acme.example/tenant")];
        settings.parameters = chosen.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    };
    let Some(story) = Story::begin_with(english).await else { return };
    let ana = story.window().await;
    let picture = async |state: &str| {
        let words = ana.words().await;
        assert!(!SPANISH.iter().any(|word| words.contains(word)), "{state}: {words}");
        ana.picture(&format!("english-{state}")).await;
    };
    ana.visit("/").await;
    ana.reads("Three steps and you are there.").await;
    picture("home").await;
    ana.click("Sign in").await;
    ana.click("Ana Luna").await;
    ana.click("Connect").await;
    ana.reads("Connect your professional Instagram account to answer and manage DMs from the Acme inbox.").await;
    ana.reads("We will take you to Meta to sign in and choose your Instagram account.").await;
    ana.reads("Connect your Facebook Page to answer and manage Messenger messages from the Acme inbox.").await;
    ana.reads("We will take you to Meta to sign in and choose your Facebook Page.").await;
    picture("card").await;
    ana.click("Use Facebook Login").await;
    ana.click("Amara Okafor").await;
    ana.click("Allow").await;
    ana.reads("Choose your Instagram accounts").await;
    ana.click("@atelier.okafor").await;
    ana.reads("Connect 1 Account(s)").await;
    picture("selector").await;
    ana.click("Connect 1 Account(s)").await;
    ana.reads("Connected: @atelier.okafor").await;
    ana.reads("Acme can receive and answer DMs for this account.").await;
    picture("card-connected").await;

    story.world.browser("ana").connect("instagram", LUNA).await;
    story.world.dm(INES, LUNA, "Are you open today?").await;
    ana.click("Open the inbox").await;
    ana.click("Inès Moreau").await;
    ana.write("Write an answer", "Yes, until eight.\u{E007}").await;
    ana.reads("Sent").await;
    ana.reads("You can answer for 23 h").await;
    ana.comes_true("document.title === 'Inbox · Acme'").await;
    picture("thread").await;
    ana.close(&[]).await;
}
