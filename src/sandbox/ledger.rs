//! What happened: every request that arrived and every effect that was had, bounded in number and counted beyond.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Longer bodies are not remembered whole.
const BODY_KEPT_BYTES_MAX: usize = 64 * 1024;

/// A request that arrived.
#[derive(Debug, Clone, Serialize)]
pub struct RecordedCall {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query without its question mark.
    pub query: String,
    /// All headers but `authorization`.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: String,
    /// The key of the action, when one was to be run.
    pub verb: Option<String>,
    /// Its input as it was sent.
    pub input: Option<Arc<Value>>,
    /// What the caller wants to find in the run log.
    pub meta: Option<Arc<Value>>,
    /// The HTTP status of the answer; nothing while there is none, and when the connection was closed instead.
    pub status: Option<u16>,
    /// Whether the call was carried out in the account.
    pub effect: bool,
}

/// Something that was carried out in the account. Reads have no effect, and refused calls have none.
#[derive(Debug, Clone, Serialize)]
pub struct Effect {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The key of the action.
    pub verb: String,
    /// The connection on which it was done.
    pub connection: String,
    /// The input, without what the action does not know.
    pub input: Arc<Value>,
    /// `meta.runId`.
    pub run: Option<String>,
    /// `meta.step`.
    pub step: Option<String>,
    /// `meta.attempt`.
    pub attempt: Option<u64>,
    /// Membrane's id of the run; empty when it came through the proxy.
    pub action_run: String,
    /// Whether the account is not what it was before. Assigning a tag twice is two effects and one change.
    pub changed: bool,
}

impl Effect {
    /// The run it was done for, when `meta.runId` is one of ours.
    #[must_use]
    pub fn run_id(&self) -> Option<Uuid> {
        self.run.as_ref()?.parse().ok()
    }
}

/// The newest of a series, under numbers that go on.
#[derive(Debug)]
pub(super) struct Ring<T> {
    items: VecDeque<T>,
    first: u64,
    kept: usize,
}

impl<T> Ring<T> {
    pub(super) fn new(kept: usize) -> Self {
        Self {
            items: VecDeque::new(),
            first: 1,
            kept,
        }
    }

    /// The number that the next one gets.
    pub(super) fn next(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push_back(item);
        if self.items.len() > self.kept {
            self.items.pop_front();
            self.first += 1;
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        self.items.get(self.place(number)?)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.place(number)?;
        self.items.get_mut(place)
    }

    /// All that are kept, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}

/// Both series, and the counts.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) calls: Ring<RecordedCall>,
    pub(super) effects: Ring<Effect>,
    pub(super) effects_total: u64,
    pub(super) effects_by_verb: BTreeMap<String, u64>,
}

impl Ledger {
    pub(super) fn new(calls_kept: usize, effects_kept: usize) -> Self {
        Self {
            calls: Ring::new(calls_kept),
            effects: Ring::new(effects_kept),
            effects_total: 0,
            effects_by_verb: BTreeMap::new(),
        }
    }

    /// Remembers a request; its number is how to say more about it.
    pub(super) fn arrived(&mut self, mut call: RecordedCall) -> u64 {
        let number = self.calls.next();
        call.number = number;
        self.calls.push(call);
        number
    }

    pub(super) fn answered(&mut self, number: u64, status: Option<u16>) {
        if let Some(call) = self.calls.get_mut(number) {
            call.status = status;
        }
    }

    /// Counts an effect of the call with this number.
    pub(super) fn had_effect(&mut self, number: u64, mut effect: Effect) {
        if let Some(call) = self.calls.get_mut(number) {
            call.effect = true;
        }
        effect.number = self.effects.next();
        self.effects_total += 1;
        match self.effects_by_verb.get_mut(&effect.verb) {
            Some(count) => *count += 1,
            None => {
                self.effects_by_verb.insert(effect.verb.clone(), 1);
            }
        }
        self.effects.push(effect);
    }
}

/// Headers as they are remembered.
pub(super) fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect()
}

/// The beginning of a body as it is remembered.
pub(super) fn kept_body(body: &[u8]) -> String {
    let kept = &body[..body.len().min(BODY_KEPT_BYTES_MAX)];
    String::from_utf8_lossy(kept).into_owned()
}
