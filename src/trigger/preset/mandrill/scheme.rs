//! Mandrill's signature: an HMAC-SHA1 over the URL as it is registered and every field of the form, sorted by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::trigger::delivery::Delivery;
use crate::trigger::form;
use crate::trigger::signature::hmac::{Encoding, Hash, Tag, tag_of};
use crate::trigger::signature::{Refusal, Scheme, Signed, Traces, header, reason};

/// Where it stands.
const HEADER: &str = "x-mandrill-signature";

/// The scheme, with the URL that Mandrill has.
#[derive(Debug)]
pub(super) struct Mandrill {
    pub(super) url: Box<str>,
}

impl Mandrill {
    /// The right tag of this body. `None`: it is no form.
    fn tag(&self, secret: &SecretString, body: &[u8]) -> Option<Tag> {
        let fields = form::fields(body)?;
        let pieces = fields
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let pieces = std::iter::once(self.url.as_bytes()).chain(pieces);
        tag_of(Hash::Sha1, secret.expose_secret().as_bytes(), pieces)
    }
}

impl Scheme for Mandrill {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let found = header(delivery, HEADER)?.trim();
        let found = Tag::decode(Encoding::Base64, found).ok_or_else(|| {
            let detail = format!("the signature in the header `{HEADER}` is not base64");
            Refusal::unproven(reason::MALFORMED, detail)
        })?;
        let body = delivery.request.body;
        let matches = secrets
            .iter()
            .any(|secret| self.tag(secret, body).is_some_and(|tag| tag.equals(&found)));
        if matches {
            return Ok(());
        }
        let detail = format!(
            "no match in `{HEADER}`: the webhook's key is another, or its URL at Mandrill is not {}",
            self.url
        );
        Err(Refusal::unproven(reason::SIGNATURE, detail))
    }

    fn sign(&self, secret: &SecretString, body: &[u8], _now: Timestamp) -> Signed {
        let tag = self.tag(secret, body);
        let tag = tag.as_ref().map(Tag::bytes).unwrap_or_default();
        Signed {
            headers: vec![(HEADER.into(), STANDARD.encode(tag))],
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![HEADER.into()],
            ..Traces::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::Request;

    fn verify(
        url: &str,
        secret: &str,
        signature: Option<&str>,
        body: &str,
    ) -> Result<(), &'static str> {
        let headers: Vec<_> = signature.map(|text| (HEADER, text)).into_iter().collect();
        let request = Request::post(&headers, body.as_bytes());
        let scheme = Mandrill { url: url.into() };
        let secrets = ["another".into(), secret.into()];
        scheme
            .verify(
                &secrets,
                &Delivery::new(&request, ""),
                Timestamp::UNIX_EPOCH,
            )
            .map_err(|refusal| refusal.reason)
    }

    #[test]
    fn url_fields_and_key_are_all_signed() {
        // `printf 'https://hooks.example.com/hooks/shopa1b[]é 2' | openssl dgst -sha1 -hmac key -binary | base64`
        let right = Some("+4ps4ayNIdxt4uREaRtp5Dv+O4w=");
        let url = "https://hooks.example.com/hooks/shop";
        for body in ["b%5B%5D=%C3%A9+2&a=1", "a=1&b[]=%C3%A9%202"] {
            assert_eq!(verify(url, "key", right, body), Ok(()), "{body}");
        }
        let body = "a=1&b[]=%C3%A9+2";
        for (url, secret, body) in [
            ("https://hooks.example.com/hooks/shop/", "key", body),
            (url, "kez", body),
            (url, "key", "a=1&b[]=%C3%A9+3"),
            (url, "key", "a=1&b[]=%C3%A9+2&c="),
            (url, "key", "a=1&b[]=%FF"),
            (url, "key", ""),
        ] {
            assert_eq!(
                verify(url, secret, right, body),
                Err("signature"),
                "{url} {body}"
            );
        }
        assert_eq!(verify(url, "key", None, body), Err("missing"));
        assert_eq!(verify(url, "key", Some("?"), body), Err("malformed"));
    }
}
