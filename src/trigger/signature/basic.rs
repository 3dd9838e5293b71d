//! `verify: basic`: user and password stand in `Authorization: Basic …`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::bearer::credentials;
use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces, header, is_one_of, reason};
use crate::trigger::delivery::Delivery;

const HEADER: &str = "authorization";

pub(super) static KIND: Kind = Kind {
    name: "basic",
    doc: "User and password stand in the header `Authorization: Basic`, as they do when a URL is written `https://USER:PASSWORD@host/…`. The secret is `USER:PASSWORD`; the password may hold colons.",
    parse: |_| Some(Box::new(Basic)),
    samples: || {
        vec![KnownGood {
            scheme: Box::new(Basic),
            secret: "kartra:p:a:ss",
            body: br#"{"id":"evt-0001"}"#,
            headers: vec![("authorization", "Basic a2FydHJhOnA6YTpzcw==")],
            query: "",
            now: Timestamp::UNIX_EPOCH,
            proof: Proof::Token(HEADER),
            tolerance_s: None,
        }]
    },
};

#[derive(Debug)]
struct Basic;

impl Scheme for Basic {
    /// User and password part at the first colon, of the secret as of the header: so the whole texts are equal or not.
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let encoded = credentials(header(delivery, HEADER)?, "basic")?;
        let decoded = STANDARD
            .decode(encoded)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|pair| pair.contains(':'))
            .ok_or_else(|| {
                Refusal::unproven(
                    reason::MALFORMED,
                    format!("the header `{HEADER}` holds no user and password"),
                )
            })?;
        if is_one_of(&decoded, secrets) {
            return Ok(());
        }
        Err(Refusal::unproven(
            reason::SECRET,
            "user and password are not one of the source's secrets",
        ))
    }

    fn sign(&self, secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        let encoded = STANDARD.encode(secret.expose_secret());
        Signed {
            headers: vec![(HEADER.into(), format!("Basic {encoded}"))],
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

    fn complaint(&self, secret: &str) -> Option<String> {
        (!secret.contains(':')).then(|| "for `basic` it must be `USER:PASSWORD`".into())
    }
}
