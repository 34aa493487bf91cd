//! Where the person goes after the login.

/// The address is not one of this web application's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("return_to is a path that begins with one '/'")]
pub struct ReturnToError;

const MAX_LENGTH: usize = 1024;

/// Lets a path of the web application pass: anything else would make the callback an open redirector.
///
/// A browser reads `//host` and `/\host` as another site (<https://url.spec.whatwg.org/#relative-slash-state>), and drops
/// tabs and line ends before it reads.
///
/// # Errors
///
/// [`ReturnToError`] for any other text.
pub fn check(path: String) -> Result<String, ReturnToError> {
    let own = path.starts_with('/') && !path.starts_with("//") && path.len() <= MAX_LENGTH;
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own && plain { Ok(path) } else { Err(ReturnToError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_web_application_passes() {
        for path in ["/", "/inbox", "/settings/integrations?tab=channels#instagram", "/caf%C3%A9"] {
            assert_eq!(check(path.to_owned()).as_deref(), Ok(path));
        }
    }

    #[test]
    fn whatever_a_browser_could_read_as_another_site_is_refused() {
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        for path in
            ["", "inbox", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil", "/a\r\nb", &long]
        {
            assert_eq!(check(path.to_owned()), Err(ReturnToError), "{path:?}");
        }
    }
}
