//! The only code that calls Membrane: [`Client`] carries out [`Actions`].
//!
//! A call goes through: `act` (one run; `fit` first: would Membrane drop something of its input?) → `line` (a connection at work:
//! its token and ids) → `wire` (bytes, once, by `gate`) → `classify` (an error's class, one table over what `fault` took apart) or the
//! catalogue's own reading of a success. `limit` is the pace, `token` the identity, `connect` the state of a connection, `listing`
//! the actions it offers, `help` what makes it READY. `desk` asks what a person's commands want to know, over the same wire. `look_back` finds out what became
//! of a call whose answer was lost, from `logs` and the account; `survey` reads what the account holds.
//!
//! Nothing is ever sent twice, but for three answers that prove that nothing was done: our token was refused (a fresh
//! one is tried once), the action's id is not known (ids are read again, and the call goes out once more if they have
//! changed), or this Membrane has no `/act` (the older form is tried).
//!
//! To add a request: a method of `Line` that uses `fetch`, or `ask` where a failure may leave an unknown outcome.

mod act;
mod classify;
mod connect;
mod desk;
mod fault;
mod find;
mod fit;
mod gate;
mod help;
mod limit;
mod line;
mod listing;
mod logs;
mod look_back;
mod settings;
mod survey;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use serde_json::{Value, json};

pub use self::connect::{ClientAction, Connection};
pub use self::desk::{
    ConnectRequest, Desk, Facts, Failed, ProxyAnswer, ProxyRequest, RESERVED_HEADERS,
};
pub use self::find::{Unfound, find, host};
pub use self::help::Help;
pub use self::listing::Listed;
pub use self::logs::RunLog;
pub use self::settings::{
    Auth, ConnectionSettings, DEFAULT_API_VERSION, DEFAULT_AT_ONCE, DEFAULT_PER_SECOND,
    DEFAULT_URL, Settings,
};

use self::fit::Care;
use self::line::Line;
use self::token::Tokens;
pub use self::wire::Carrier;
use self::wire::Http;
use crate::account::{Account, Place};
use crate::action::{
    Actions, Call, Catalog, Class, Evidence, Outcome, Readiness, Reads, Slot, Slowed, Turn,
};
use crate::clock::{SharedClock, after};

/// The cheap read by which a connection shows that it works.
const PROBE: &str = "retrieve-account-lists";
/// How long the probe may wait before it is sent.
const PROBE_SEND_WITHIN: Duration = Duration::from_secs(30);

/// Carries out actions through Membrane.
pub struct Client {
    lines: BTreeMap<Arc<str>, Line>,
    places: BTreeMap<Arc<str>, Place>,
    catalog: Catalog,
    clock: SharedClock,
    reread: Option<Reread>,
}

/// Reads the settings as they are by now; `None` where they cannot be used.
#[derive(Clone)]
pub struct Reread(pub Arc<dyn Fn() -> Option<Settings> + Send + Sync>);

impl fmt::Debug for Reread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reread")
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connections", &self.lines.keys())
            .finish_non_exhaustive()
    }
}

/// What was found out about a connection at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionReport {
    /// Membrane's id of it.
    pub id: String,
    /// Its name in Membrane.
    pub name: String,
    /// Its state, in Membrane's word.
    pub state: String,
    /// Whether it can run actions; asked by its state and by a cheap read.
    pub readiness: Readiness,
    /// How many actions it offers.
    pub actions: usize,
    /// Whom our token speaks for.
    pub tenant: Tenant,
}

/// The tenant that a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Membrane's id of it.
    pub id: String,
    /// Its name; the key where nobody gave it one.
    pub name: String,
    /// Our key of it.
    pub internal_id: String,
}

impl Client {
    /// A client for these connections. Sends nothing yet.
    ///
    /// # Errors
    /// If a setting cannot be used; the text names it.
    pub fn new(settings: Settings, catalog: Catalog, clock: SharedClock) -> Result<Self> {
        Self::by(settings, catalog, clock, None)
    }

