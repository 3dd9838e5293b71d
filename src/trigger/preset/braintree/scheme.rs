//! Braintree's signature: an HMAC-SHA1 over a field of the form, keyed with the SHA-1 of the private key, in another field.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};

use crate::trigger::delivery::Delivery;
use crate::trigger::form;
use crate::trigger::signature::hmac::{Encoding, Hash, Tag, tag_of};
use crate::trigger::signature::{Refusal, Scheme, Signed, Traces, reason};

/// The field with the pairs of public key and signature.
const SIGNATURE: &str = "bt_signature";
/// The field that is signed.
pub(super) const PAYLOAD: &str = "bt_payload";
/// Most pairs that are looked at.
const PAIRS_MAX: usize = 16;

/// The scheme, with the public key whose signature counts.
#[derive(Debug)]
pub(super) struct Braintree {
    pub(super) public_key: Box<str>,
}

/// The tag of these pieces, as hexadecimal.
pub(super) fn signed<'p>(
    secret: &SecretString,
    pieces: impl Iterator<Item = &'p [u8]>,
) -> Option<String> {
    tag(secret, pieces).map(|tag| hex::encode(tag.bytes()))
}

fn tag<'p>(secret: &SecretString, pieces: impl Iterator<Item = &'p [u8]>) -> Option<Tag> {
    let key = Sha1::digest(secret.expose_secret());
    tag_of(Hash::Sha1, &key, pieces)
}

impl Braintree {
    /// The signatures that belong to our public key.
    fn tags(&self, pairs: &str) -> Result<Vec<Tag>, Refusal> {
        let ours: Vec<&str> = pairs
            .split('&')
            .take(PAIRS_MAX)
            .filter_map(|pair| pair.split_once('|'))
            .filter(|(key, _)| *key == &*self.public_key)
            .map(|(_, signature)| signature.trim())
            .collect();
        if ours.is_empty() {
            let detail = format!("`{SIGNATURE}` holds no signature of this `public_key`");
            return Err(Refusal::unproven(reason::SCHEME, detail));
        }
        let decoded = ours
            .iter()
            .filter_map(|text| Tag::decode(Encoding::Hex, text));
        let tags: Vec<Tag> = decoded.collect();
        if tags.is_empty() {
            let detail = format!("the signature in `{SIGNATURE}` is not hexadecimal");
            return Err(Refusal::unproven(reason::MALFORMED, detail));
        }
        Ok(tags)
    }
}

impl Scheme for Braintree {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let fields = form::fields(delivery.request.body).unwrap_or_default();
        let field = |name: &str| {
            fields.get(name).ok_or_else(|| {
                let detail = format!("there is no field `{name}`");
                Refusal::unproven(reason::MISSING, detail)
            })
        };
        let tags = self.tags(field(SIGNATURE)?)?;
        // Signed with or without the line break that ends it.
        let payload = field(PAYLOAD)?.trim_end().as_bytes();
        let matches = secrets.iter().any(|secret| {
            [&b""[..], b"\n"].into_iter().any(|end| {
                let right = tag(secret, [payload, end].into_iter());
                right.is_some_and(|right| tags.iter().any(|tag| right.equals(tag)))
            })
        });
        if matches {
            return Ok(());
        }
        let detail = format!(
            "no match in `{SIGNATURE}`: the secret is not the private key that belongs to `public_key`"
        );
        Err(Refusal::unproven(reason::SIGNATURE, detail))
    }

    /// Signs the payload of a form; anything else becomes the payload.
    fn sign(&self, secret: &SecretString, body: &[u8], _now: Timestamp) -> Signed {
        let fields = form::fields(body).unwrap_or_default();
        let payload = match fields.get(PAYLOAD) {
            Some(payload) => payload.to_string(),
            None => STANDARD.encode(body),
        };
        let tag = signed(secret, std::iter::once(payload.as_bytes())).unwrap_or_default();
        let pair = form::escape(&format!("{}|{tag}", self.public_key));
        let payload = form::escape(&payload);
        Signed {
            body: Some(format!("{SIGNATURE}={pair}&{PAYLOAD}={payload}").into_bytes()),
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            fields: vec![vec![SIGNATURE.into()]],
            ..Traces::default()
        }
    }
}
