//! PayPal's signature: RSA with SHA-256, over a line that holds the body's CRC-32, with the key of a certificate.

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;
use webpki::EndEntityCert;

use crate::trigger::delivery::Delivery;
use crate::trigger::signature::hmac::{LENIENT, check_time};
use crate::trigger::signature::{Refusal, Scheme, Signed, Traces, header, reason};

const ID: &str = "paypal-transmission-id";
const TIME: &str = "paypal-transmission-time";
const SIGNATURE: &str = "paypal-transmission-sig";
const ALGORITHM: &str = "paypal-auth-algo";
const CERTIFICATE_URL: &str = "paypal-cert-url";
/// The one algorithm that PayPal uses.
const RSA_SHA256: &str = "SHA256withRSA";
/// Whose hosts may give certificates.
const DOMAIN: &str = "paypal.com";
/// Longer addresses of certificates are not shown.
const SHOWN_BYTES_MAX: usize = 200;
/// Most certificates of one file.
const CERTIFICATES_MAX: usize = 16;

/// The scheme, with what PayPal does not send along.
#[derive(Debug)]
pub(super) struct PayPal {
    pub(super) webhook_id: Box<str>,
    /// Those that were set up; the signature must be of one of them.
    pub(super) certificates: Vec<Certificate>,
    /// PayPal's own libraries look at no time; the source may.
    pub(super) tolerance_s: Option<i64>,
}

/// A certificate, for the key it holds.
pub(super) struct Certificate {
    key: ParsedPublicKey,
}

/// What a delivery says to prove itself.
pub(super) struct Transmission<'d> {
    id: &'d str,
    time: &'d str,
    signature: Vec<u8>,
    /// Where its certificate lies, on a host of PayPal's.
    certificate_url: &'d str,
}

impl Certificate {
    /// All certificates of a PEM text. `None`: it holds none, or one that cannot be read.
    pub(super) fn all(pem: &str) -> Option<Vec<Self>> {
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
            .take(CERTIFICATES_MAX)
            .map(|der| Self::read(&der.ok()?));
        let certificates: Vec<Self> = certificates.collect::<Option<_>>()?;
        (!certificates.is_empty()).then_some(certificates)
    }

    /// The certificate in these bytes, if its key is an RSA key of 2048 bits or more.
    fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let certificate = EndEntityCert::try_from(der).ok()?;
        let key = certificate.subject_public_key_info();
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &*key).ok()?;
        Some(Self { key })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Certificate")
    }
}

impl<'d> Transmission<'d> {
    /// Read from the headers; its certificate lies at PayPal, or it is refused.
    pub(super) fn of(delivery: &'d Delivery<'_>) -> Result<Self, Refusal> {
        let signature = header(delivery, SIGNATURE)?.trim();
        let signature = LENIENT.decode(signature).map_err(|_| {
            let detail = format!("the signature in the header `{SIGNATURE}` is not base64");
            Refusal::unproven(reason::MALFORMED, detail)
        })?;
        if !header(delivery, ALGORITHM)?
            .trim()
            .eq_ignore_ascii_case(RSA_SHA256)
        {
            let detail = format!("the header `{ALGORITHM}` is not `{RSA_SHA256}`");
            return Err(Refusal::unproven(reason::SCHEME, detail));
        }
        let certificate_url = header(delivery, CERTIFICATE_URL)?.trim();
        if !is_paypals(certificate_url) {
            let detail =
                format!("the header `{CERTIFICATE_URL}` does not lead to a host of {DOMAIN}");
            return Err(Refusal::unproven(reason::MALFORMED, detail));
        }
        Ok(Self {
            id: header(delivery, ID)?.trim(),
            time: header(delivery, TIME)?.trim(),
            signature,
            certificate_url,
        })
    }

    /// Where whoever runs the daemon finds the certificate, said of a delivery that none here fits: it may not be PayPal's.
    fn whereabouts(&self) -> String {
        let url = self.certificate_url;
        let is_plain =
            url.len() <= SHOWN_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain {
            format!("; it names the certificate at {url}")
        } else {
            String::new()
        }
    }

    /// Whether the holder of this certificate signed it, for the webhook of this id and with this body.
    pub(super) fn is_signed(
        &self,
        certificate: &Certificate,
        webhook_id: &str,
        body: &[u8],
    ) -> bool {
        let line = format!("{}|{}|{webhook_id}|{}", self.id, self.time, crc32(body));
        certificate
            .key
            .verify_sig(line.as_bytes(), &self.signature)
            .is_ok()
    }
}

impl Scheme for PayPal {
    fn verify(
        &self,
        _secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let transmission = Transmission::of(delivery)?;
        let body = delivery.request.body;
        let matches = self
            .certificates
            .iter()
            .any(|certificate| transmission.is_signed(certificate, &self.webhook_id, body));
        if !matches {
            let detail = format!(
                "no match in `{SIGNATURE}`: `webhook_id` is that of another webhook, PayPal signs with a certificate that is not \
                 in `certificate` (it may be a new one), or something on the way changed the body{}",
                transmission.whereabouts()
            );
            return Err(Refusal::unproven(reason::SIGNATURE, detail));
        }
        match self.tolerance_s {
            Some(allowed) => check_time(transmission.time, allowed, now),
            None => Ok(()),
        }
    }

    fn sign(&self, _secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        Signed::default()
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![SIGNATURE.into()],
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

/// Whether an address leads to a host of PayPal's, in the plainest form that an address has.
fn is_paypals(url: &str) -> bool {
    let Some((host, _)) = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    let is_plain = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let below = host.strip_suffix(DOMAIN);
    is_plain && below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// The CRC-32 that zip and PNG use, bit by bit: bodies are short.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc = (crc >> 1) ^ (POLYNOMIAL * carry);
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_the_usual_one() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn only_paypals_own_hosts_give_certificates() {
        for url in [
            "https://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.sandbox.paypal.com/v1/",
            "https://paypal.com/",
            "https://API.PayPal.com/x?y#z",
        ] {
            assert!(is_paypals(url), "{url}");
        }
        for url in [
            "http://api.paypal.com/v1",
            "https://notpaypal.com/",
            "https://paypal.com.example.com/",
            "https://api.paypal.com@example.com/",
            "https://example.com/paypal.com/",
            "https://example.com?.paypal.com/",
            "https://example.com#.paypal.com/",
            "https://example.com\\.paypal.com/",
            "https://api.paypal.com:8443/",
            "https://api.paypal.com",
            "//api.paypal.com/",
            "",
        ] {
            assert!(!is_paypals(url), "{url}");
        }
    }
}
