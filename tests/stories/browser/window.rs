//! A browser window, used as a person does: by what is written on things.

use std::cell::Cell;
use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::Client;
use fantoccini::elements::{Element, ElementRef};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use stories::World;
use tokio::time::{Instant, sleep};

use super::audit;
use super::driver::Driver;

const TOOLBOX: &str = include_str!("toolbox.js");

/// How the protocol writes an element (<https://www.w3.org/TR/webdriver2/#elements>).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a person waits for something to appear. Far more than it takes; nothing is asserted about it.
const AT_MOST: Duration = Duration::from_mins(3);

/// An index is behind for less than that.
const BEHIND_AT_MOST: Duration = Duration::from_secs(1);

/// The sizes that pictures are taken in, in CSS pixels.
const SIZES: [(u32, u32); 2] = [(375, 812), (1280, 800)];

/// The narrowest screen on which nothing may stick out.
const NARROWEST: u32 = 320;

/// A window of its own profile.
pub(super) struct Window<'w> {
    client: Client,
    world: &'w World,
    clicks: Cell<usize>,
    /// The script that holds calls back on the pages to come.
    pub(super) gate: Cell<Option<String>>,
}

/// A command that is chromedriver's own.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl<'w> Window<'w> {
    pub(super) async fn open(driver: &Driver, world: &'w World) -> Self {
        let client = driver.chromium().await;
        let window = Self { client, world, clicks: Cell::default(), gate: Cell::default() };
        window.look(1280, 800, "light").await;
        window
    }

    /// Goes to a path of the product, or to an address.
    pub(super) async fn visit(&self, place: &str) {
        let address =
            if place.starts_with("http") { place.to_owned() } else { format!("{}{place}", self.world.stack.api_url()) };
        self.client.goto(&address).await.expect("the page loads");
    }

    /// Runs a script with the toolbox.
    pub(super) async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.try_run(script, arguments).await.expect("the script runs")
    }

    async fn try_run(&self, script: &str, arguments: &[Value]) -> Result<Value, fantoccini::error::CmdError> {
        self.client.execute(&format!("{TOOLBOX}\n{script}"), arguments.to_vec()).await
    }

    /// Everything that is written on the page.
    pub(super) async fn words(&self) -> String {
        self.try_run("return words();", &[])
            .await
            .ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Waits until the page has this path.
    pub(super) async fn arrives(&self, path: &str) {
        self.until(&format!("to arrive at {path}"), async || {
            let url = self.client.current_url().await.ok()?;
            (url.path() == path && url.as_str().starts_with(self.world.stack.api_url())).then_some(())
        })
        .await;
    }

    /// Waits until this text can be read.
    pub(super) async fn reads(&self, text: &str) {
        self.until(&format!("to read `{text}`"), async || self.words().await.contains(text).then_some(())).await;
    }

    /// Waits until this text can no longer be read.
    pub(super) async fn reads_no_more(&self, text: &str) {
        self.until(&format!("to read `{text}` no more"), async || (!self.words().await.contains(text)).then_some(()))
            .await;
    }

    /// Waits until a script answers `true`.
    pub(super) async fn comes_true(&self, script: &str) {
        self.until(script, async || {
            self.try_run(&format!("return {script};"), &[]).await.ok()?.as_bool()?.then_some(())
        })
        .await;
    }

    /// Whether something with this name can be pressed now.
    pub(super) async fn can_press(&self, name: &str) -> bool {
        self.run("const it = find(arguments[0]); return Boolean(it && !it.disabled);", &[json!(name)]).await
            == json!(true)
    }

    /// Presses what has this name: a button, a link, a choice.
    pub(super) async fn click(&self, name: &str) {
        self.until(&format!("to press `{name}`"), async || {
            let element = self.find("find", name).await?;
            element.click().await.ok()
        })
        .await;
        self.clicks.set(self.clicks.get() + 1);
    }

    /// How often something was pressed in this window.
    pub(super) fn clicks(&self) -> usize {
        self.clicks.get()
    }

    /// Types into the field with this name, as by keyboard.
    pub(super) async fn write(&self, name: &str, text: &str) {
        self.until(&format!("to write into `{name}`"), async || {
            let field = self.find("field", name).await?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// What a function of the toolbox finds, if it can be used now.
    async fn find(&self, by: &str, name: &str) -> Option<Element> {
        let script = format!("const it = {by}(arguments[0]); return it && !it.disabled ? it : null;");
        let found = self.try_run(&script, &[json!(name)]).await.ok()?;
        let id = found.get(ELEMENT)?.as_str()?.to_owned();
        Some(Element::from_element_id(self.client.clone(), ElementRef::from(id)))
    }

    async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, mut attempt: impl FnMut() -> F) -> T {
        let begun = Instant::now();
        loop {
            if let Some(done) = attempt().await {
                return done;
            }
            if begun.elapsed() > BEHIND_AT_MOST {
                self.world.stack.aws().catch_up();
            }
            if begun.elapsed() > AT_MOST {
                let address = self.client.current_url().await.map(String::from).unwrap_or_default();
                panic!("waited in vain {what}\non {address}\nwhich says: {}", self.words().await);
            }
            sleep(Duration::from_millis(40)).await;
        }
    }

    /// Goes on in the window that the page has opened.
    pub(super) async fn turn_to_popup(&self) {
        self.until("for another window", async || {
            let current = self.client.window().await.ok()?;
            let other = self.client.windows().await.ok()?.into_iter().find(|window| *window != current)?;
            self.client.switch_to_window(other).await.ok()
        })
        .await;
    }

    /// Closes the window that the page has opened, and goes on in the first.
    pub(super) async fn close_popup(&self) {
        self.client.close_window().await.expect("the window closes");
        self.turn_back().await;
    }

    /// Goes on in the first window, once the other has closed itself.
    pub(super) async fn turn_back(&self) {
        self.until("for the other window to close", async || {
            let [only] = <[_; 1]>::try_from(self.client.windows().await.ok()?).ok()?;
            self.client.switch_to_window(only).await.ok()
        })
        .await;
    }

    /// A command of Chromium's `DevTools` protocol.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Vendor { path: "goog/cdp/execute", body }).await.expect("Chromium takes the command")
    }

    /// What the person has chosen in their system: `light` or `dark`, and `reduce` or `no-preference` for motion.
    pub(super) async fn prefers(&self, scheme: &str, motion: &str) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    async fn look(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        self.prefers(scheme, "reduce").await;
        let painted =
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(null)));";
        self.client.execute_async(painted, vec![]).await.expect("the page is painted");
    }

    /// Takes pictures of a state, narrow and wide, light and dark, and holds it to the rules of accessibility.
    pub(super) async fn picture(&self, state: &str) {
        for (width, height) in SIZES {
            for scheme in ["light", "dark"] {
                self.look(width, height, scheme).await;
                self.shoot(state, width, scheme).await;
                audit::check(self, &format!("{state}, {width} wide, {scheme}")).await;
            }
        }
        self.look(NARROWEST, 640, "light").await;
        self.shoot(state, NARROWEST, "light").await;
        assert_eq!(self.run("return outside();", &[]).await, json!([]), "{state}: out of reach at {NARROWEST}");
        let too_wide = self.run("return document.documentElement.scrollWidth > innerWidth;", &[]).await;
        assert_eq!(too_wide, json!(false), "{state}: wider than a screen of {NARROWEST}");
        self.look(1280, 800, "light").await;
    }

    async fn shoot(&self, state: &str, width: u32, scheme: &str) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let picture = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{state}-{width}-{scheme}.png")), picture).expect("a file");
    }

    /// Runs a script that calls its last argument with the answer.
    pub(super) async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.expect("the script answers")
    }

    /// What the console says since it was asked last: lines of warnings and errors.
    pub(super) async fn console(&self) -> Vec<String> {
        let asked = Vendor { path: "se/log", body: json!({"type": "browser"}) };
        let log = self.client.issue_cmd(asked).await.expect("the console");
        let lines = log.as_array().cloned().unwrap_or_default();
        let lines = lines.iter().filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING");
        lines.filter_map(|line| line["message"].as_str().map(str::to_owned)).collect()
    }

    /// Closes the window. The console is to be empty, apart from lines with one of these texts: calls whose refusal the story
    /// is about.
    pub(super) async fn close(self, expected: &[&str]) {
        let is_expected = |line: &String| expected.iter().any(|text| line.contains(text));
        let unexpected: Vec<String> = self.console().await.into_iter().filter(|line| !is_expected(line)).collect();
        assert!(unexpected.is_empty(), "in the console: {unexpected:#?}");
        self.client.close().await.expect("the window closes");
    }
}
