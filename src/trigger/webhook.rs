//! A request to a source: verified on its raw bytes, then read, cleaned of secrets and made an event.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::delivery::{Delivery, Request};
use super::redact;
use super::signature::{Refusal, reason};
use super::source::Source;
use super::{Arrival, Received};
use crate::event::{Envelope, Event, Format};

impl Source {
    /// What a request means. GET and HEAD, by which senders and people look whether somebody is there, need no proof and bring no event.
    #[must_use]
    pub fn receive(&self, request: &Request<'_>, arrival: Arrival<'_>) -> Received {
        if request.method == "GET" || request.method == "HEAD" {
            return Received::Handshake {
                kind: "probe",
                status: 200,
                content_type: "text/plain; charset=utf-8",
                body: String::new(),
            };
        }
        let delivery = Delivery::new(request);
        match self
            .verify(&delivery, arrival.now)
            .and_then(|()| self.shape(delivery, arrival))
        {
            Ok(event) => Received::Events(vec![event]),
            Err(refusal) => Received::Refused(refusal),
        }
    }

    /// The same without asking for proof: for tests of rules, and for what was verified before.
    #[must_use]
    pub fn receive_verified(&self, request: &Request<'_>, arrival: Arrival<'_>) -> Received {
        match self.shape(Delivery::new(request), arrival) {
            Ok(event) => Received::Events(vec![event]),
            Err(refusal) => Received::Refused(refusal),
        }
    }

    /// A verified delivery as an event.
    fn shape(&self, delivery: Delivery<'_>, arrival: Arrival<'_>) -> Result<Event, Refusal> {
        let request = delivery.request;
        let traces = self.scheme.traces();
        let body = delivery
            .into_body()
            .map_err(|wrong| Refusal::unusable(reason::BODY, wrong))?;
        let mut format = body.format;
        let query = redact::query(request, &traces, &self.secrets)
            .map_err(|wrong| Refusal::unusable(reason::QUERY, wrong))?;
        let headers = redact::headers(request.headers, &traces, &self.secrets);

        let mut tree = Map::with_capacity(3);
        tree.insert("body".into(), body.value);
        tree.insert("headers".into(), Value::Object(headers));
        tree.insert("query".into(), Value::Object(query));
        let mut tree = Value::Object(tree);
        let redacted = redact::field(&mut tree["body"], traces.field);
        if let Some(refusal) = self
            .preset
            .and_then(|preset| preset.refuse)
            .and_then(|refuse| refuse(&tree["body"]))
        {
            return Err(refusal);
        }
        let retyped = self.types.apply(&mut tree);
        // What was changed is kept as changed, so that the event reads the same when it comes back from the store.
        let raw: Arc<[u8]> = if redacted || retyped {
            format = Format::Json;
            tree["body"].to_string().into_bytes().into()
        } else {
            request.body.into()
        };

        let kind = self.mapping.kind(&tree);
        let (sender_id, earlier) = match self.mapping.id(&tree) {
            Some(id) => (id, None),
            None => self.id_of_body(request.body, arrival.now),
        };
        let event = Event {
            id: (arrival.new_id)(),
            source: self.name.clone(),
            sender_id,
            earlier,
            received_at: arrival.now,
            live: self.mapping.live(&tree),
            replay_of: None,
            caused_by: None,
            depth: 0,
            person: self.mapping.person(&kind, &tree),
            kind,
            format,
            raw,
            tree: Arc::default(),
        };
        let mut branch = |name: &str| tree[name].take();
        let map = |value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let envelope = Envelope {
            headers: map(branch("headers")),
            query: map(branch("query")),
            env: arrival.env.clone(),
            ..Envelope::default()
        };
        Ok(event.with_tree(branch("body"), envelope))
    }

    /// The id of an event whose sender gives none: the SHA-256 of its body, and in which window of `dedupe` it came.
    ///
    /// Windows of one body follow one another without a gap, and where they begin hangs on the body's hash: no moment of the
    /// day is the edge of all of them. A repeat may come after the end of its first one's window although less than
    /// `dedupe` has passed; so the id of the window before is given along, with the time since when it still counts.
    fn id_of_body(&self, body: &[u8], now: Timestamp) -> (String, Option<(String, Timestamp)>) {
        let hash = Sha256::digest(body);
        let window = i64::try_from(self.dedupe.as_secs()).unwrap_or(i64::MAX);
        let phase = hash
            .iter()
            .take(6)
            .fold(0, |sum, byte| sum << 8 | i64::from(*byte))
            % window;
        let number = now.as_second().saturating_sub(phase).div_euclid(window);
        let hash = hex::encode(hash);
        let since = now.saturating_sub(SignedDuration::from_secs(window));
        let earlier = since
            .ok()
            .map(|since| (format!("sha256:{hash}/{}", number - 1), since));
        (format!("sha256:{hash}/{number}"), earlier)
    }
}
