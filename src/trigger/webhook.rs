//! A request to a source: verified on its raw bytes, then read, cleaned of secrets and made an event.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::ask::Told;
use super::delivery::{Delivery, Request};
use super::preset::{Answer, Keys, Unfolded};
use super::redact;
use super::signature::{Refusal, reason};
use super::source::Source;
use super::{Arrival, Received};
use crate::event::{Envelope, Event, Format, Unproven};

/// Most events in one delivery.
pub const BATCH_EVENTS_MAX: usize = 1_000;

/// Digits of the hash of a body behind an id that nothing proves: half of it cannot be made to fit either.
const BODY_HASH_CHARS: usize = 32;

impl Source {
    /// What a request means. GET and HEAD, by which senders and people look whether somebody is there, need no proof and bring no event.
    #[must_use]
    pub fn receive(&self, request: &Request<'_>, arrival: Arrival<'_>) -> Received {
        let greet = self.preset.and_then(|preset| preset.greet);
        if let Some(answer) = greet.and_then(|greet| greet(request, &self.keys())) {
            return answer.into();
        }
        if request.method == "GET" || request.method == "HEAD" {
            return Answer::text("probe", "").into();
        }
        let encoding = request.headers.get("content-encoding").map(str::trim);
        if let Some(encoding) = encoding.filter(|encoding| !is_plain(encoding)) {
            return Received::Refused(Refusal::compressed(encoding));
        }
        let delivery = Delivery::new(request, self.charset_field());
        match self.verify(&delivery, arrival.now) {
            Ok(()) => match self.scheme.question(&delivery) {
                Some(question) => Received::Ask(question),
                None => self.read(delivery, arrival),
            },
            Err(refusal) => Received::Refused(refusal),
        }
    }

    /// What the same request means now that its [`Question`](super::Question) is answered so.
    #[must_use]
    pub fn answered(
        &self,
        request: &Request<'_>,
        arrival: Arrival<'_>,
        told: &Told<'_>,
    ) -> Received {
        let delivery = Delivery::new(request, self.charset_field());
        let verified = self.verify(&delivery, arrival.now);
        match verified.and_then(|()| self.scheme.settle(&delivery, arrival.now, told)) {
            Ok(()) => self.read(delivery, arrival),
            Err(refusal) => Received::Refused(refusal),
        }
    }

    /// The same without asking for proof: for tests of rules, and for what was verified before.
    #[must_use]
    pub fn receive_verified(&self, request: &Request<'_>, arrival: Arrival<'_>) -> Received {
        self.read(Delivery::new(request, self.charset_field()), arrival)
    }

    pub(super) fn charset_field(&self) -> &'static str {
        self.preset.map_or("", |preset| preset.charset_field)
    }

    fn keys(&self) -> Keys<'_> {
        Keys {
            secrets: &self.secrets,
            around: &self.around,
        }
    }

    fn read(&self, delivery: Delivery<'_>, arrival: Arrival<'_>) -> Received {
        self.shape(delivery, arrival)
            .unwrap_or_else(Received::Refused)
    }

    /// A verified delivery as the events that it holds, or the answer to its question.
    fn shape(&self, delivery: Delivery<'_>, arrival: Arrival<'_>) -> Result<Received, Refusal> {
        let request = delivery.request;
        let mut body = delivery
            .into_body()
            .map_err(|wrong| Refusal::unusable(reason::BODY, wrong))?;
        let query = redact::query(request, &self.traces, &self.secrets)
            .map_err(|wrong| Refusal::unusable(reason::QUERY, wrong))?;
        let mut headers = Value::Object(redact::headers(
            request.headers,
            &self.traces,
            &self.secrets,
        ));
        let mut query = Value::Object(query);
        let mut is_changed = body.is_translated;
        for names in &self.traces.fields {
            is_changed |= redact::field(&mut body.value, names);
        }
        let unfold = self.preset.and_then(|preset| preset.unfold);
        let values = match unfold.map(|unfold| unfold(std::mem::take(&mut body.value))) {
            None => vec![body.value],
            Some(unfolded) => match unfolded? {
                Unfolded::AsIs(value) => vec![value],
                Unfolded::Anew(values) => {
                    is_changed = true;
                    values
                }
            },
        };
        if values.len() > BATCH_EVENTS_MAX {
            let detail = format!("a batch of more than {BATCH_EVENTS_MAX} events");
            return Err(Refusal::unusable(reason::BODY, detail));
        }
        let count = values.len();
        let mut events = Vec::with_capacity(count);
        for value in values {
            // Each event has what came with all of them; the last one takes it.
            let is_last = events.len() + 1 == count;
            let own = |shared: &mut Value| match is_last {
                true => shared.take(),
                false => shared.clone(),
            };
            let mut tree = tree_of(value, own(&mut headers), own(&mut query));
            if count == 1
                && let Some(answer) = self.answer(&tree)
            {
                return Ok(answer.into());
            }
            let is_changed = self.types.apply(&mut tree) || is_changed;
            // What was changed is kept as changed, so that the event reads the same when it comes back from the store.
            let (format, raw): (Format, Arc<[u8]>) = if is_changed {
                (Format::Json, tree["body"].to_string().into_bytes().into())
            } else {
                (body.format, request.body.into())
            };
            events.push(self.event(arrival, tree, format, raw));
        }
        if events.is_empty() {
            return Ok(Answer::text("empty batch", "").into());
        }
        Ok(Received::Events(events))
    }

    fn answer(&self, tree: &Value) -> Option<Answer> {
        let answer = self.preset?.answer?;
        answer(tree, &self.keys())
    }

    /// One event, whose parts stand in `tree`.
    fn event(
        &self,
        arrival: Arrival<'_>,
        mut tree: Value,
        format: Format,
        raw: Arc<[u8]>,
    ) -> Event {
        let kind = self.mapping.kind(&tree);
        let claimed = self.mapping.id(&tree);
        let unproven = self.is_looked_up.then(|| Unproven {
            id: claimed.clone(),
        });
        let (sender_id, earlier) = match claimed {
            Some(id) if unproven.is_some() => (format!("{id}/{}", short_hash(&raw)), None),
            Some(id) => (id, None),
            None => self.id_of_body(&raw, arrival.now),
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
            unproven,
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
        event.with_tree(branch("body"), envelope)
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

/// What tells one body from another that claims the same id.
fn short_hash(body: &[u8]) -> String {
    let mut hash = hex::encode(Sha256::digest(body));
    hash.truncate(BODY_HASH_CHARS);
    hash
}

/// Whether this `Content-Encoding` leaves the body as it is.
fn is_plain(encoding: &str) -> bool {
    encoding.is_empty() || encoding.eq_ignore_ascii_case("identity")
}

/// What paths lead into.
fn tree_of(body: Value, headers: Value, query: Value) -> Value {
    let mut tree = Map::with_capacity(3);
    tree.insert("body".into(), body);
    tree.insert("headers".into(), headers);
    tree.insert("query".into(), query);
    Value::Object(tree)
}

impl From<Answer> for Received {
    fn from(answer: Answer) -> Self {
        Self::Handshake {
            kind: answer.kind,
            status: answer.status,
            content_type: if answer.is_json {
                "application/json"
            } else {
                "text/plain; charset=utf-8"
            },
            body: answer.body,
        }
    }
}
