//! The address of an app as Membrane takes it, checked before it is sent.

use std::net::Ipv4Addr;

use crate::cli::Failure;
use crate::membrane::host;

/// The longest address; Membrane's own limit.
const ADDRESS_CHARS_MAX: usize = 2_000;

/// The address without white space around it.
///
/// # Errors
/// Membrane would refuse it; the error says why.
pub(super) fn check(text: &str) -> Result<String, Failure> {
    let text = with_small_scheme(text.trim());
    match fault(&text) {
        None => Ok(text),
        Some(why) => Err(
            Failure::new(format!("`{}` is no address of an app", shown(&text)))
                .means(why)
                .remedy("Kartra's is https://kartra.com/"),
        ),
    }
}

/// Whether this is one of Kartra's own hosts.
pub(super) fn is_kartra(text: &str) -> bool {
    let host = host(text).to_lowercase();
    let host = host.trim_end_matches('.');
    host == "kartra.com" || host.ends_with(".kartra.com")
}

/// `HTTPS://` is the same, and Membrane may not know.
fn with_small_scheme(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_lowercase()),
        None => text.to_owned(),
    }
}

/// The address without name and password in it.
fn shown(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    let scheme = before.find("://").map_or("", |at| &before[..at + 3]);
    format!("{scheme}…@{after}")
}

fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("It is empty.");
    }
    if text.chars().count() > ADDRESS_CHARS_MAX {
        return Some("It is longer than the 2000 characters that Membrane takes.");
    }
    if text.contains("://") && !text.starts_with("https://") && !text.starts_with("http://") {
        return Some("It must begin with https://, or have no scheme at all.");
    }
    let host = host(text);
    if host.contains('@') {
        return Some(
            "It holds a name or a password; Membrane needs none, it asks for the login itself.",
        );
    }
    let bare = host.strip_prefix("www.").unwrap_or(host);
    if host.starts_with('[') || bare.parse::<Ipv4Addr>().is_ok() {
        return Some("An IP address says nothing about which app it is; Membrane goes by names.");
    }
    if !host.trim_end_matches('.').contains('.') {
        return Some("Its host has no dot, so it is no public name; Membrane goes by those.");
    }
    let fits = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_');
    if !host.chars().all(fits) || host.starts_with('.') || host.contains("..") {
        return Some("Its host is no name.");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_repeated_and_capitals_are_no_mistake() {
        let refused = check("https://ada:geheim@kartra.com").expect_err("it holds a password");
        let told = refused.to_string();
        assert!(
            !told.contains("geheim") && told.contains("…@kartra.com"),
            "{told}"
        );
        let taken = check(" HTTPS://Kartra.com/a ").expect("an address");
        assert_eq!(taken, "https://Kartra.com/a");
        assert!(is_kartra(&taken));
    }
}
