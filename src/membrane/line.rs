//! One connection at work: its token, its id, the actions it offers.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::Mutex;

use super::classify::{failure_of_question, refuses_token};
use super::connect::Connection;
use super::fault::{Asked, is_error};
use super::find::find;
use super::limit::Pace;
use super::listing::{Listing, MAX_PAGES, PAGE_SIZE, next_cursor};
use super::settings::{Auth, ConnectionSettings};
use super::token::Tokens;
use super::wire::{Answer, Http, NoAnswer, Request};
use crate::action::{Class, Outcome, ReadOutput};
use crate::clock::SharedClock;

/// Why there is no result.
pub(super) type Failed = Box<Outcome>;

/// One connection at work.
pub(super) struct Line {
    pub(super) name: Arc<str>,
    pub(super) pace: Arc<Pace>,
    app: Option<String>,
    pub(super) http: Arc<Http>,
    tokens: Arc<Tokens>,
    /// Whether its credentials are its own.
    pub(super) has_own: bool,
    pub(super) clock: SharedClock,
    pub(super) read_output: ReadOutput,
    id: Mutex<Option<Arc<str>>>,
    listing: Mutex<Option<Arc<Listing>>>,
}

impl Line {
    pub(super) fn new(
        name: &Arc<str>,
        settings: &ConnectionSettings,
        (http, tokens): (Arc<Http>, Arc<Tokens>),
        clock: &SharedClock,
        read_output: ReadOutput,
    ) -> Self {
        let pace = Pace::new(Arc::clone(clock), settings.per_second, settings.at_once);
        Self {
            name: Arc::clone(name),
            pace,
            app: settings.app.clone(),
            http,
            tokens,
            has_own: settings.auth.is_some(),
            clock: Arc::clone(clock),
            read_output,
            id: Mutex::new(settings.id.as_deref().map(Into::into)),
            listing: Mutex::new(None),
        }
    }

    /// Other credentials from now on. Whether they are others.
    pub(super) fn take_up(&self, auth: &Auth) -> bool {
        self.tokens.take_up(auth)
    }

    /// The tenant that our token speaks for.
    pub(super) async fn tenant(&self) -> Result<Value, Failed> {
        let answer = self
            .fetch("GET /self", &Request::get(&["self"], &[]))
            .await?;
        Ok(answer.body.unwrap_or(Value::Null))
    }

    /// The connection as it is now.
    pub(super) async fn connection(&self) -> Result<Connection, Failed> {
        let id = self.connection_id().await?;
        let path = ["connections", &*id];
        // As Membrane's own client asks.
        let request = Request::get(&path, &[("includeSecrets", "false")]);
        let answer = self.fetch_of(&id, "the connection", &request).await?;
        read_connection(&answer)
    }

    /// The actions the connection offers, read again if `stale` is what we have.
    pub(super) async fn listing(
        &self,
        stale: Option<&Arc<Listing>>,
    ) -> Result<Arc<Listing>, Failed> {
        let id = self.connection_id().await?;
        let mut kept = self.listing.lock().await;
        if let Some(listing) = &*kept
            && stale.is_none_or(|stale| !Arc::ptr_eq(stale, listing))
        {
            return Ok(Arc::clone(listing));
        }
        let listing = Arc::new(self.fetch_listing(&id).await?);
        *kept = Some(Arc::clone(&listing));
        Ok(listing)
    }

    /// The actions the connection offers now, whatever we have.
    pub(super) async fn fresh_listing(&self) -> Result<Arc<Listing>, Failed> {
        let id = self.connection_id().await?;
        let listing = Arc::new(self.fetch_listing(&id).await?);
        *self.listing.lock().await = Some(Arc::clone(&listing));
        Ok(listing)
    }

    /// Membrane's id of the connection where it is known already.
    pub(super) async fn known_id(&self) -> Option<Arc<str>> {
        self.id.lock().await.clone()
    }

    /// Membrane's id of the connection: pinned, or looked for among the tenant's. Nothing is ever made here.
    pub(super) async fn connection_id(&self) -> Result<Arc<str>, Failed> {
        let mut kept = self.id.lock().await;
        if let Some(id) = &*kept {
            return Ok(Arc::clone(id));
        }
        let all = self.connections().await?;
        let found = find(&all, &self.name, self.app.as_deref()).map_err(|unfound| {
            Box::new(Outcome::new(Class::ConnectionDown, unfound.in_one_line()))
        })?;
        let id: Arc<str> = found.id().into();
        *kept = Some(Arc::clone(&id));
        Ok(id)
    }

