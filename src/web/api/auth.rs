//! Who may use the API: whoever knows the token, compared in constant time.

use std::net::SocketAddr;

use anyhow::bail;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Refusal;

/// The shortest token that is accepted where the API can be reached from other machines.
pub const TOKEN_BYTES_MIN: usize = 16;

/// Knows the token by its hash alone, so that neither a look at the memory of a clone nor the time of a comparison tells it.
#[derive(Clone)]
pub struct Guard {
    /// `None`: nobody has a token, so nobody is let in.
    digest: Option<[u8; 32]>,
}

impl Guard {
    /// A guard for this token. Without one the daemon does its work, but its API lets nobody in: it says so at the start, since
    /// the commands that change something go through it.
    ///
    /// # Errors
    /// The token can be guessed, and the API listens beyond this machine.
    pub fn new(token: Option<&str>, listen: SocketAddr) -> anyhow::Result<Self> {
        let token = token.map(str::trim).filter(|token| !token.is_empty());
        let short = token.is_some_and(|token| token.len() < TOKEN_BYTES_MIN);
        if short && !listen.ip().is_loopback() {
            bail!(
                "KARTWHEEL_TOKEN has fewer than {TOKEN_BYTES_MIN} characters, which can be guessed, and the API on {listen} can be reached from elsewhere\n\
                 Take a random one: openssl rand -hex 32"
            );
        }
        if token.is_none() {
            tracing::warn!(
                "KARTWHEEL_TOKEN is not set: the API lets nobody in, so pause, resume and what changes runs cannot reach this daemon. \
                 Put a random one into the project's .env: openssl rand -hex 32"
            );
        } else if short {
            tracing::warn!(
                "KARTWHEEL_TOKEN has fewer than {TOKEN_BYTES_MIN} characters, which can be guessed. Take a random one: openssl rand -hex 32"
            );
        } else if !listen.ip().is_loopback() {
            tracing::warn!(%listen, "the API listens beyond this machine and shows personal data: put TLS in front of it");
        }
        Ok(Self {
            digest: token.map(|token| Sha256::digest(token).into()),
        })
    }

    /// Whether this is the token.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        let offered: [u8; 32] = Sha256::digest(token).into();
        self.digest
            .is_some_and(|digest| offered.ct_eq(&digest).into())
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

/// Lets nobody pass without the token. All refusals look the same.
pub(super) async fn require(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let admitted = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && guard.admits(token.trim())
        });
    if admitted {
        return next.run(request).await;
    }
    Refusal::new(401, "unauthorized", "this needs the daemon's token")
        .help("Send `Authorization: Bearer …` with the KARTWHEEL_TOKEN of the daemon's project.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8081))
    }

    #[test]
    fn only_the_token_itself_is_admitted() {
        let guard = Guard::new(Some("0123456789abcdef"), listen()).expect("long enough");
        assert!(guard.admits("0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789abcdeF",
        ] {
            assert!(!guard.admits(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn without_a_token_nobody_is_admitted() {
        for token in [None, Some(""), Some("  ")] {
            let guard = Guard::new(token, listen()).expect("the daemon starts");
            assert!(["", " ", "x"].into_iter().all(|token| !guard.admits(token)));
        }
    }

    #[test]
    fn a_token_that_can_be_guessed_is_refused_beyond_this_machine() {
        assert!(Guard::new(Some("short"), listen()).is_ok_and(|guard| guard.admits("short")));
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 8081));
        let refused = Guard::new(Some("short"), everywhere).expect_err("refused");
        let text = refused.to_string();
        assert!(text.contains("openssl rand -hex 32"), "{text}");
        assert!(!text.contains("short"), "the token is not repeated: {text}");
    }
}
