//! People sign in, stay signed in and sign out, whoever's identity provider it is.

use local::Vendor;

use super::{Story, embedding};
use crate::util::{INES, LUNA};

async fn begin(vendor: Vendor, change: impl FnOnce(&mut local::StackSettings)) -> Option<Story> {
    Story::begin_with(|settings| {
        settings.issuer = vendor;
        change(settings);
    })
    .await
}

/// Ana connects in a page of another site, then signs in and out of ours; in between all her tokens end, several times.
async fn a_working_day(vendor: Vendor) {
    let Some(story) = begin(vendor, |_| ()).await else { return };
    let ana = story.window().await;
    ana.visit(&embedding::page(&story, "&tenant=luna")).await;
    embedding::connect(&ana).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.reads("¿Abren hoy?").await;
    ana.visit("/inbox").await;
    ana.click("Ana Luna").await;
    ana.arrives("/inbox").await;
    ana.reads("Ana Luna").await;
    ana.reads("¿Abren hoy?").await;
    for text in ["¿Y mañana?", "¿Y el lunes?"] {
        story.world.advance_hours(2); // past every token's life
        story.world.dm(INES, LUNA, text).await;
        ana.reads(text).await;
    }
    ana.click("Salir").await;
    ana.reads("Tres pasos y listo.").await;
    ana.click("Iniciar sesión").await;
    ana.reads("Sign in as").await;
    ana.click("Luis Prado").await;
    ana.reads("Luis Prado").await;
    // A picture that is not there is left out. Where hours pass between a ticket and its socket, that is refused.
    ana.close(&["401", "picture.png", "WebSocket"]).await;
}

macro_rules! working_days {
    ($($name:ident: $vendor:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            a_working_day(Vendor::$vendor).await;
        })*
    };
}

working_days! {
    people_work_with_an_issuer_of_no_vendor: Plain,
    people_work_with_cognito: Cognito,
    people_work_with_auth0: Auth0,
    people_work_with_auth0_without_an_audience: Auth0Opaque,
    people_work_with_okta: Okta,
    people_work_with_entra_tokens_of_version_1: EntraV1,
    people_work_with_entra_tokens_of_version_2: EntraV2,
    people_work_with_keycloak: Keycloak,
    people_work_with_supabase: Supabase,
}

fn set(settings: &mut local::StackSettings, name: &str, value: &str) {
    settings.parameters.insert(name.to_owned(), value.to_owned());
}

/// Signs in once; the page stays where it is and says why.
async fn one_round_ends(story: &Story, texts: &[&str]) {
    let ana = story.window().await;
    ana.visit("/").await;
    ana.click("Iniciar sesión").await;
    ana.click("Ana Luna").await;
    ana.reads("No se pudo iniciar sesión").await;
    for text in texts {
        ana.reads(text).await;
    }
    ana.arrives("/auth/callback").await;
    let rounds = ana.run("return history.length;", &[]).await;
    assert!(rounds.as_u64().is_some_and(|rounds| rounds < 8), "{rounds}");
    ana.close(&["401", "403", "400"]).await;
}

#[tokio::test]
async fn a_token_that_only_the_issuer_can_read_ends_the_sign_in_with_a_text() {
    let Some(story) = begin(Vendor::Auth0Opaque, |settings| set(settings, "ApiToken", "access")).await else { return };
    one_round_ends(&story, &["una sesión que aquí no se puede leer"]).await;
}

#[tokio::test]
async fn a_token_for_another_audience_ends_the_sign_in_with_a_text() {
    let Some(story) = begin(Vendor::EntraV2, |settings| set(settings, "OidcScope", "openid profile")).await else {
        return;
    };
    let names_both = ["no acepta la sesión", "another audience", "00000003-0000-0000-c000-000000000000"];
    one_round_ends(&story, &names_both).await;
}

#[tokio::test]
async fn a_token_without_a_tenant_ends_the_sign_in_with_a_text() {
    let Some(story) = begin(Vendor::Okta, |settings| set(settings, "TenantClaim", "organisation")).await else {
        return;
    };
    one_round_ends(&story, &["le falta un dato", "organisation"]).await;
}

#[tokio::test]
async fn an_issuer_that_wants_a_secret_ends_the_sign_in_with_a_text() {
    let Some(story) = begin(Vendor::Google, |_| ()).await else { return };
    one_round_ends(&story, &["no entregó la sesión", "client_secret is missing"]).await;
}

#[tokio::test]
async fn an_issuer_whose_document_names_another_is_told_to_be_away() {
    let Some(story) = begin(Vendor::Okta, |settings| {
        let elsewhere = "http://127.0.0.1:9/oauth2/default";
        set(settings, "JwtIssuer", elsewhere);
    })
    .await
    else {
        return;
    };
    let ana = story.window().await;
    ana.visit("/").await;
    ana.click("Iniciar sesión").await;
    ana.reads("El servicio de inicio de sesión no responde.").await;
    ana.close(&[]).await;
    let lines = story.world.stack.logs();
    assert!(lines.iter().any(|line| line.message == "Nobody can sign in"), "it is in the log");
}
