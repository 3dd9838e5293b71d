//! `verify: url-secret`: the secret stands in the URL, for senders that sign nothing.

use std::borrow::Cow;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces, is_one_of, reason};
use crate::trigger::delivery::Delivery;
use crate::trigger::form;

/// The query parameter that holds the secret.
pub(crate) const PARAMETER: &str = "secret";

pub(super) static KIND: Kind = Kind {
    name: "url-secret",
    doc: "The secret stands in the URL that the sender is given, as `?secret=SECRET` or as the last part of the path, `/hooks/SOURCE/SECRET`. For senders that sign nothing. Proxies may log URLs.",
    parse: |_| Some(Box::new(UrlSecret)),
    samples: || {
        vec![KnownGood {
            scheme: Box::new(UrlSecret),
            secret: "s3cr3t+/=",
            body: br#"{"id":"evt-0001"}"#,
            headers: vec![],
            query: "from=shop&secret=s3cr3t%2B%2F%3D",
            now: Timestamp::UNIX_EPOCH,
            proof: Proof::Query,
            tolerance_s: None,
        }]
    },
};

/// The scheme; it has no settings.
#[derive(Debug)]
pub(crate) struct UrlSecret;

impl Scheme for UrlSecret {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let request = delivery.request;
        let in_path = request.path_secret.filter(|text| !text.is_empty());
        let in_query = parameters(request.query);
        let mut found = in_path
            .map(Into::into)
            .into_iter()
            .chain(in_query)
            .peekable();
        if found.peek().is_none() {
            return Err(Refusal::unproven(
                reason::MISSING,
                format!("the URL has neither `?{PARAMETER}=…` nor a secret at the end of its path"),
            ));
        }
        if found.any(|text| is_one_of(&text, secrets)) {
            return Ok(());
        }
        Err(Refusal::unproven(
            reason::SECRET,
            "the secret in the URL is not one of the source's",
        ))
    }

    fn sign(&self, secret: &SecretString, _body: &[u8], _now: Timestamp) -> Signed {
        let escaped = form::escape(secret.expose_secret());
        Signed {
            query: Some(format!("{PARAMETER}={escaped}")),
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            secret_travels: true,
            ..Traces::default()
        }
    }
}

/// The values of the parameter in a query string. Where a secret was pasted into the URL as it is, a `+` in it means itself.
fn parameters(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs.filter_map(|(name, value)| (name == PARAMETER).then_some(value));
    values.flat_map(|value| {
        let pasted = value.replace('+', "%2B");
        let pasted = form::unescape(pasted.as_bytes()).map(|text| text.into_owned().into());
        [form::unescape(value.as_bytes()), pasted]
            .into_iter()
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_may_be_escaped_or_pasted_as_it_is() {
        let found = |query| parameters(query).any(|text| text == "s3cr3t+/=");
        for query in [
            "secret=s3cr3t%2B%2F%3D",
            "a=b&secret=s3cr3t+/=",
            "secret=wrong&secret=s3cr3t%2b/=&c",
        ] {
            assert!(found(query), "{query}");
        }
        for query in [
            "",
            "secret",
            "secret=s3cr3t /=",
            "secret=s3cr3t%20/=",
            "x=s3cr3t+/=",
        ] {
            assert!(!found(query), "{query}");
        }
    }
}
