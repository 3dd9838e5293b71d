//! `verify: none`: nothing proves anything; only addresses that `allow_from` names may send, or the account is asked.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces};
use crate::trigger::delivery::Delivery;

pub(super) static KIND: Kind = Kind {
    name: "none",
    doc: "Nothing is verified. Needs `allow_from`, the addresses that may send, or beside `preset: kartra` or `kartra-ipn` `trust: lookup`; prefer `url-secret`.",
    parse: |_| Some(Box::new(Unverified)),
    samples: || {
        vec![KnownGood {
            scheme: Box::new(Unverified),
            secret: "unused",
            body: br#"{"id":"evt-0001"}"#,
            headers: vec![],
            query: "",
            now: Timestamp::UNIX_EPOCH,
            proof: Proof::Absent,
            tolerance_s: None,
        }]
    },
};

#[derive(Debug)]
struct Unverified;

impl Scheme for Unverified {
    fn verify(
        &self,
        _secrets: &[SecretString],
        _delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn sign(&self, _secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed::default()
    }

    fn traces(&self) -> Traces {
        Traces::default()
    }

    fn is_open(&self) -> bool {
        true
    }
}

/// `verify: none` beside a preset whose events are looked up: what would prove them may come all the same, and is not kept.
#[derive(Debug)]
pub(in crate::trigger) struct Unasked(pub(in crate::trigger) Box<dyn Scheme>);

impl Scheme for Unasked {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        Unverified.verify(secrets, delivery, now)
    }

    fn sign(&self, secret: &SecretString, body: &[u8], now: Timestamp) -> Signed {
        Unverified.sign(secret, body, now)
    }

    fn traces(&self) -> Traces {
        self.0.traces()
    }

    fn is_open(&self) -> bool {
        true
    }
}
