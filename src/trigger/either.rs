//! One of two proofs: for senders that have changed theirs and still send both kinds.

use jiff::Timestamp;
use secrecy::SecretString;

use super::delivery::Delivery;
use super::signature::{Refusal, Scheme, Signed, Traces, reason};

/// The first proof if it is there, else the second. A proof that is there and wrong is not made good by the other.
#[derive(Debug)]
pub(super) struct Either {
    first: Box<dyn Scheme>,
    second: Box<dyn Scheme>,
}

impl Either {
    /// Of these two; what is sent carries the first.
    pub(super) fn new(first: Box<dyn Scheme>, second: Box<dyn Scheme>) -> Self {
        Self { first, second }
    }
}

impl Scheme for Either {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let missing = match self.first.verify(secrets, delivery, now) {
            Err(refusal) if refusal.reason == reason::MISSING => refusal,
            decided => return decided,
        };
        match self.second.verify(secrets, delivery, now) {
            // What the sender should have sent today, not what it once did.
            Err(refusal) if refusal.reason == reason::MISSING => Err(missing),
            decided => decided,
        }
    }

    fn sign(&self, secret: &SecretString, body: &[u8], now: Timestamp) -> Signed {
        self.first.sign(secret, body, now)
    }

    fn traces(&self) -> Traces {
        let (mut both, second) = (self.first.traces(), self.second.traces());
        both.headers.extend(second.headers);
        both.fields.extend(second.fields);
        both.secret_travels |= second.secret_travels;
        both
    }

    fn complaint(&self, secret: &str) -> Option<String> {
        self.first.complaint(secret)
    }

    fn can_sign(&self) -> bool {
        self.first.can_sign()
    }

    fn has_time(&self) -> bool {
        self.first.has_time() || self.second.has_time()
    }
}
