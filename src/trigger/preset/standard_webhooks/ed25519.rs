//! Signatures `v1a` of Standard Webhooks: ed25519, with a key pair whose private half only the sender has.

use aws_lc_rs::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey};
use base64::Engine as _;
use jiff::Timestamp;
use secrecy::SecretString;

use super::Family;
use crate::trigger::delivery::Delivery;
use crate::trigger::signature::hmac::{LENIENT, check_time};
use crate::trigger::signature::{Refusal, Scheme, Signed, Traces, header, reason};

/// What a public key begins with.
const KEY_PREFIX: &str = "whpk_";
/// What a signature of this kind begins with.
const PREFIX: &str = "v1a,";
/// Most signatures of a list that are looked at.
const SIGNATURES_MAX: usize = 16;

/// The scheme, with the sender's public key.
#[derive(Debug)]
pub(super) struct Ed25519 {
    pub(super) family: Family,
    key: [u8; ED25519_PUBLIC_KEY_LEN],
    pub(super) tolerance_s: i64,
}

impl Ed25519 {
    /// With this public key, `whpk_` and base64. `None`: it is none.
    pub(super) fn new(family: Family, public_key: &str, tolerance_s: i64) -> Option<Self> {
        let text = public_key.strip_prefix(KEY_PREFIX)?;
        let key = LENIENT.decode(text).ok()?.try_into().ok()?;
        Some(Self {
            family,
            key,
            tolerance_s,
        })
    }
}

impl Scheme for Ed25519 {
    fn verify(
        &self,
        _secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let name = self.family.signature;
        let signatures: Vec<&str> = header(delivery, name)?
            .split(' ')
            .take(SIGNATURES_MAX)
            .filter_map(|part| part.trim().strip_prefix(PREFIX))
            .collect();
        if signatures.is_empty() {
            let detail =
                format!("the header `{name}` holds no signature that begins with `{PREFIX}`");
            return Err(Refusal::unproven(reason::SCHEME, detail));
        }
        let time = header(delivery, self.family.timestamp)?.trim();
        let id = header(delivery, self.family.id)?;
        let head = format!("{id}.{time}.");
        let signed = [head.as_bytes(), delivery.request.body].concat();
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        let matches = signatures
            .iter()
            .filter_map(|text| LENIENT.decode(text).ok())
            .any(|signature| key.verify(&signed, &signature).is_ok());
        if !matches {
            let detail = format!(
                "no match in `{name}`: `public_key` is not the sender's, or something on the way changed the body"
            );
            return Err(Refusal::unproven(reason::SIGNATURE, detail));
        }
        check_time(time, self.tolerance_s, now)
    }

    fn sign(&self, _secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed::default()
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![self.family.signature.into()],
            ..Traces::default()
        }
    }

    fn has_time(&self) -> bool {
        true
    }

    fn can_sign(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::engine::general_purpose::STANDARD;

    use super::super::WEBHOOK;
    use super::*;
    use crate::trigger::Request;

    const NOW_S: i64 = 1_793_520_000;
    const BODY: &str = r#"{"type":"a"}"#;

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key pair")
    }

    fn scheme(seed: u8) -> Ed25519 {
        let key = STANDARD.encode(pair(seed).public_key());
        Ed25519::new(WEBHOOK, &format!("whpk_{key}"), 300).expect("a key")
    }

    fn signature(seed: u8, text: &str) -> String {
        format!("v1a,{}", STANDARD.encode(pair(seed).sign(text.as_bytes())))
    }

    /// What becomes of a delivery with this list of signatures, so many seconds after it was signed.
    fn verify(signatures: &str, body: &str, age_s: i64) -> Result<(), &'static str> {
        let headers = vec![
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1793520000"),
            ("webhook-signature", signatures),
        ];
        let request = Request::post(&headers, body.as_bytes());
        let now = Timestamp::from_second(NOW_S + age_s).expect("a time");
        scheme(1)
            .verify(&[], &Delivery::new(&request, ""), now)
            .map_err(|refusal| refusal.reason)
    }

    #[test]
    fn only_the_senders_own_signature_of_id_time_and_body_counts() {
        let right = signature(1, &format!("msg_1.1793520000.{BODY}"));
        assert_eq!(verify(&right, BODY, 0), Ok(()));
        let list = format!("v1,AAAA v1a,AAAA {right}");
        assert_eq!(verify(&list, BODY, 0), Ok(()));
        assert_eq!(verify(&right, "{\"type\":\"b\"}", 0), Err("signature"));
        for other in [
            signature(2, &format!("msg_1.1793520000.{BODY}")),
            signature(1, &format!("msg_2.1793520000.{BODY}")),
            signature(1, &format!("msg_1.1793520001.{BODY}")),
            "v1a,".to_owned(),
            "v1a,?".to_owned(),
        ] {
            assert_eq!(verify(&other, BODY, 0), Err("signature"), "{other}");
        }
        assert_eq!(verify("v1,AAAA", BODY, 0), Err("scheme"));
        assert_eq!(verify(&right, BODY, 301), Err("stale"));
        assert_eq!(verify(&right, BODY, -301), Err("future"));
    }

    #[test]
    fn a_key_is_whpk_and_32_bytes() {
        let key = STANDARD.encode([7; 32]);
        assert!(Ed25519::new(WEBHOOK, &format!("whpk_{key}"), 300).is_some());
        let short = STANDARD.encode([7; 31]);
        for wrong in [
            key,
            format!("whsec_{short}"),
            format!("whpk_{short}"),
            "whpk_?".into(),
        ] {
            assert!(Ed25519::new(WEBHOOK, &wrong, 300).is_none(), "{wrong}");
        }
    }
}
