//! `verify: bearer`: the secret stands in `Authorization: Bearer …`.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces, header, is_one_of, reason};
use crate::trigger::delivery::Delivery;

const HEADER: &str = "authorization";

pub(super) static KIND: Kind = Kind {
    name: "bearer",
    doc: "The secret stands in the header `Authorization: Bearer SECRET`. Anybody who sees one delivery can send others: use it over HTTPS only.",
    parse: |_| Some(Box::new(Bearer)),
    samples: || {
        vec![KnownGood {
            scheme: Box::new(Bearer),
            secret: "tok_fake_123",
            body: br#"{"id":"evt-0001"}"#,
            headers: vec![("authorization", "Bearer tok_fake_123")],
            query: "",
            now: Timestamp::UNIX_EPOCH,
            proof: Proof::Token(HEADER),
            tolerance_s: None,
        }]
    },
};

#[derive(Debug)]
struct Bearer;

impl Scheme for Bearer {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let token = credentials(header(delivery, HEADER)?, "bearer")?;
        if is_one_of(token, secrets) {
            return Ok(());
        }
        Err(Refusal::unproven(
            reason::SECRET,
            "the bearer token is not one of the source's secrets",
        ))
    }

    fn sign(&self, secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed {
            headers: vec![(HEADER.into(), format!("Bearer {}", secret.expose_secret()))],
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![HEADER.into()],
            secret_travels: true,
            ..Traces::default()
        }
    }
}

/// What follows the scheme's name in an `Authorization` header.
pub(super) fn credentials<'h>(value: &'h str, scheme: &str) -> Result<&'h str, Refusal> {
    match value.trim().split_once(' ') {
        Some((name, rest)) if name.eq_ignore_ascii_case(scheme) => Ok(rest.trim()),
        _ => Err(Refusal::unproven(
            reason::SCHEME,
            format!("the header `{HEADER}` is not of the kind `{scheme}`"),
        )),
    }
}
