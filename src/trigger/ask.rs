//! Ask: a delivery whose proof lies with somebody outside. What is to be asked of whom, and whom to believe about the answer.
//!
//! Nothing is asked here: [`Source::receive`](super::Source::receive) gives a [`Question`], whoever does I/O gets the answer, and
//! [`Source::answered`](super::Source::answered) goes on with it.

use std::net::Ipv4Addr;

use super::certificate::Roots;

/// Longest address that is asked.
const URL_BYTES_MAX: usize = 1_000;

/// What is to be asked before it is known whether a delivery is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What to ask.
    pub ask: Ask,
    /// What was looked at already, in a phrase for the operator.
    pub checked: String,
}

/// What to ask of the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Whether the sender knows of it: a POST of this form.
    Confirm {
        /// Where to.
        url: String,
        /// The form, to the byte.
        form: Vec<u8>,
    },
    /// The certificate that lies there: a GET.
    Certificate {
        /// Where.
        url: String,
    },
}

impl Ask {
    /// The address that is asked.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Confirm { url, .. } | Self::Certificate { url } => url,
        }
    }

    /// The request, in two words for a person.
    #[must_use]
    pub fn request(&self) -> String {
        match self {
            Self::Confirm { url, .. } => format!("POST {url}"),
            Self::Certificate { url } => format!("GET {url}"),
        }
    }

    /// Whether one answer does for every delivery with the same question.
    #[must_use]
    pub fn is_same_for_all(&self) -> bool {
        matches!(self, Self::Certificate { .. })
    }
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// What was answered, with a 200.
    pub bytes: &'t [u8],
    /// Who can vouch for a certificate in it.
    pub roots: &'t Roots,
}

/// The parts of an address in its plainest form.
pub(super) struct Plain<'u> {
    /// `https`, `http`.
    scheme: &'u str,
    /// The host, as written.
    pub(super) host: &'u str,
    port: Option<&'u str>,
}

impl<'u> Plain<'u> {
    /// Of an address with a path and nothing that one reader may take for a host and another not. `None` for any other.
    pub(super) fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (host, _) = rest.split_once('/')?;
        let (host, port) = match host.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host, None),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let is_number = |port: &str| port.parse::<u16>().is_ok();
        let fits = !host.is_empty()
            && host.bytes().all(is_plain)
            && port.is_none_or(is_number)
            && url.bytes().all(|byte| byte.is_ascii_graphic())
            && url.len() <= URL_BYTES_MAX;
        fits.then_some(Self { scheme, host, port })
    }

    /// Whether what is asked there cannot be heard or changed on the way.
    pub(super) fn is_safe(&self) -> bool {
        self.scheme == "https" || self.scheme == "http" && self.is_own()
    }

    /// Whether it is on this machine.
    pub(super) fn is_own(&self) -> bool {
        let address = self.host.parse::<Ipv4Addr>();
        self.host == "localhost" || address.is_ok_and(|host| host.is_loopback())
    }

    /// Whether it is https, on the port that everybody uses for it.
    pub(super) fn is_https_on_usual_port(&self) -> bool {
        self.scheme == "https" && self.port.is_none()
    }

    /// Whether the host is this domain or lies below it.
    pub(super) fn is_of(&self, domain: &str) -> bool {
        is_of(self.host, domain)
    }
}

/// Whether a host is this domain or lies below it.
pub(super) fn is_of(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let below = host.strip_suffix(domain);
    below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// Whether this address may be asked: https, or a server on this machine.
#[must_use]
pub fn may_be_asked(url: &str) -> bool {
    Plain::of(url).is_some_and(|plain| plain.is_safe())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_and_plain_addresses_are_asked() {
        for url in [
            "https://ipnpb.paypal.com/cgi-bin/webscr",
            "https://ipn.example.com:8443/",
            "http://127.0.0.1:8080/cgi-bin/webscr",
            "http://localhost/",
        ] {
            assert!(may_be_asked(url), "{url}");
        }
        for url in [
            "http://ipnpb.paypal.com/cgi-bin/webscr",
            "http://127.0.0.1.example.com/",
            "http://localhost@example.com/",
            "http://localhost:80@example.com/",
            "https://example.com:x/",
            "https://example.com:99999/",
            "https://exa mple.com/",
            "https://example.com/\u{e9}",
            "https:///x",
            "https://example.com",
            "ftp://127.0.0.1/",
            "127.0.0.1/",
            "",
        ] {
            assert!(!may_be_asked(url), "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
        assert!(!may_be_asked(&long));
    }
}
