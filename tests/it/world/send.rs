//! Deliveries of a story, over real HTTP.

use std::collections::BTreeMap;

use kartwheel::clock::Clock;
use kartwheel::trigger::Source;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{World, load};

/// The answer to a delivery.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Answered {
    /// The event's id; the delivery must have been accepted.
    pub(crate) fn event(&self) -> Uuid {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["event"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an accepted delivery names its event")
    }
}

impl World {
    /// Posts a body, signed as the source's sender signs.
    pub(crate) async fn send_bytes(
        &self,
        source: &str,
        content_type: &str,
        body: &[u8],
    ) -> Answered {
        let project = load(self.dir.path());
        let config = project.config.expect("a config");
        let source = &config.sources[source];
        self.send_with(source, &[("content-type", content_type)], body)
            .await
    }

    /// Posts a body with these headers and the proof that this source makes.
    pub(crate) async fn send_with(
        &self,
        source: &Source,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answered {
        let signed = source.sign(body, self.clock.now());
        let query = signed
            .query
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let path = format!("/hooks/{}{query}", source.name);
        let proof = signed.headers.iter();
        let proof = proof.map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.iter().copied().chain(proof).collect();
        let body = signed.body.as_deref().unwrap_or(body);
        self.request("POST", &path, &headers, body).await
    }

    /// Posts a JSON body, signed.
    pub(crate) async fn send(&self, source: &str, body: &Value) -> Answered {
        self.send_bytes(source, "application/json", body.to_string().as_bytes())
            .await
    }

    /// An order of the shop, for this person.
    pub(crate) async fn order(&self, id: &str, email: &str) -> Answered {
        self.send(
            "shop",
            &json!({ "id": id, "type": "order", "email": email }),
        )
        .await
    }

    /// Any request to the webhook listener.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answered {
        let method = method.parse().expect("a method");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url()))
            .body(body.to_vec());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answered(request).await
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Answered {
    let response = request.send().await.expect("the daemon answers");
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                value.to_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let text = response.text().await.expect("a body");
    Answered {
        status,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        headers,
    }
}
