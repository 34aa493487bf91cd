//! What stands between a window and the server: nothing at all, no network, or calls that a story holds back.

use serde_json::{Value, json};

use super::window::Window;

/// Defines `gate`, once for each document.
const GATE: &str = include_str!("gate.js");

impl Window<'_> {
    /// Cuts the network, or joins it again.
    pub(super) async fn offline(&self, offline: bool) {
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Holds back every call whose path contains one of these texts, on this page and on those after it, until [`release`].
    ///
    /// [`release`]: Self::release
    pub(super) async fn hold(&self, texts: &[&str]) {
        self.guard(&format!("gate.holding = {};", json!(texts))).await;
    }

    /// Changes when the page does by itself what it has put off, on this page and on those after it: by a function of the milliseconds;
    /// `undefined` is never.
    pub(super) async fn puts_off(&self, comes: &str) {
        self.guard(&format!("gate.comes = {comes};")).await;
    }

    /// Puts the gate up, in this state.
    async fn guard(&self, state: &str) {
        self.release().await;
        let script = format!("{GATE}\n{state}");
        let made = self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
        self.gate.set(made["identifier"].as_str().map(str::to_owned));
        self.run(&script, &[]).await;
    }

    /// Waits until a call with this text in its path is held back.
    pub(super) async fn holds(&self, text: &str) {
        self.comes_true(&format!("window.gate?.holds({})", json!(text))).await;
    }

    /// Lets the one call through that waits with this text in its path.
    pub(super) async fn let_through(&self, text: &str) {
        self.holds(text).await;
        self.run("gate.letThrough(arguments[0]);", &[json!(text)]).await;
    }

    /// Lets everything through, from now on.
    pub(super) async fn release(&self) {
        if let Some(identifier) = self.gate.take() {
            let script = json!({"identifier": identifier});
            self.devtools("Page.removeScriptToEvaluateOnNewDocument", script).await;
        }
        self.run("window.gate?.open();", &[]).await;
    }

    /// What the page has called, by paths, and how long it had waited before what it has done by itself, in milliseconds.
    pub(super) async fn log(&self) -> Vec<Value> {
        let log = self.run("return gate.log;", &[]).await;
        log.as_array().cloned().unwrap_or_default()
    }

    /// How long the page has waited between things since this was last asked, in milliseconds.
    pub(super) async fn waits(&self) -> Vec<u64> {
        let waits = self.run("return gate.waits.splice(0);", &[]).await;
        waits.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }
}
