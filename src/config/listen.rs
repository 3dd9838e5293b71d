//! Addresses: where the daemon listens, whose word about the sender counts, how senders know it.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::secret::Kind;
use super::{CONSOLE, Console, Parser, Strictness, TOKEN, words};
use crate::trigger::Range;
use crate::yaml::Node;

impl Parser<'_> {
    /// An address to listen on.
    pub(super) fn address(
        &mut self,
        node: Option<&Node>,
        what: &str,
        default: SocketAddr,
    ) -> SocketAddr {
        let Some(node) = node else {
            return default;
        };
        let Some(text) = self.value(node, what, Kind::Plain) else {
            return default;
        };
        let named = text
            .strip_prefix("localhost:")
            .map(|port| format!("127.0.0.1:{port}"));
        let only_port = text.strip_prefix(':').unwrap_or(&text);
        if let Ok(address) = named.unwrap_or_else(|| text.clone()).parse() {
            return address;
        }
        let help = if only_port.parse::<u16>().is_ok() {
            format!("write `127.0.0.1:{only_port}` for this machine, `0.0.0.0:{only_port}` for all")
        } else {
            "write an IP address and a port, such as `0.0.0.0:8080`".to_owned()
        };
        let message = format!("{what} is an address with a port, not `{text}`");
        self.reader.error_help("K0701", node.span, message, help);
        default
    }

    /// `console`, and its token from the environment.
    pub(super) fn console(&mut self, root: &Node) -> Console {
        let node = root.get("console");
        if let Some(node) = node {
            self.reader.map(node, &words::CONSOLE);
        }
        let token = self.env.get(TOKEN);
        if token.is_none() && self.strictness != Strictness::Check {
            let start = root.as_map().and_then(|entries| entries.first());
            let span = root
                .entry("console")
                .or(start)
                .map_or(root.span, |entry| entry.key_span);
            let message = format!("{TOKEN} is not set, so no command can reach the daemon");
            let help = format!("add a line `{TOKEN}=…` with a long random text to .env");
            self.reader.warn_help("K0711", span, message, help);
        }
        Console {
            listen: self.address(
                node.and_then(|node| node.get("listen")),
                "`console.listen`",
                CONSOLE,
            ),
            token: token.map(SecretString::from),
        }
    }

    /// `trusted_proxies`.
    pub(super) fn proxies(&mut self, root: &Node) -> Vec<Range> {
        let mut proxies = Vec::new();
        let Some(node) = root.get("trusted_proxies") else {
            return proxies;
        };
        for member in self.reader.list_or_one(node) {
            let Some(text) = self.reader.text(member, "a trusted proxy") else {
                continue;
            };
            match Range::parse(text) {
                Some(proxy) => proxies.push(proxy),
                None => {
                    let message = format!("`{text}` is no IP address");
                    let help =
                        "write an address or a range, such as `127.0.0.1` or `172.16.0.0/12`";
                    self.reader.error_help("K0701", member.span, message, help);
                }
            }
        }
        proxies
    }

    /// `public_url`.
    pub(super) fn public_url(&mut self, root: &Node) -> Option<String> {
        let node = root.get("public_url")?;
        let text = self.value(node, "`public_url`", Kind::Plain)?;
        self.web_address(node, &text)
    }

    /// A web address without its last slash.
    pub(super) fn web_address(&mut self, node: &Node, text: &str) -> Option<String> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let fits = rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' ', '@'])
        });
        if !fits {
            let help = "write it like `https://hooks.example.com`";
            self.reader
                .error_help("K0701", node.span, "this is no web address", help);
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }
}
