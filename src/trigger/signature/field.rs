//! `verify: { field: $.body.secret_key }`: the secret itself stands in a field of the body.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{Kind, KnownGood, Proof, Refusal, Scheme, Signed, Traces, is_one_of, reason, scalar};
use crate::trigger::delivery::Delivery;
use crate::trigger::form;

pub(super) static KIND: Kind = Kind {
    name: "field",
    doc: "The secret itself stands in a field of the body, JSON or form: `verify: { field: $.body.thrivecart_secret }`. It is taken out before anything is stored.",
    parse: |settings| Some(Box::new(Field::new(settings.body_field("field")?))),
    samples: || {
        vec![
            KnownGood {
                scheme: Box::new(Field::new(vec!["thrivecart_secret".into()])),
                secret: "TC7FAKESECRET",
                body: b"event=order.refund&thrivecart_secret=TC7FAKESECRET&order_id=8123456",
                headers: vec![("content-type", "application/x-www-form-urlencoded")],
                query: "",
                now: Timestamp::UNIX_EPOCH,
                proof: Proof::Field("thrivecart_secret"),
                tolerance_s: None,
            },
            KnownGood {
                scheme: Box::new(Field::new(vec!["auth".into(), "key".into()])),
                secret: "TC7FAKESECRET",
                body: br#"{"auth":{"key":"TC7FAKESECRET"},"id":1}"#,
                headers: vec![("content-type", "application/json")],
                query: "",
                now: Timestamp::UNIX_EPOCH,
                proof: Proof::Field("key"),
                tolerance_s: None,
            },
        ]
    },
};

/// The scheme, with the field it looks at.
#[derive(Debug)]
pub(crate) struct Field {
    /// Names from the body's root on; there is one at least.
    names: Vec<Box<str>>,
    /// The path as people write it.
    written: String,
}

impl Field {
    /// The names lead from the body to the field; there is one at least.
    pub(crate) fn new(names: Vec<Box<str>>) -> Self {
        let written = format!("$.body.{}", names.join("."));
        Self { names, written }
    }

    /// The form key of the field.
    fn form_key(&self) -> String {
        let mut names = self.names.iter().map(|name| form::escape(name));
        let first = names.next().unwrap_or_default();
        names.fold(first, |key, name| key + "%5B" + &name + "%5D")
    }
}

impl Scheme for Field {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let missing = |why: &str| {
            let detail = format!("there is no field `{}`: {why}", self.written);
            Refusal::unproven(reason::MISSING, detail)
        };
        let body = delivery.body().map_err(&missing)?;
        let found = self
            .names
            .iter()
            .try_fold(&body.value, |value, name| value.get(&**name))
            .and_then(scalar)
            .ok_or_else(|| missing("the body does not have it"))?;
        if is_one_of(found.trim(), secrets) {
            return Ok(());
        }
        Err(Refusal::unproven(
            reason::SECRET,
            format!(
                "the field `{}` is not one of the source's secrets",
                self.written
            ),
        ))
    }

    /// Puts the secret into a JSON object; to anything else it is added as a form field.
    fn sign(&self, secret: &SecretString, body: &[u8], _now: Timestamp) -> Signed {
        let secret = secret.expose_secret();
        let signed = match super::super::json::parse(body) {
            Ok(Value::Object(mut root)) => {
                put(&mut root, &self.names, secret);
                Value::Object(root).to_string().into_bytes()
            }
            _ => {
                let field = format!("{}={}", self.form_key(), form::escape(secret));
                let separator: &[u8] = if body.is_empty() { b"" } else { b"&" };
                [body, separator, field.as_bytes()].concat()
            }
        };
        Signed {
            body: Some(signed),
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            fields: vec![self.names.clone()],
            secret_travels: true,
            ..Traces::default()
        }
    }
}

/// Sets the member that the names lead to, making objects on the way.
fn put(object: &mut Map<String, Value>, names: &[Box<str>], secret: &str) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.insert(name.to_string(), secret.into());
        return;
    }
    let inner = object.entry(name.to_string()).or_insert(Value::Null);
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        put(inner, rest, secret);
    }
}
