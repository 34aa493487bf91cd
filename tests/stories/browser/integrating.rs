//! A new integrator walks the guide: a page of their own, a token endpoint of their own, another provider's tokens.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use local::Vendor;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::driver::{installed, tell};
use super::{Story, embedding};
use crate::util::{INES, LUNA};

const GUIDE: &str = include_str!("../../../infra/guides/integrate.md");

/// The API's addresses in the guide: here, and deployed.
const APIS: [&str; 2] = ["http://127.0.0.1:9400", "https://api.example.com"];

/// Where the guide's API tells what has changed.
const LIVE: &str = "wss://live.example.com";

/// What stands in the guide after the first line with this text, between the fences.
fn block(after: &str) -> &'static str {
    let (_, rest) = GUIDE.split_once(after).unwrap_or_else(|| panic!("the guide says `{after}`"));
    let (_, rest) = rest.split_once("\n```").expect("a block follows");
    let (_, rest) = rest.split_once('\n').expect("it has lines");
    rest.split_once("\n```").expect("it ends").0
}

/// The integrator's server; ends with the story.
struct Server(Child);

impl Server {
    /// Starts it as the guide says, once its files are in the folder.
    fn start(file: &str, folder: &Path, environment: &[(&str, &str)]) -> Self {
        let (_, command) = GUIDE.split_once(&format!("`{file}`, started with `")).expect("the guide says how");
        let (command, _) = command.split_once('`').expect("the command ends");
        fs::write(folder.join(file), block(&format!("`{file}`, started with"))).expect("a file");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]).current_dir(folder).envs(environment.iter().copied());
        Self(shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself: the story has failed then, and says why.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// What a backend knows: where its issuer renews tokens, and what the person's sign-in has left.
async fn session(issuer_url: &str) -> (String, String) {
    let http = reqwest::Client::new();
    let asked = http.post(format!("{issuer_url}/token/sample")).json(&json!({"person": "ana"}));
    let given: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    let token = given["access_token"].as_str().expect("a token");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let issuer = claims["iss"].as_str().expect("an issuer").trim_end_matches('/');
    let document = http.get(format!("{issuer}/.well-known/openid-configuration")).send().await.expect("an answer");
    let document: Value = document.json().await.expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&document["token_endpoint"]), text(&given["refresh_token"]))
}

async fn an_integrator_walks_the_guide(vendor: Vendor, file: &str, language: &str) {
    if installed(&[language]).is_none() {
        tell(&format!("Skipped: the guide's example in {language}, which is not on the path."));
        return;
    }
    let port = free_port();
    let site = format!("http://product.test:{port}");
    let begun = Story::begin_with(|settings| {
        settings.issuer = vendor;
        settings.parameters.insert("AllowedOrigins".to_owned(), site.clone());
    });
    let Some(story) = begun.await else { return };
    let (token_endpoint, refresh_token) = session(story.world.stack.issuer_url()).await;
    let folder = TempDir::new().expect("a folder");
    let policy = block("what it has (pictures and videos").replace("script-src", "script-src 'self' 'unsafe-inline'");
    let policy = policy.replace("connect-src", "default-src 'self'; connect-src 'self'");
    // Meta's CDN is simulated, without TLS.
    let cdn = story.world.stack.meta_url();
    let policy = format!("{} {cdn}", policy.replace("data:", &format!("data: {cdn}")));
    let page = block("`index.html`, with your API's address");
    let page = page
        .replace("<title>", &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<title>"));
    let page = page.replace(LIVE, &story.world.stack.api_url().replace("http:", "ws:"));
    let page = APIS.iter().fold(page, |page, api| page.replace(api, story.world.stack.api_url()));
    fs::write(folder.path().join("index.html"), page).expect("a file");
    let environment = [
        ("PORT", &*port.to_string()),
        ("CLIENT_ID", "buzon-local"),
        ("TOKEN_ENDPOINT", &token_endpoint),
        ("REFRESH_TOKEN", &refresh_token),
    ];
    let _server = Server::start(file, folder.path(), &environment);
    while reqwest::get(format!("http://127.0.0.1:{port}/")).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await; // until it listens
    }

    let ana = story.window().await;
    ana.visit(&site).await;
    embedding::connect(&ana).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.click("Inès Moreau").await;
    ana.write("Escribe una respuesta", "Sí\u{E007}").await;
    ana.reads("Enviado").await;
    ana.close(&["favicon"]).await;
}

#[tokio::test]
async fn an_integrator_with_node_and_auth0_gets_to_an_answered_dm() {
    an_integrator_walks_the_guide(Vendor::Auth0, "server.mjs", "node").await;
}

#[tokio::test]
async fn an_integrator_with_python_and_cognito_gets_to_an_answered_dm() {
    an_integrator_walks_the_guide(Vendor::Cognito, "server.py", "python3").await;
}

#[tokio::test]
async fn an_integrator_with_php_and_okta_gets_to_an_answered_dm() {
    an_integrator_walks_the_guide(Vendor::Okta, "server.php", "php").await;
}