    /// The same, by another way than the network.
    ///
    /// # Errors
    /// As of [`Client::new`].
    pub fn by(
        settings: Settings,
        catalog: Catalog,
        clock: SharedClock,
        carrier: Option<Arc<dyn Carrier>>,
    ) -> Result<Self> {
        settings.check()?;
        let http = Arc::new(Http::new(&settings, Arc::clone(&clock), carrier)?);
        let names = settings.connections.keys();
        let places = names.map(|name| (Arc::clone(name), settings.place(name)));
        let places = places.collect();
        let shared = Arc::new(Tokens::new(settings.auth));
        let mut lines = BTreeMap::new();
        for (name, connection) in settings.connections {
            let tokens = match connection.auth.clone() {
                Some(auth) => Arc::new(Tokens::new(auth)),
                None => Arc::clone(&shared),
            };
            let way = (Arc::clone(&http), tokens);
            let line = Line::new(&name, &connection, way, &clock, catalog.read_output);
            lines.insert(name, line);
        }
        Ok(Self {
            lines,
            places,
            catalog,
            clock,
            reread: None,
        })
    }

    /// The same, which reads its credentials anew when they are refused.
    #[must_use]
    pub fn rereading(self, reread: Option<Reread>) -> Self {
        Self { reread, ..self }
    }

    /// Looks at a connection: whom we are, what state it is in, what it offers, whether it works.
    ///
    /// # Errors
    /// If that cannot be found out; `Transient` and `RateLimited` may pass by themselves.
    pub async fn check(&self, connection: &str) -> Result<ConnectionReport, Box<Outcome>> {
        let line = self.line(connection)?;
        let tenant = read_tenant(&line.tenant().await?);
        let found = line.connection().await?;
        let readiness = match found.readiness(&line.name) {
            Readiness::Ready => self.probe(line).await,
            other => other,
        };
        let actions = match &readiness {
            Readiness::Ready => line.listing(None).await?.len(),
            _ => 0,
        };
        Ok(ConnectionReport {
            id: found.id,
            name: found.name,
            state: found.state,
            readiness,
            actions,
            tenant,
        })
    }

    fn line(&self, connection: &str) -> Result<&Line, Failed> {
        self.lines.get(connection).ok_or_else(|| {
            Box::new(Outcome::new(
                Class::ConnectionDown,
                format!(
                    "there is no connection {connection:?} in the settings: add it, or name another in the rule"
                ),
            ))
        })
    }

    async fn ask_readiness(&self, line: &Line) -> Readiness {
        match line
            .connection()
            .await
            .map(|found| found.readiness(&line.name))
        {
            Ok(Readiness::Ready) => self.probe(line).await,
            Ok(other) => other,
            Err(failed) => not_ready(*failed),
        }
    }

    /// Our credentials are refused: those that the settings have by now may be others. They are taken up if they are for the
    /// same place, so that they can lead to no other account. Whether they are new.
    async fn take_up_credentials(&self, line: &Line) -> bool {
        let settings = self.reread.as_ref().and_then(|reread| (reread.0)());
        let Some(settings) = settings else {
            return false;
        };
        let here = self.place(&line.name).await;
        let own = settings.connections.get(&line.name);
        let own = own.and_then(|own| own.auth.as_ref());
        let is_here = here.may_be(&settings.place(&line.name)) && own.is_some() == line.has_own;
        let is_new = is_here && line.take_up(own.unwrap_or(&settings.auth));
        if is_new {
            tracing::info!(connection = %line.name, "took up the credentials that the settings have now");
        }
        is_new
    }

    /// A cheap read.
    async fn probe(&self, line: &Line) -> Readiness {
        let outcome = line.act(&probe_call(&line.name, &self.clock)).await;
        match outcome.class {
            // It was answered, be it by a no; or READY is all that can be known of a connection without this read.
            Class::Done
            | Class::Already
            | Class::RuleWrong
            | Class::NotOffered
            | Class::TargetMissing
            | Class::Refused => Readiness::Ready,
            _ => not_ready(outcome),
        }
    }
}

