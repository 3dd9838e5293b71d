//! Which of a tenant's connections is meant by one that has no id: looked for by name, for nothing is made by looking.
//!
//! Membrane's own way, `ensure`, makes a connection where there is none, in whatever tenant the token speaks for.

use super::connect::Connection;

/// Why there is none that can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfound {
    /// How many may be meant: none, or several.
    pub candidates: usize,
    /// What is the case.
    pub what: String,
    /// What that may mean.
    pub means: String,
    /// What to do instead.
    pub to_do: String,
}

impl Unfound {
    /// All of it in one line.
    pub(super) fn in_one_line(&self) -> String {
        format!("{}. {} {}", self.what, self.means, self.to_do)
    }
}

/// The only one of a tenant's connections that is called as the application or as the local name.
///
/// # Errors
/// There is none, or several.
pub fn find<'a>(
    all: &'a [Connection],
    name: &str,
    app: Option<&str>,
) -> Result<&'a Connection, Unfound> {
    let is_meant =
        |one: &&Connection| one.name() == name || app.is_some_and(|app| is_called(one.name(), app));
    let found: Vec<_> = all.iter().filter(is_meant).collect();
    let candidates = found.len();
    let connect = format!("`kartwheel connect --connection {name}`");
    match found[..] {
        [one] => Ok(one),
        [] => Err(Unfound {
            candidates,
            what: format!("connection {name} is not made yet"),
            means: match all.len() {
                0 => "The tenant that our token speaks for has no connection at all. A mistyped tenant key looks just so.".to_owned(),
                _ => format!(
                    "kartwheel.yaml has no id for it, and the tenant that our token speaks for has no connection that is called as its app ({}).",
                    app.unwrap_or("none is named")
                ),
            },
            to_do: format!(
                "{connect} finds or makes it, `kartwheel doctor` shows whom the token speaks for."
            ),
        }),
        _ => Err(Unfound {
            candidates,
            what: format!("it is not known which connection {name} is"),
            means: format!(
                "kartwheel.yaml has no id for it, and the tenant has {candidates} that may be meant."
            ),
            to_do: format!("{connect} writes an id down, `kartwheel connection list` shows them all."),
        }),
    }
}

/// The host of an app's address, whose scheme may be left out.
#[must_use]
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether a connection's name at Membrane says that it leads to the app with this address: Membrane shows no address of it.
fn is_called(called: &str, app: &str) -> bool {
    let called = called.to_lowercase();
    let host = host(app).to_lowercase();
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let mut labels = host.rsplit('.').skip(1);
    let app = labels.next().unwrap_or(host);
    called == host
        || called
            .split(|char: char| !char.is_alphanumeric())
            .any(|word| word == app)
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_connection_is_known_by_the_name_of_its_app() {
        for (called, app) in [
            ("Kartra", "kartra.com"),
            ("kartra.com", "https://app.kartra.com/"),
            ("Kartra (shop)", "HTTPS://www.Kartra.com:443/x"),
        ] {
            assert!(is_called(called, app), "{called} {app}");
        }
        for (called, app) in [("HubSpot", "kartra.com"), ("Kartrastic", "kartra.com")] {
            assert!(!is_called(called, app), "{called} {app}");
        }
    }
}
