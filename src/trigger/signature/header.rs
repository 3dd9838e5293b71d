//! `verify: { header: X-Token }`: the secret itself stands in a header of the sender's choice.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces, header, is_one_of, reason};
use crate::trigger::delivery::Delivery;

pub(super) static KIND: Kind = Kind {
    name: "header",
    doc: "The secret itself stands in a header: `verify: { header: X-Token }`. Anybody who sees one delivery can send others: use it over HTTPS only.",
    parse: |settings| {
        let header = settings.header_name("header")?;
        Some(Box::new(Header::new(header)))
    },
    samples: || {
        vec![KnownGood {
            scheme: Box::new(Header::new("x-hotmart-hottok".into())),
            secret: "FAKEhottok0123456789",
            body: br#"{"id":"evt-0001"}"#,
            headers: vec![("x-hotmart-hottok", "FAKEhottok0123456789")],
            query: "",
            now: Timestamp::UNIX_EPOCH,
            proof: Proof::Token("x-hotmart-hottok"),
            tolerance_s: None,
        }]
    },
};

/// The scheme, with the header it looks at.
#[derive(Debug)]
pub(crate) struct Header {
    /// In lower case.
    name: Box<str>,
}

impl Header {
    /// Of this name, in lower case.
    pub(crate) fn new(name: Box<str>) -> Self {
        Self { name }
    }
}

impl Scheme for Header {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        if is_one_of(header(delivery, &self.name)?.trim(), secrets) {
            return Ok(());
        }
        Err(Refusal::unproven(
            reason::SECRET,
            format!(
                "the header `{}` is not one of the source's secrets",
                self.name
            ),
        ))
    }

    fn sign(&self, secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed {
            headers: vec![(self.name.to_string(), secret.expose_secret().to_owned())],
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![self.name.clone()],
            secret_travels: true,
            ..Traces::default()
        }
    }
}
