//! Calls of endpoints over real sockets: names that lie, redirects, answers that are nonsense.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use delivery::{Address, Names, Poster, Reach, Trial, new_secret};
use domain::endpoint::{Try, TryError};
use edge::{Clock, Environment};
use reqwest::dns::Resolve as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server on loopback that says this to everybody, and how many have come.
struct Server {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl Server {
    async fn saying(answer: &'static [u8], after: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let _ = socket.read(&mut [0; 4096]).await;
                    let _ = socket.write_all(answer).await;
                    tokio::time::sleep(after).await;
                });
            }
        });
        Self { address, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

async fn post(poster: &Poster, address: &str, reach: &Reach) -> Try {
    let address = Address::parse(address, reach).expect("an address");
    poster.post(&Trial { address: &address, id: "evt_1", body: "{}", secrets: &[new_secret(&[7; 32])] }).await
}

/// What comes of a call to a server of our own, which is allowed by name.
async fn told(answer: &'static [u8], after: Duration) -> (Try, usize) {
    let server = Server::saying(answer, after).await;
    let reach = Reach::default().allowing(&["127.0.0.1"]);
    let poster = Poster::new(&Names::new(&reach), &Clock::System).with_timeout(Duration::from_millis(500));
    (post(&poster, &format!("http://{}/", server.address), &reach).await, server.calls())
}

/// Names that lead here, one answer after the other and then always the last.
fn lying(reach: &Reach, answers: Vec<Vec<IpAddr>>) -> (Names, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let names = Names::asking(reach, move |name| {
        assert!(name.ends_with('.'), "{name}: a search list would be tried");
        let turn = count.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        let answer = answers[turn].clone();
        Box::pin(async move { Ok(answer) })
    });
    (names, asked)
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An address of a name at this server's port, and what allows that port and nothing else.
fn named(server: &Server) -> (String, Reach) {
    let port = server.address.port();
    let variables = BTreeMap::from([("WEBHOOK_PORTS".to_owned(), port.to_string())]);
    (format!("https://hooks.example.com:{port}/"), Reach::new(&Environment::from_map(variables)).expect("a port"))
}

async fn resolved(names: &Names) -> Result<Vec<IpAddr>, String> {
    let name = "hooks.example.com".parse().expect("a name");
    let found = names.resolve(name).await.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_is_not_called() {
    let server = Server::saying(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let (url, reach) = named(&server);
    let lies =
        ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "64:ff9b::7f00:1", "fd00:ec2::254"];
    for lie in lies {
        let (names, _) = lying(&reach, vec![vec![lie.parse().expect("an address"), LOOPBACK]]);
        let tried = post(&Poster::new(&names, &Clock::System), &url, &reach).await;
        assert_eq!((tried.status, tried.error), (None, Some(TryError::Address)), "{lie}");
    }
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_is_looked_at_again() {
    let server = Server::saying(b"", Duration::ZERO).await;
    let (url, reach) = named(&server);
    let public: IpAddr = "9.9.9.9".parse().expect("an address");
    let (names, asked) = lying(&reach, vec![vec![public], vec![LOOPBACK]]);
    assert_eq!(resolved(&names).await, Ok(vec![public]));
    let poster = Poster::new(&names, &Clock::System);
    for _ in 0..2 {
        assert_eq!(post(&poster, &url, &reach).await.error, Some(TryError::Address));
    }
    assert_eq!((server.calls(), asked.load(Ordering::Relaxed)), (0, 3), "no answer is remembered");
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_used() {
    let public: IpAddr = "9.9.9.9".parse().expect("an address");
    let (names, _) = lying(&Reach::default(), vec![vec![LOOPBACK, public, "::1".parse().expect("an address")]]);
    assert_eq!(resolved(&names).await, Ok(vec![public]));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_from_one_that_is_not_public() {
    let reach = Reach::default();
    let (names, _) = lying(&reach, vec![vec![]]);
    let tried = post(&Poster::new(&names, &Clock::System), "https://hooks.example.com/", &reach).await;
    assert_eq!(tried.error, Some(TryError::Name));
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let elsewhere = Server::saying(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO).await;
    let location = format!("HTTP/1.1 307 Go\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", elsewhere.address);
    let (tried, calls) = told(location.leak().as_bytes(), Duration::ZERO).await;
    assert_eq!((tried.status, tried.error, calls), (Some(307), Some(TryError::Status), 1));
    assert_eq!(elsewhere.calls(), 0);
}

/// What the server says, how long it then stays, and what is made of that.
type Case = (&'static [u8], Duration, Option<u16>, Option<TryError>);

#[tokio::test]
async fn an_answer_counts_by_its_status_alone() {
    let none = Duration::ZERO;
    let hang = Duration::from_mins(1);
    let cases: [Case; 8] = [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", none, Some(200), None),
        (b"HTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n", none, Some(299), None),
        (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", none, Some(500), Some(TryError::Status)),
        (b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", none, Some(410), Some(TryError::Status)),
        // Taken, whatever the body then does.
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", hang, Some(200), None),
        (b"SSH-2.0-OpenSSH_9.6\r\n", none, None, Some(TryError::Answer)),
        (b"", none, None, Some(TryError::Answer)),
        (b"", hang, None, Some(TryError::Timeout)),
    ];
    for (answer, after, status, error) in cases {
        let (tried, _) = told(answer, after).await;
        assert_eq!((tried.status, tried.error), (status, error), "{}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let reach = Reach::default().allowing(&["127.0.0.1"]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let poster = Poster::new(&Names::new(&reach), &Clock::System);
    let tried = post(&poster, &format!("http://{address}/"), &reach).await;
    assert_eq!(tried.error, Some(TryError::Connection));
}
