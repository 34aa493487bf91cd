//! One chromedriver for all stories that run at the moment.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use fantoccini::error::NewSessionError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

/// What Chromium is called, by distribution.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long a script or a page may take on a busy machine, in milliseconds.
const PATIENCE_MS: u64 = 120_000;

/// Leads names of other sites than the API's to this machine.
const OTHER_SITES: &str = "--host-resolver-rules=MAP *.test 127.0.0.1";

/// How often a Chromium may fail to come up, as it does now and then on a busy machine. Nothing of a story has happened by
/// then, so another try hides nothing.
const FALSE_STARTS: usize = 2;

/// The one that runs, while a story holds it. A static would outlive the stories, and so would its process.
static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// A chromedriver process with its Chromiums; all end with it.
pub(super) struct Driver {
    process: Child,
    port: u16,
    /// Where its Chromiums put their profiles, of which they leave behind a part.
    _profiles: TempDir,
}

impl Driver {
    /// The driver that runs already, else a new one; `None` where there is no Chromium or no driver.
    pub(super) fn running() -> Option<Arc<Self>> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = running.upgrade() {
            return Some(driver);
        }
        let (Some(program), Some(_)) = (installed(&["chromedriver"]), installed(&CHROMIUMS)) else {
            skip();
            return None;
        };
        let driver = Arc::new(Self::start(&program));
        *running = Arc::downgrade(&driver);
        Some(driver)
    }

    fn start(program: &PathBuf) -> Self {
        let profiles = TempDir::new().expect("a folder for profiles");
        let mut command = Command::new(program);
        command.arg("--port=0").env("TMPDIR", profiles.path()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("chromedriver starts");
        let output = process.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok());
        Self { process, port: port.expect("chromedriver names its port"), _profiles: profiles }
    }

    /// A Chromium with a profile of its own.
    pub(super) async fn chromium(&self) -> Client {
        for _ in 0..FALSE_STARTS {
            if let Ok(client) = self.start_chromium().await {
                return client;
            }
        }
        self.start_chromium().await.expect("a Chromium starts")
    }

    async fn start_chromium(&self) -> Result<Client, NewSessionError> {
        let arguments = [
            "--headless=new",
            "--no-sandbox", // containers run as root, where Chromium's own sandbox does not start
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1280,800",
            "--lang=es",
            OTHER_SITES,
        ];
        // No cookies for other sites than the page's: so are other browsers, and private windows.
        let preferences = json!({"profile.cookie_controls_mode": 1, "profile.block_third_party_cookies": true});
        let capabilities = json!({
            "goog:chromeOptions": {"args": arguments, "prefs": preferences},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": PATIENCE_MS, "pageLoad": PATIENCE_MS},
        });
        let capabilities = capabilities.as_object().expect("capabilities are an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{}", self.port)).await
    }

    /// Asks it to close its Chromiums and to end. Killed, it would leave them behind.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.shut_down().is_err() {
            // Nobody is left to tell; the process may have ended by itself.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The first of these programs that is on the path.
pub(super) fn installed(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|file| file.is_file())
}

/// Says so once.
fn skip() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tell("Skipped: the stories in the browser, as there is no `chromium` with `chromedriver` on the path.");
    });
}

/// Says a line past the test harness, which would swallow it.
pub(super) fn tell(line: &str) {
    std::io::stderr().write_all(format!("\n{line}\n").as_bytes()).expect("standard error takes a line");
}
