//! The desk: what a person's commands ask of Membrane, over the same wire, tokens and classification as the daemon's client.
//!
//! One request goes out once, and once more with a fresh token where ours was refused. Nothing else is repeated.
//!
//! To add a question: a method in the file of its noun that uses `fetch` where a failure leaves nothing open.

mod actions;
mod connections;
mod facts;
mod logs;
mod proxy;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::Value;

pub use self::connections::ConnectRequest;
pub use self::facts::Facts;
pub use self::proxy::{ProxyAnswer, ProxyRequest, RESERVED_HEADERS};

use super::classify::{RECONNECT, SEE_STATUS, failure, failure_of_question, refuses_token};
use super::fault::{Asked, Fault, is_error};
use super::line::{Line, unreadable};
use super::settings::{ConnectionSettings, Settings};
use super::token::Tokens;
use super::wire::{Answer, Http, Manner, NoAnswer, Raw, Request};
use crate::action::{Catalog, Class, Outcome, SLOWS_DOWN};
use crate::clock::SharedClock;

/// Why there is no answer: a class, and words for a person.
pub type Failed = Box<Outcome>;

/// Asks Membrane what a person wants to know, with one identity.
pub struct Desk {
    line: Line,
    http: Arc<Http>,
    tokens: Arc<Tokens>,
    clock: SharedClock,
    catalog: Catalog,
    facts: Mutex<Option<Facts>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("connection", &self.line.name)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// With the credentials that this connection uses; without a name with those that all share. Sends nothing yet.
    ///
    /// # Errors
    /// If a setting cannot be used, or there is no such connection; the text names it.
    pub fn new(
        settings: &Settings,
        connection: Option<&str>,
        clock: SharedClock,
        catalog: Catalog,
    ) -> Result<Self> {
        let named = connection.and_then(|name| settings.connections.get(name));
        ensure!(
            named.is_some() || connection.is_none(),
            "there is no connection {:?} in the settings",
            connection.unwrap_or_default()
        );
        let own = named.cloned().unwrap_or_default();
        if let Some(auth) = &own.auth {
            auth.check(&format!("connections.{}", connection.unwrap_or_default()))?;
        }
        let auth = own.auth.as_ref().unwrap_or(&settings.auth).clone();
        let alone = Settings {
            auth,
            connections: std::iter::once((
                connection.unwrap_or_default().into(),
                ConnectionSettings { auth: None, ..own },
            ))
            .collect(),
            ..settings.clone()
        };
        alone.check()?;
        let http = Arc::new(Http::new(&alone, Arc::clone(&clock), None)?);
        let tokens = Arc::new(Tokens::new(alone.auth));
        let way = (Arc::clone(&http), Arc::clone(&tokens));
        let name: Arc<str> = connection.unwrap_or_default().into();
        let own = &alone.connections[&name];
        Ok(Self {
            line: Line::new(&name, own, way, &clock, catalog.read_output),
            http,
            tokens,
            clock,
            catalog,
            facts: Mutex::new(None),
        })
    }

    /// What the headers of the last answer told; nothing before the first.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        self.facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Something that changes nothing, or may be repeated: so a failure leaves no unknown outcome.
    async fn fetch(
        &self,
        what: &str,
        request: &Request<'_>,
        manner: &Manner<'_>,
    ) -> Result<Answer, Failed> {
        let raw = self.ask(request, manner).await.map_err(|none| {
            Box::new(Outcome::new(
                Class::Transient,
                format!("{what}: {}", none.message),
            ))
        })?;
        let answer = raw.answer(self.clock.now());
        if answer.is_success() && !is_error(&answer) {
            return Ok(answer);
        }
        Err(self.refused(what, &answer, true))
    }

    /// A question leaves nothing open; anything else may have been done.
    fn refused(&self, what: &str, answer: &Answer, is_question: bool) -> Failed {
        let asked = Asked {
            what,
            input: &Value::Null,
            read_output: None,
        };
        let verdict = match is_question {
            true => failure_of_question(answer, asked, self.clock.now()),
            false => failure(answer, asked, self.clock.now()),
        };
        Box::new(by_hand(verdict.outcome))
    }

    /// Sends, and once more with a fresh token where ours was refused: that proves that nothing was done.
    async fn ask(&self, request: &Request<'_>, manner: &Manner<'_>) -> Result<Raw, NoAnswer> {
        let began = Instant::now();
        let token = self.tokens.current(self.clock.now());
        let raw = self.http.exchange(request, manner, &token).await?;
        self.note(&raw, began);
        let answer = raw.answer(self.clock.now());
        // Behind the proxy a 401 may be the application's own.
        let is_ours = manner.tail.is_none() || Fault::of(&answer).has_known_type();
        if !is_ours || !refuses_token(&answer) {
            return Ok(raw);
        }
        let Some(fresh) = self.tokens.renewed(&token, self.clock.now()) else {
            return Ok(raw);
        };
        let again = Request {
            body: request.body.clone(),
            timeout: request.timeout.saturating_sub(began.elapsed()),
            ..*request
        };
        let raw = self.http.exchange(&again, manner, &fresh).await?;
        self.note(&raw, began);
        Ok(raw)
    }

    fn note(&self, raw: &Raw, began: Instant) {
        let facts = Facts::read(raw.status, &raw.headers, began.elapsed(), self.clock.now());
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
    }
}

/// The same for a person who did it by hand: no run waits, and no daemon tries it again.
fn by_hand(mut outcome: Outcome) -> Outcome {
    outcome.message = outcome.message.replacen(RECONNECT, SEE_STATUS, 1);
    if outcome.class == Class::RateLimited {
        let again = match outcome.retry_after {
            Some(asked) => format!("try again in {} s", asked.as_millis().div_ceil(1_000)),
            None => "try again in a minute".to_owned(),
        };
        outcome.message = outcome.message.replacen(SLOWS_DOWN, &again, 1);
    }
    outcome
}
