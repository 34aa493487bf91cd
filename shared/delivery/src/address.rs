//! The text of an address.

use std::fmt;

use url::{Host, Url};

use crate::public::is_public;
use crate::reach::Reach;

/// Longest address.
const MAX_BYTES: usize = 2048;

/// Names that lead nowhere on the Internet, whatever a resolver says.
///
/// Source: <https://www.iana.org/assignments/special-use-domain-names>
const SPECIAL_NAMES: [&str; 8] = ["localhost", "local", "internal", "invalid", "test", "onion", "alt", "home.arpa"];

/// An address that may be called, as far as its text tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why an address may not be called. Says the rule and never the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none, or longer than 2048 bytes.
    #[error("this is no address")]
    Malformed,
    /// It is not `https`.
    #[error("the address has to begin with https://")]
    Scheme,
    /// A name or a password stands before the host.
    #[error("the address must not carry a name or a password")]
    UserInfo,
    /// What follows `#` is never sent.
    #[error("the address must not have a fragment")]
    Fragment,
    /// Not one of the ports that may be called.
    #[error("the address names a port that is not allowed")]
    Port,
    /// The host is not one that everybody on the Internet could call.
    #[error("the address has to be a public one")]
    Host,
}

impl Address {
    /// Reads an address as browsers do, so that no other way to write a number hides it.
    ///
    /// # Errors
    ///
    /// [`AddressError`].
    pub fn parse(text: &str, reach: &Reach) -> Result<Self, AddressError> {
        if text.len() > MAX_BYTES || text.contains(|character: char| character.is_control() || character == ' ') {
            return Err(AddressError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(AddressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(AddressError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(AddressError::Fragment);
        }
        if url.host_str().is_some_and(|host| reach.allowed.contains(host)) {
            return Ok(Self(url));
        }
        if url.scheme() != "https" {
            return Err(AddressError::Scheme);
        }
        if !url.port_or_known_default().is_some_and(|port| reach.ports.contains(&port)) {
            return Err(AddressError::Port);
        }
        let is_for_everybody = match url.host().ok_or(AddressError::Malformed)? {
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
            Host::Domain(name) => is_name(name),
        };
        if is_for_everybody { Ok(Self(url)) } else { Err(AddressError::Host) }
    }

    /// As it is called.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Debug for Address {
    /// A path may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Address").field(&self.0.host_str().unwrap_or_default()).finish()
    }
}

/// What stands between the scheme and the path: an empty user name is none to the parser.
fn authority(text: &str) -> &str {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest).trim_start_matches(['/', '\\']);
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

/// Whether a name could be a host's on the Internet: two labels or more, none of the special names, and no dot at the end.
fn is_name(name: &str) -> bool {
    let special = |special: &str| name.strip_suffix(special).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !name.ends_with('.') && !SPECIAL_NAMES.iter().any(|name| special(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressError::{Fragment, Host, Malformed, Port, Scheme, UserInfo};

    fn parse(text: &str) -> Result<String, AddressError> {
        Address::parse(text, &Reach::default()).map(|address| address.as_str().to_owned())
    }

    /// Every way to write an address that is not called, and why it is not.
    const REFUSED: &[(&str, AddressError)] = &[
        // No address at all.
        ("", Malformed),
        ("https://", Malformed),
        ("https:///", Malformed),
        ("//example.com/", Malformed),
        ("example.com/hook", Malformed),
        ("https://exa mple.com/", Malformed),
        ("https://example.com/a b", Malformed),
        (" https://example.com/", Malformed),
        ("https://example.com/\n", Malformed),
        ("https://example.com/\r\nhost: x", Malformed),
        ("https://%00/", Malformed),
        ("https://exa%2fmple.com/", Malformed),
        // Other schemes.
        ("http://example.com/", Scheme),
        ("ftp://example.com/", Scheme),
        ("file:///etc/passwd", Scheme),
        ("gopher://example.com/", Scheme),
        ("data:text/plain,a", Scheme),
        ("javascript:alert(1)", Scheme),
        ("wss://example.com/", Scheme),
        // Names and passwords.
        ("https://ana@example.com/", UserInfo),
        ("https://ana:secret@example.com/", UserInfo),
        ("https://:secret@example.com/", UserInfo),
        ("https://@example.com/", UserInfo),
        ("https://example.com@127.0.0.1/", UserInfo),
        ("https://example.com%40127.0.0.1/", Malformed),
        ("https://example.com/#part", Fragment),
        // Ports.
        ("https://example.com:80/", Port),
        ("https://example.com:8443/", Port),
        ("https://example.com:22/", Port),
        ("https://example.com:0/", Port),
        ("https://127.0.0.1:9001/", Port),
        ("https://example.com:65536/", Malformed),
        ("https://example.com:-1/", Malformed),
        ("https://example.com:4 43/", Malformed),
        // Loopback and link-local, in every spelling.
        ("https://127.0.0.1/", Host),
        ("https://127.0.0.1./", Host),
        ("https://127.1/", Host),
        ("https://127.0.1/", Host),
        ("https://2130706433/", Host),
        ("https://017700000001/", Host),
        ("https://0x7f000001/", Host),
        ("https://0x7f.1/", Host),
        ("https://0177.0.0.1/", Host),
        ("https://0x7f.0x0.0x0.0x1/", Host),
        ("https://127.0.0.0x1/", Host),
        ("https://127.255.255.254/", Host),
        ("https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", Host),
        ("https://127\u{3002}0\u{3002}0\u{3002}1/", Host),
        ("https://\u{2460}27.0.0.1/", Host),
        ("https://%31%32%37.0.0.1/", Host),
        ("https:\\\\127.0.0.1\\", Host),
        ("https:127.0.0.1", Host),
        ("https://0/", Host),
        ("https://0.0.0.0/", Host),
        ("https://169.254.169.254/latest/meta-data/", Host),
        ("https://2852039166/", Host),
        ("https://0xa9fea9fe/", Host),
        ("https://0251.0376.0251.0376/", Host),
        ("https://[::1]/", Host),
        ("https://[0:0:0:0:0:0:0:1]/", Host),
        ("https://[::]/", Host),
        ("https://[::ffff:127.0.0.1]/", Host),
        ("https://[::ffff:7f00:1]/", Host),
        ("https://[::ffff:8.8.8.8]/", Host),
        ("https://[::127.0.0.1]/", Host),
        ("https://[fe80::1]/", Host),
        ("https://[fe80::1%25eth0]/", Malformed),
        ("https://[fe80::1%eth0]/", Malformed),
        ("https://[::1", Malformed),
        // Other networks that are not everybody's.
        ("https://10.0.0.1/", Host),
        ("https://100.64.0.1/", Host),
        ("https://172.16.0.1/", Host),
        ("https://192.168.1.1/", Host),
        ("https://192.0.2.1/", Host),
        ("https://198.18.0.1/", Host),
        ("https://198.51.100.1/", Host),
        ("https://203.0.113.1/", Host),
        ("https://224.0.0.1/", Host),
        ("https://255.255.255.255/", Host),
        ("https://256.256.256.256/", Malformed),
        ("https://1.2.3.4.5/", Malformed),
        ("https://4294967296/", Malformed),
        ("https://[64:ff9b::7f00:1]/", Host),
        ("https://[64:ff9b::8.8.8.8]/", Host),
        ("https://[2002:7f00:1::]/", Host),
        ("https://[2001:db8::1]/", Host),
        ("https://[2001::1]/", Host),
        ("https://[fd00:ec2::254]/", Host),
        ("https://[fc00::1]/", Host),
        ("https://[ff02::1]/", Host),
        // Names that are not the Internet's.
        ("https://localhost/", Host),
        ("https://LOCALHOST/", Host),
        ("https://localhost./", Host),
        ("https://api.localhost/", Host),
        ("https://printer.local/", Host),
        ("https://instance-data.ec2.internal/", Host),
        ("https://metadata.google.internal/", Host),
        ("https://router.home.arpa/", Host),
        ("https://intranet/", Host),
        ("https://example.com./", Host),
        ("https://example.test/", Host),
    ];

    #[test]
    fn only_public_https_addresses_pass() {
        for (text, error) in REFUSED {
            assert_eq!(parse(text), Err(*error), "{text:?}");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_BYTES));
        assert_eq!(parse(&long), Err(Malformed));
    }

    #[test]
    fn a_public_address_is_called_as_a_browser_reads_it() {
        let passed = [
            ("https://example.com", "https://example.com/"),
            ("https://example.com:443/hook", "https://example.com/hook"),
            ("HTTPS://Example.COM/Hook?a=1", "https://example.com/Hook?a=1"),
            ("https://hooks.example.co.uk/a/b?token=c", "https://hooks.example.co.uk/a/b?token=c"),
            ("https://b\u{fc}cher.example/", "https://xn--bcher-kva.example/"),
            ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
            ("https://8.8.8.8/", "https://8.8.8.8/"),
            ("https://134744072/", "https://8.8.8.8/"),
            ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
            ("https://localhost.example.com/", "https://localhost.example.com/"),
            ("https://mylocalhost.com/@ana", "https://mylocalhost.com/@ana"),
        ];
        for (text, read) in passed {
            assert_eq!(parse(text).as_deref(), Ok(read), "{text:?}");
        }
    }

    #[test]
    fn further_ports_and_hosts_are_those_that_were_named() {
        let reach = Reach { ports: [443, 8443].into(), ..Reach::default() }.allowing(&["127.0.0.1"]);
        let parse = |text| Address::parse(text, &reach).is_ok();
        assert!(parse("https://example.com:8443/") && !parse("https://example.com:9443/"));
        assert!(parse("http://127.0.0.1:3000/hook") && parse("http://127.1:3000/"));
        assert!(!parse("http://127.0.0.2:3000/") && !parse("http://localhost:3000/") && !parse("http://example.com/"));
        assert!(!parse("http://ana@127.0.0.1/"));
    }

    #[test]
    fn an_address_does_not_print_its_path() {
        let address = Address::parse("https://example.com/secret", &Reach::default()).expect("an address");
        assert!(!format!("{address:?}").contains("secret"));
    }
}
