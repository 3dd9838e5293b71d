//! Signatures: how a delivery proves who sent it. One file per scheme.
//!
//! A scheme looks at the raw bytes, before anything is parsed (but `field`, whose proof stands in the body). It accepts any
//! matching signature of a list with any of the configured secrets, compares in constant time, and never says what the right
//! signature would have been. What it refuses it refuses with a word of [`REASONS`] and a sentence for the operator.
//!
//! To add a scheme: one file with a type that implements [`Scheme`] and a [`Kind`] that says how its settings are read and
//! shows deliveries it accepts; two lines here. The tests over the list then break each sample in every way. A plain HMAC
//! variant needs no file: header, hash, encoding, prefix, list and signed text are settings of `hmac`.

mod basic;
pub(super) mod bearer;
pub(super) mod field;
pub(super) mod header;
pub(super) mod hmac;
pub(super) mod none;
pub(super) mod url_secret;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::ask::{Question, Told};
use super::delivery::Delivery;
use super::settings::Settings;

/// What is told of a `Content-Encoding`.
const ENCODING_CHARS_MAX: usize = 40;

/// All schemes, by name: the word in `verify:`.
pub static SCHEMES: &[&Kind] = &[
    &basic::KIND,
    &bearer::KIND,
    &field::KIND,
    &header::KIND,
    &hmac::KIND,
    &none::KIND,
    &url_secret::KIND,
];

/// Every reason for which a delivery is refused, with what it means.
pub const REASONS: &[(&str, &str)] = &[
    (
        reason::ADDRESS,
        "it came from an address that `allow_from` does not name",
    ),
    (
        reason::BODY,
        "the proof is right, but the body cannot be read",
    ),
    (
        reason::CERTIFICATE,
        "the certificate it is signed with is not its sender's, or not valid now",
    ),
    (
        reason::DENIED,
        "its sender was asked, and says that it did not send it",
    ),
    (
        reason::ENCODING,
        "the body is compressed, which no sender is asked to do",
    ),
    (reason::FUTURE, "it was signed at a time that lies ahead"),
    (
        reason::MALFORMED,
        "the proof does not have the form it should have",
    ),
    (
        reason::MISSING,
        "the header or field that holds the proof is not there",
    ),
    (reason::NO_SECRET, "the source has no secret to check with"),
    (reason::QUERY, "the query string cannot be read"),
    (reason::RECEIVER, "it tells of a payment to somebody else"),
    (
        reason::SCHEME,
        "it holds only signatures of kinds that are not accepted",
    ),
    (
        reason::SECRET,
        "the secret it holds is not one of the source's",
    ),
    (reason::SIGNATURE, "no signature matches"),
    (reason::STALE, "it was signed too long ago"),
    (
        reason::TEST_MODE,
        "it is of the sender's test system, or not of it, and the source takes the other",
    ),
    (
        reason::THIN,
        "it only points to its content, which the rules could not see",
    ),
    (
        reason::UNANSWERED,
        "its sender has to be asked about it and could not be: it was asked to send it again",
    ),
];

/// The words of [`REASONS`].
pub mod reason {
    /// From an address that is not allowed.
    pub const ADDRESS: &str = "address";
    /// The body cannot be read.
    pub const BODY: &str = "body";
    /// Not the sender's certificate.
    pub const CERTIFICATE: &str = "certificate";
    /// The sender says that it is not its own.
    pub const DENIED: &str = "denied";
    /// A compressed body.
    pub const ENCODING: &str = "encoding";
    /// Signed at a time ahead.
    pub const FUTURE: &str = "future";
    /// A proof of the wrong form.
    pub const MALFORMED: &str = "malformed";
    /// No proof.
    pub const MISSING: &str = "missing";
    /// Nothing to check with.
    pub const NO_SECRET: &str = "no_secret";
    /// The query string cannot be read.
    pub const QUERY: &str = "query";
    /// Somebody else was paid.
    pub const RECEIVER: &str = "receiver";
    /// No signature of a known kind.
    pub const SCHEME: &str = "scheme";
    /// A wrong secret.
    pub const SECRET: &str = "secret";
    /// A wrong signature.
    pub const SIGNATURE: &str = "signature";
    /// Signed too long ago.
    pub const STALE: &str = "stale";
    /// Of the test system where real ones are taken, or the other way round.
    pub const TEST_MODE: &str = "test_mode";
    /// A pointer instead of content.
    pub const THIN: &str = "thin";
    /// The sender could not be asked.
    pub const UNANSWERED: &str = "unanswered";
}

/// Why a delivery is not accepted. The sender hears the status only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 401; 400 when the proof is right and the content is not; 415 for what is not even looked at; 503 where the sender is to
    /// come again.
    pub status: u16,
    /// A word of [`REASONS`].
    pub reason: &'static str,
    /// A sentence for the operator: no secrets, nothing of the body.
    pub detail: String,
    /// Where only its time is wrong: for how many seconds it had been signed when it came; less than 0 where that lies ahead.
    pub age_s: Option<i64>,
}

impl Refusal {
    /// The sender did not prove who it is.
    pub(super) fn unproven(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: 401,
            reason,
            detail: detail.into(),
            age_s: None,
        }
    }

    /// The sender is who it says; the content cannot be used.
    pub(super) fn unusable(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            ..Self::unproven(reason, detail)
        }
    }

    /// The proof is right, but so many seconds old, or ahead if less than 0.
    pub(super) fn untimely(reason: &'static str, age_s: i64, detail: impl Into<String>) -> Self {
        Self {
            age_s: Some(age_s),
            ..Self::unproven(reason, detail)
        }
    }

    /// Whether the sender is who it says cannot be known now: it is to come again.
    #[must_use]
    pub fn unanswered(detail: impl Into<String>) -> Self {
        Self {
            status: 503,
            ..Self::unproven(reason::UNANSWERED, detail)
        }
    }

    /// The body is compressed: it is not unpacked, so that nobody can send a little that becomes much.
    pub(super) fn compressed(encoding: &str) -> Self {
        let encoding: String = encoding.chars().take(ENCODING_CHARS_MAX).collect();
        let detail = format!(
            "the body is compressed (`Content-Encoding: {encoding}`): the sender must send it as it is"
        );
        Self {
            status: 415,
            ..Self::unproven(reason::ENCODING, detail)
        }
    }
}

