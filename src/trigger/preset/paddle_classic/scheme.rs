//! Paddle Classic's signature: RSA with SHA-1 over all other fields, sorted and written as PHP's `serialize()` writes them.
//!
//! SHA-1 is weak where somebody else chooses what is signed; here only Paddle does, and it offers nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY};
use base64::Engine as _;
use jiff::Timestamp;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;

use crate::trigger::delivery::Delivery;
use crate::trigger::form;
use crate::trigger::signature::hmac::LENIENT;
use crate::trigger::signature::{Refusal, Scheme, Signed, Traces, reason};

/// The field with the signature.
const SIGNATURE: &str = "p_signature";

/// The scheme, with the account's public key.
#[derive(Debug)]
pub(super) struct PaddleClassic {
    key: ParsedPublicKey,
}

impl PaddleClassic {
    /// With this public key, as PEM. `None`: it is none, or too short.
    pub(super) fn new(pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let algorithm = &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
        let key = ParsedPublicKey::new(algorithm, &*der).ok()?;
        Some(Self { key })
    }
}

impl Scheme for PaddleClassic {
    fn verify(
        &self,
        _secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut fields = form::fields(delivery.request.body).unwrap_or_default();
        let signature = fields.remove(SIGNATURE).ok_or_else(|| {
            let detail = format!("there is no field `{SIGNATURE}`");
            Refusal::unproven(reason::MISSING, detail)
        })?;
        let signature = LENIENT.decode(signature.trim()).map_err(|_| {
            let detail = format!("the signature in `{SIGNATURE}` is not base64");
            Refusal::unproven(reason::MALFORMED, detail)
        })?;
        let signed = serialized(&fields);
        self.key.verify_sig(signed.as_bytes(), &signature).map_err(|_| {
            let detail = format!("no match in `{SIGNATURE}`: `public_key` is not that of the account, or a field was changed");
            Refusal::unproven(reason::SIGNATURE, detail)
        })
    }

    fn sign(&self, _secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed::default()
    }

    fn traces(&self) -> Traces {
        Traces {
            fields: vec![vec![SIGNATURE.into()]],
            ..Traces::default()
        }
    }

    fn can_sign(&self) -> bool {
        false
    }
}

/// The fields as PHP's `serialize()` writes an array of texts: every length is in bytes.
pub(super) fn serialized(fields: &BTreeMap<Cow<'_, str>, Cow<'_, str>>) -> String {
    let mut text = format!("a:{}:{{", fields.len());
    for part in fields.iter().flat_map(|(name, value)| [name, value]) {
        text.push_str(&format!("s:{}:\"{part}\";", part.len()));
    }
    text.push('}');
    text
}