/// The cheap read of this connection.
fn probe_call(connection: &Arc<str>, clock: &SharedClock) -> Call {
    Call {
        run: clock.new_id(),
        step: "readiness".into(),
        attempt: 1,
        connection: Arc::clone(connection),
        verb: PROBE.into(),
        input: Arc::new(json!({})),
        timeout: None,
        send_by: after(clock.now(), PROBE_SEND_WITHIN),
    }
}

#[async_trait]
impl Actions for Client {
    async fn slot(&self, connection: &str, turn: &Turn) -> Box<dyn Slot> {
        match self.lines.get(connection) {
            Some(line) => Box::new(line.pace.slot(turn).await),
            None => Box::new(Unpaced),
        }
    }

    fn try_slot(&self, connection: &str, turn: &Turn) -> Option<Box<dyn Slot>> {
        match self.lines.get(connection) {
            Some(line) => Some(Box::new(line.pace.try_slot(turn)?)),
            None => Some(Box::new(Unpaced)),
        }
    }

    fn slowed(&self, connection: &str) -> Option<Slowed> {
        self.lines.get(connection)?.pace.slowed()
    }

    async fn call(&self, call: &Call) -> Outcome {
        failpoint!("action_before_call");
        let outcome = match self.line(&call.connection) {
            Ok(line) => {
                let spec = self.catalog.get(&call.verb);
                let care = Care::of(spec.map(|spec| spec.effects));
                line.act_with(call, care).await
            }
            Err(failed) => *failed,
        };
        failpoint!("action_after_call");
        outcome
    }

    async fn readiness(&self, connection: &str) -> Readiness {
        let line = match self.line(connection) {
            Ok(line) => line,
            Err(failed) => return not_ready(*failed),
        };
        failpoint!("readiness_before_call");
        let found = self.ask_readiness(line).await;
        failpoint!("readiness_after_call");
        let is_refused = matches!(
            &found,
            Readiness::NotReady { class, .. } if *class == Class::OurToken
        );
        match is_refused && self.take_up_credentials(line).await {
            true => self.ask_readiness(line).await,
            false => found,
        }
    }

    async fn look_back(&self, call: &Call) -> Evidence {
        match self.line(&call.connection) {
            Ok(line) => line.look_back(call, self.catalog.look_back, None).await,
            Err(failed) => Evidence::Failed(*failed),
        }
    }

    async fn look_back_by(&self, call: &Call, reads: &dyn Reads) -> Evidence {
        failpoint!("look_back_before_call");
        let evidence = match self.line(&call.connection) {
            Ok(line) => {
                line.look_back(call, self.catalog.look_back, Some(reads))
                    .await
            }
            Err(failed) => Evidence::Failed(*failed),
        };
        failpoint!("look_back_after_call");
        evidence
    }

    async fn place(&self, connection: &str) -> Place {
        let settled = self.places.get(connection).cloned().unwrap_or_default();
        let id = match self.lines.get(connection) {
            Some(line) => line.known_id().await,
            None => None,
        };
        Place {
            connection: id.as_deref().map(str::to_owned),
            ..settled
        }
    }

    async fn survey(&self, connection: &str) -> Result<Account, Box<Outcome>> {
        let line = self.line(connection)?;
        failpoint!("survey_before_call");
        let account = line.survey(&self.catalog, self.clock.new_id()).await;
        failpoint!("survey_after_call");
        account
    }
}

/// A call on a connection that is not there needs no pace: it is refused before it is sent.
struct Unpaced;

impl Slot for Unpaced {}

fn not_ready(outcome: Outcome) -> Readiness {
    match outcome.class {
        Class::Transient | Class::RateLimited | Class::Unknown => {
            Readiness::Unknown(outcome.message)
        }
        class => Readiness::NotReady {
            class,
            text: outcome.message,
        },
    }
}

fn read_tenant(body: &Value) -> Tenant {
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .map(fault::short)
            .unwrap_or_default()
    };
    Tenant {
        id: text("id"),
        name: text("name"),
        internal_id: text("internalId"),
    }
}
