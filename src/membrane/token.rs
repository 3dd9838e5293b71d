//! The bearer token: signed by us and renewed in time, or given and left alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::Sha256;

use super::settings::Auth;

/// How long a token that we sign is good for.
const LIFETIME_SECONDS: i64 = 3_600;
/// A token with no more than this left is not used.
const SPARE_SECONDS: i64 = 60;

/// The claims of a tenant's token, in the order in which they are signed.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    id: &'a str,
    iss: &'a str,
    exp: i64,
}

/// Where tokens come from.
pub(super) struct Tokens(Mutex<State>);

struct State {
    auth: Auth,
    /// The token that was signed last, and when it expires.
    signed: Option<(SecretString, i64)>,
}

impl Tokens {
    pub(super) fn new(auth: Auth) -> Self {
        Self(Mutex::new(State { auth, signed: None }))
    }

    /// Takes these credentials from now on. Whether they are others than those before.
    pub(super) fn take_up(&self, auth: &Auth) -> bool {
        let mut state = self.lock();
        let is_new = !state.auth.is(auth);
        if is_new {
            *state = State {
                auth: auth.clone(),
                signed: None,
            };
        }
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good for at least a minute.
    pub(super) fn current(&self, now: Timestamp) -> SecretString {
        let mut state = self.lock();
        if let Some((token, expires)) = &state.signed
            && expires - now.as_second() > SPARE_SECONDS
            && expires - now.as_second() <= LIFETIME_SECONDS + SPARE_SECONDS
        {
            return token.clone();
        }
        state.sign_next(now)
    }

    /// Another token than the one that was just refused. None where there is no other: a given token stays as it is.
    pub(super) fn renewed(&self, refused: &SecretString, now: Timestamp) -> Option<SecretString> {
        let mut state = self.lock();
        if let Auth::Token(token) = &state.auth {
            // Somebody may have taken up another meanwhile.
            let is_other = token.expose_secret() != refused.expose_secret();
            return is_other.then(|| token.clone());
        }
        if let Some((token, _)) = &state.signed
            && token.expose_secret() != refused.expose_secret()
        {
            return Some(token.clone());
        }
        Some(state.sign_next(now))
    }
}

impl State {
    fn sign_next(&mut self, now: Timestamp) -> SecretString {
        let (key, secret, tenant) = match &self.auth {
            Auth::Token(token) => return token.clone(),
            Auth::Signed {
                workspace_key,
                workspace_secret,
                tenant_key,
            } => (workspace_key, workspace_secret, tenant_key),
        };
        let wanted = now.as_second() + LIFETIME_SECONDS;
        // Within one second the same claims would give the same token, which was just refused.
        let expires = match &self.signed {
            Some((_, before)) if *before == wanted => wanted + 1,
            _ => wanted,
        };
        let claims = Claims {
            id: tenant,
            iss: key,
            exp: expires,
        };
        let token = SecretString::from(sign(&claims, secret));
        self.signed = Some((token.clone(), expires));
        token
    }
}

/// A JSON web token of these claims, by HMAC-SHA256.
fn sign(claims: &impl Serialize, secret: &SecretString) -> String {
    let payload = serde_json::to_vec(claims).unwrap_or_default();
    let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map(|mac| mac.chain_update(&token).finalize().into_bytes());
    if let Ok(signature) = signature {
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    }
    token
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Vec<Value> {
        let text = include_str!("../../tests/data/membrane-fixtures/auth-jwt-vectors.json");
        let file: Value = serde_json::from_str(text).expect("JSON");
        file["vectors"].as_array().expect("a list").clone()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("an instant")
    }

    #[test]
    fn the_published_vectors_come_out_bit_by_bit() {
        let mut signed = 0;
        for vector in vectors() {
            // HS512 is accepted by Membrane as well; we sign HS256 only.
            if vector["alg"] == "HS256" {
                let secret = SecretString::from(vector["secret_utf8"].as_str().expect("text"));
                assert_eq!(
                    sign(&vector["claims"], &secret),
                    vector["token"].as_str().expect("text")
                );
                signed += 1;
            }
        }
        assert_eq!(signed, 3);
    }

    #[test]
    fn what_we_send_is_the_vector_of_the_tenants_token() {
        let vector = &vectors()[0];
        let tokens = Tokens::new(Auth::Signed {
            workspace_key: vector["claims"]["iss"].as_str().expect("text").to_owned(),
            workspace_secret: vector["secret_utf8"].as_str().expect("text").into(),
            tenant_key: vector["claims"]["id"].as_str().expect("text").to_owned(),
        });
        let token = tokens.current(at(1_790_000_000));
        assert_eq!(
            token.expose_secret(),
            vector["token"].as_str().expect("text")
        );
    }

    fn signing() -> Tokens {
        Tokens::new(Auth::Signed {
            workspace_key: "w".to_owned(),
            workspace_secret: "s".into(),
            tenant_key: "t".to_owned(),
        })
    }

    fn text(token: &SecretString) -> String {
        token.expose_secret().to_owned()
    }

    #[test]
    fn a_token_is_kept_while_more_than_a_minute_remains() {
        let tokens = signing();
        let first = text(&tokens.current(at(1_000)));
        assert_eq!(text(&tokens.current(at(1_000 + 3_539))), first);
        let second = text(&tokens.current(at(1_000 + 3_540)));
        assert_ne!(second, first);
        // The clock was set back by a day: a token that is good for more than its time is not one of ours.
        assert_ne!(text(&tokens.current(at(1_000 - 86_400))), second);
    }

    #[test]
    fn a_refused_token_is_replaced_once_for_all_who_held_it() {
        let tokens = signing();
        let first = tokens.current(at(1_000));
        let second = tokens.renewed(&first, at(1_000)).expect("a new one");
        assert_ne!(text(&second), text(&first));
        assert_eq!(
            tokens.renewed(&first, at(1_000)).as_ref().map(text),
            Some(text(&second))
        );
        assert_eq!(text(&tokens.current(at(1_000))), text(&second));
    }

    #[test]
    fn a_given_token_is_never_renewed() {
        let tokens = Tokens::new(Auth::Token("given".into()));
        let token = tokens.current(at(1_000));
        assert_eq!(text(&token), "given");
        assert!(tokens.renewed(&token, at(1_000)).is_none());
    }
}