/// How one source's deliveries are verified: a scheme with its settings.
pub trait Scheme: Debug + Send + Sync {
    /// Whether the delivery proves that it comes from somebody who knows one of the secrets. Where [`question`](Self::question)
    /// has one, this is all that can be told before it is answered, and proves nothing yet.
    ///
    /// # Errors
    /// Why it does not.
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal>;

    /// What must be asked of the outside about a delivery that was verified as far as it can be here.
    fn question(&self, delivery: &Delivery<'_>) -> Option<Question> {
        let _ = delivery;
        None
    }

    /// Whether the answer to the question proves it.
    ///
    /// # Errors
    /// Why it does not.
    fn settle(
        &self,
        delivery: &Delivery<'_>,
        now: Timestamp,
        told: &Told<'_>,
    ) -> Result<(), Refusal> {
        let _ = (delivery, now, told);
        Err(Refusal::unanswered("there was nothing to ask"))
    }

    /// What a sender that knows the secret would add to this body.
    fn sign(&self, secret: &SecretString, body: &[u8], now: Timestamp) -> Signed;

    /// Where a delivery carries what must not be kept.
    fn traces(&self) -> Traces;

    /// What is wrong with a secret, if anything is.
    fn complaint(&self, secret: &str) -> Option<String> {
        let _ = secret;
        None
    }

    /// Whether a delivery says when it was signed.
    fn has_time(&self) -> bool {
        false
    }

    /// Whether a sender's part can be played with the secret: not where only the sender has the key to sign with. Such a
    /// source has no secret.
    fn can_sign(&self) -> bool {
        true
    }

    /// Whether it works without a secret.
    fn is_open(&self) -> bool {
        false
    }

    /// Whether a source must have a secret.
    fn needs_secret(&self) -> Need {
        match self.is_open() || !self.can_sign() {
            true => Need::Never,
            false => Need::Always,
        }
    }
}

/// Whether a source has a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Always,
    /// It may; then it counts.
    IfDeclared,
    /// There is none.
    Never,
}

/// What a delivery carries that must not be kept: taken out before anything is stored or shown.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// Headers, by their names in lower case.
    pub headers: Vec<Box<str>>,
    /// Fields of the body, each as names from `$.body` on.
    pub fields: Vec<Vec<Box<str>>>,
    /// The secret itself travels, so other headers may repeat it.
    pub secret_travels: bool,
}

/// What a sender adds to a body to prove who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What the URL's query gets, ready to be put after `?`.
    pub query: Option<String>,
    /// The body to send instead, where the proof stands in it.
    pub body: Option<Vec<u8>>,
}

/// A scheme as a member of the list.
pub struct Kind {
    /// The word in `verify:`.
    pub name: &'static str,
    /// What it is for, in one paragraph.
    pub doc: &'static str,
    /// Reads the settings under `verify:`; `None` after a problem that leaves nothing to verify with.
    pub(super) parse: fn(&mut Settings<'_, '_>) -> Option<Box<dyn Scheme>>,
    /// Deliveries that are accepted.
    pub samples: fn() -> Vec<KnownGood>,
}

/// A delivery that a scheme accepts, and what about it can be broken.
#[derive(Debug)]
pub struct KnownGood {
    /// The scheme with its settings.
    pub scheme: Box<dyn Scheme>,
    /// The secret.
    pub secret: &'static str,
    /// The body.
    pub body: &'static [u8],
    /// The headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The query string.
    pub query: &'static str,
    /// The time.
    pub now: Timestamp,
    /// Where the proof stands.
    pub proof: Proof,
    /// For how many seconds around its time it is accepted, if it has a time.
    pub tolerance_s: Option<i64>,
}

/// Where a delivery's proof stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// In this header, over the body.
    Signature(&'static str),
    /// In this header, and the body could be another.
    Token(&'static str),
    /// In the query.
    Query,
    /// In this field of the body.
    Field(&'static str),
    /// Nowhere.
    Absent,
}

/// Whether the text is one of the secrets, in time that does not tell how much of it is right.
fn is_one_of(text: &str, secrets: &[SecretString]) -> bool {
    secrets.iter().fold(false, |found, secret| {
        let known = secret.expose_secret().as_bytes();
        found | bool::from(known.ct_eq(text.as_bytes()))
    })
}

/// The header's value; or that it is missing, or there twice with different values, of which nobody could say which counts.
pub(super) fn header<'d>(delivery: &'d Delivery<'_>, name: &str) -> Result<&'d str, Refusal> {
    let mut found: Option<&str> = None;
    let mut differ = false;
    delivery.request.headers.each(&mut |known, value| {
        if known.eq_ignore_ascii_case(name) {
            differ |= found.is_some_and(|first| first != value);
            found = found.or(Some(value));
        }
    });
    if differ {
        let detail = format!("the header `{name}` is there more than once, with different values");
        return Err(Refusal::unproven(reason::MALFORMED, detail));
    }
    found.ok_or_else(|| Refusal::unproven(reason::MISSING, format!("there is no header `{name}`")))
}

/// A scalar of a body as text.
pub(super) fn scalar(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        _ => None,
    }
}
