//! One chromedriver for all stories that run at the moment.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

/// What Chromium is called, by distribution.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The one that runs, while a story holds it. A static would outlive the stories, and so would its process.
static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// A chromedriver process with its Chromiums; all end with it.
pub(super) struct Driver {
    process: Child,
    port: u16,
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
        let mut process =
            Command::new(program).arg("--port=0").stdout(Stdio::piped()).spawn().expect("chromedriver starts");
        let output = process.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok());
        Self { process, port: port.expect("chromedriver names its port") }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
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
fn installed(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|file| file.is_file())
}

/// Says so once, past the test harness, which would swallow it.
fn skip() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let line =
            "\nSkipped: the stories in the browser, as there is no `chromium` with `chromedriver` on the path.\n";
        std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
    });
}