    /// Every connection of our tenant.
    pub(super) async fn connections(&self) -> Result<Vec<Connection>, Failed> {
        let what = "the list of connections";
        let mut all = Vec::new();
        let mut cursor = "0".to_owned();
        for _ in 0..MAX_PAGES {
            let query = [("cursor", cursor.as_str()), ("limit", PAGE_SIZE)];
            let request = Request::get(&["connections"], &query);
            let page = self.fetch(what, &request).await?.body;
            let page = page.ok_or_else(|| unreadable(what))?;
            let items = page.get("items").and_then(Value::as_array);
            let items = items.ok_or_else(|| unreadable(what))?;
            all.extend(items.iter().filter_map(Connection::read));
            match next_cursor(&page) {
                Some(next) if next != cursor => cursor = next,
                _ => break,
            }
        }
        Ok(all)
    }

    async fn fetch_listing(&self, id: &str) -> Result<Listing, Failed> {
        let mut listing = Listing::default();
        // Membrane's own client begins with this cursor where it reads all.
        let mut cursor = Some("0".to_owned());
        for _ in 0..MAX_PAGES {
            let mut query = vec![("connectionId", id), ("limit", PAGE_SIZE)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let request = Request::get(&["actions"], &query);
            let answer = self.fetch_of(id, "the list of actions", &request).await?;
            let Some(next) = answer.body.and_then(|page| listing.add_page(&page)) else {
                return Err(unreadable("the list of actions"));
            };
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(listing)
    }

    /// Something about the connection. That it is not there is said in words that help.
    async fn fetch_of(
        &self,
        id: &str,
        what: &str,
        request: &Request<'_>,
    ) -> Result<Answer, Failed> {
        self.fetch(what, request).await.map_err(|mut failed| {
            if failed.status == Some(404) {
                failed.message = format!(
                    "Membrane knows no connection {id} for our tenant: check connections.{}.id and the tenant key",
                    self.name
                );
            }
            failed
        })
    }

    /// Something that changes nothing, or may be repeated: so a failure never leaves an unknown outcome.
    pub(super) async fn fetch(&self, what: &str, request: &Request<'_>) -> Result<Answer, Failed> {
        let answer = self.ask(request).await.map_err(|none| {
            Box::new(Outcome::new(
                Class::Transient,
                format!("{what}: {}", none.message),
            ))
        })?;
        if answer.is_success() && !is_error(&answer) {
            return Ok(answer);
        }
        let asked = Asked {
            what,
            input: &Value::Null,
            read_output: None,
        };
        let mut outcome = failure_of_question(&answer, asked, self.clock.now()).outcome;
        outcome.class = match outcome.class {
            // Set up wrongly: a person must see to it, and no run is lost meanwhile.
            Class::RuleWrong | Class::NotOffered | Class::Refused => Class::ConnectionDown,
            class => class,
        };
        Err(Box::new(outcome))
    }

    /// Sends, and once more with a fresh token where ours was refused: that proves that nothing was done.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Answer, NoAnswer> {
        let began = Instant::now();
        let token = self.tokens.current(self.clock.now());
        let answer = self.http.send(request, &token).await?;
        if !refuses_token(&answer) {
            return Ok(answer);
        }
        let Some(fresh) = self.tokens.renewed(&token, self.clock.now()) else {
            return Ok(answer);
        };
        let again = Request {
            body: request.body.clone(),
            timeout: request.timeout.saturating_sub(began.elapsed()),
            ..*request
        };
        failpoint!("token_before_call");
        let answer = self.http.send(&again, &fresh).await;
        failpoint!("token_after_call");
        answer
    }
}

fn read_connection(answer: &Answer) -> Result<Connection, Failed> {
    answer
        .body
        .as_ref()
        .and_then(Connection::read)
        .ok_or_else(|| unreadable("the connection"))
}

pub(super) fn unreadable(what: &str) -> Failed {
    Box::new(Outcome::new(
        Class::Transient,
        format!("{what}: Membrane's answer could not be read"),
    ))
}
