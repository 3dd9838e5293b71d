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

/// The shortest token that is accepted.
pub const TOKEN_BYTES_MIN: usize = 16;

/// Knows the token by its hash alone, so that neither a look at the memory of a clone nor the time of a comparison tells it.
#[derive(Clone)]
pub struct Guard {
    digest: [u8; 32],
}

impl Guard {
    /// A guard for this token. Without a token, or with one that can be guessed, there is no API and so no daemon: every command that changes
    /// something goes through it, and it is better to learn that at the start than at night.
    ///
    /// # Errors
    /// The token is missing or shorter than `TOKEN_BYTES_MIN`.
    pub fn new(token: Option<&str>, listen: SocketAddr) -> anyhow::Result<Self> {
        let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
            bail!(
                "KARTWHEEL_TOKEN is not set, so nobody could be let in to the API on {listen}\n\
                 Put a random one into the project's .env (mode 0600): KARTWHEEL_TOKEN=$(openssl rand -hex 32). `kartwheel init` writes one by itself."
            );
        };
        if token.len() < TOKEN_BYTES_MIN {
            bail!(
                "KARTWHEEL_TOKEN has fewer than {TOKEN_BYTES_MIN} characters, which can be guessed\n\
                 Take a random one: openssl rand -hex 32"
            );
        }
        if !listen.ip().is_loopback() {
            tracing::warn!(%listen, "the API listens beyond this machine and shows personal data: put TLS in front of it");
        }
        Ok(Self {
            digest: Sha256::digest(token).into(),
        })
    }

    /// Whether this is the token.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        let offered: [u8; 32] = Sha256::digest(token).into();
        offered.ct_eq(&self.digest).into()
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
    fn a_missing_or_short_token_says_what_to_do() {
        for token in [None, Some(""), Some("  "), Some("short")] {
            let text = Guard::new(token, listen())
                .expect_err("refused")
                .to_string();
            assert!(text.contains("KARTWHEEL_TOKEN"), "{text}");
            assert!(text.contains("openssl rand -hex 32"), "{text}");
            assert!(
                !text.contains("short\n"),
                "the token is not repeated: {text}"
            );
        }
    }
}
