//! All that a sandbox holds, behind one lock, and the face it shows to tests.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Formatter, Result as Written};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::account::{Account, Cents, Lead, Sale, Transaction};
use super::ceiling::Ceiling;
use super::connections::{Connection, ConnectionState, ToDo};
use super::faults::{Fault, Faults};
use super::ledger::{Effect, Ledger, RecordedCall};
use super::logs::{INTEGRATION_ID, Logs};
use super::reports::Reports;
use super::requests::ConnectionRequest;
use super::settings::Settings;
use super::{CONNECTION_ID, Options};
use crate::clock::SharedClock;

/// What a sandbox holds and remembers. Everything here can be asked and changed while it serves.
pub struct State {
    pub(super) clock: SharedClock,
    options: Options,
    inner: Mutex<Inner>,
    changes: watch::Sender<()>,
    stopping: watch::Sender<bool>,
}

/// One customer of the workspace.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) created: Timestamp,
    /// Sees no connection but its own.
    pub(super) empty: bool,
    /// Was so from the beginning.
    made_empty: bool,
}

/// The part behind the lock. Nobody waits while holding it.
pub(super) struct Inner {
    pub(super) workspace_key: String,
    pub(super) workspace_secret: String,
    pub(super) tokens: HashMap<String, String>,
    pub(super) tenants: HashMap<String, Arc<Tenant>>,
    pub(super) connections: BTreeMap<String, Connection>,
    pub(super) requests: BTreeMap<String, ConnectionRequest>,
    pub(super) faults: Faults,
    pub(super) settings: Settings,
    pub(super) ledger: Ledger,
    pub(super) logs: Logs,
    pub(super) ceiling: Ceiling,
    pub(super) reports: Reports,
    made: u64,
}

impl Debug for State {
    fn fmt(&self, out: &mut Formatter<'_>) -> Written {
        out.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(options: Options) -> Self {
        let now = options.clock.now();
        Self {
            clock: Arc::clone(&options.clock),
            inner: Mutex::new(Inner::new(&options, now)),
            options,
            changes: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
        }
    }

    /// Everything as it was at the start: account, connections, faults, settings, ledger, logs.
    pub fn reset(&self) {
        *self.lock() = Inner::new(&self.options, self.clock.now());
        self.changed();
    }

    /// The requests that arrived, oldest first; those of the control routes are not among them.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().ledger.calls.iter().cloned().collect()
    }

    /// The requests that were to run this action.
    #[must_use]
    pub fn calls_of(&self, verb: &str) -> Vec<RecordedCall> {
        let mut calls = self.calls();
        calls.retain(|call| call.verb.as_deref() == Some(verb));
        calls
    }

    /// What was carried out in the account, oldest first.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.lock().ledger.effects.iter().cloned().collect()
    }

    /// What was carried out by this action.
    #[must_use]
    pub fn effects_of(&self, verb: &str) -> Vec<Effect> {
        let mut effects = self.effects();
        effects.retain(|effect| effect.verb == verb);
        effects
    }

    /// What was carried out for this run (`meta.runId`). Two of one step are a double execution.
    #[must_use]
    pub fn effects_of_run(&self, run: &str) -> Vec<Effect> {
        let mut effects = self.effects();
        effects.retain(|effect| effect.run.as_deref() == Some(run));
        effects
    }

    /// How many effects there were, also those that are no longer remembered.
    #[must_use]
    pub fn effects_total(&self) -> u64 {
        self.lock().ledger.effects_total
    }

    /// How many calls Kartra refused because they were too many (`kartra_per_second`).
    #[must_use]
    pub fn too_many(&self) -> u64 {
        self.lock().ceiling.refused
    }

    /// What Kartra reported of changes, oldest first: bodies of its outbound API. As many are kept as calls.
    #[must_use]
    pub fn reports(&self) -> Vec<Value> {
        self.lock().reports.events().collect()
    }

    /// Returns once there were so many effects.
    pub async fn effects_reached(&self, count: u64) {
        let mut changes = self.changes.subscribe();
        while self.effects_total() < count {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// The lead with this address in the account of the connection that everybody sees.
    #[must_use]
    pub fn lead(&self, email: &str) -> Option<Lead> {
        self.account(|account| account.lead(email).cloned())
    }

    /// The transactions of the lead with this address, oldest first.
    #[must_use]
    pub fn transactions(&self, email: &str) -> Vec<Transaction> {
        self.account(|account| match account.lead(email) {
            Some(lead) => account.transactions_of(lead).cloned().collect(),
            None => Vec::new(),
        })
    }

    /// Adds a sale to a lead, who is made when there is none; gives the transaction's number.
    pub fn add_sale(&self, email: &str, cents: i64) -> u64 {
        let now = self.clock.now();
        let sale = Sale {
            email,
            product: "Signature Course",
            amount: Cents(cents),
            recurring: false,
        };
        self.account(|account| account.add_sale(&sale, now).0)
    }

    /// Looks at the account behind the connection that everybody sees, or changes it.
    pub fn account<T>(&self, with: impl FnOnce(&mut Account) -> T) -> T {
        match self.account_of(CONNECTION_ID, with) {
            Ok(looked) => looked,
            Err(with) => with(&mut Account::empty()),
        }
    }

    /// The same, of another connection; gives the closure back when there is no account behind it.
    ///
    /// # Errors
    ///
    /// When there is no such connection, or none to Kartra.
    pub fn account_of<T, F: FnOnce(&mut Account) -> T>(&self, id: &str, with: F) -> Result<T, F> {
        let mut inner = self.lock();
        let connection = inner.connections.get_mut(id);
        match connection.and_then(|connection| connection.account.as_mut()) {
            Some(account) => Ok(with(account)),
            None => Err(with),
        }
    }

    /// Orders a fault. Of those that fit, the one ordered first is taken.
    pub fn add_fault(&self, fault: Fault) {
        let now = self.clock.now();
        self.lock().faults.add(fault, now);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The state of a connection; nothing when there is no such connection.
    #[must_use]
    pub fn connection(&self, id: &str) -> Option<ConnectionState> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let connection = inner.connections.get_mut(id)?;
        Some(connection.settled(now).state)
    }

    /// Puts a connection into a state; false when there is no such connection. A person who must act must log in.
    pub fn set_connection(&self, id: &str, state: ConnectionState) -> bool {
        self.put_connection(id, state, ToDo::Connect)
    }

    /// Has a connection ask a person for this; false when there is no such connection.
    pub fn ask_for(&self, id: &str, to_do: ToDo) -> bool {
        self.put_connection(id, ConnectionState::ClientActionRequired, to_do)
    }

    fn put_connection(&self, id: &str, state: ConnectionState, to_do: ToDo) -> bool {
        let now = self.clock.now();
        let mut inner = self.lock();
        let known = inner.connections.get_mut(id).map(|connection| {
            connection.to_do = to_do;
            connection.put(state, now);
        });
        drop(inner);
        self.changed();
        known.is_some()
    }

    /// Changes the settings.
    pub fn set(&self, with: impl FnOnce(&mut Settings)) {
        with(&mut self.lock().settings);
    }

    /// Another workspace secret: tokens signed with the former are refused from now on, and fixed ones as well.
    pub fn rotate_secret(&self, secret: &str) {
        let mut inner = self.lock();
        secret.clone_into(&mut inner.workspace_secret);
        inner.tokens.clear();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(super) fn go_on(&self) {
        self.stopping.send_replace(false);
    }

    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

impl Inner {
    fn new(options: &Options, now: Timestamp) -> Self {
        let mut connections = BTreeMap::new();
        connections.insert(CONNECTION_ID.to_owned(), Connection::of_everybody(now));
        let mut inner = Self {
            workspace_key: options.workspace_key.clone(),
            workspace_secret: options.workspace_secret.clone(),
            tokens: options.tokens.iter().cloned().collect(),
            tenants: HashMap::new(),
            connections,
            requests: BTreeMap::new(),
            faults: Faults::new(options.seed),
            settings: Settings::default(),
            ledger: Ledger::new(options.calls_kept, options.effects_kept),
            logs: Logs::new(options.logs_kept),
            ceiling: Ceiling::default(),
            reports: Reports::new(options.calls_kept),
            made: 0,
        };
        // The tenants of fixed tokens are nobody new.
        for (_, key) in &options.tokens {
            inner.tenant(key, None, now);
        }
        inner
    }

    /// The tenant with this key; made when there is none.
    pub(super) fn tenant(&mut self, key: &str, name: Option<&str>, now: Timestamp) -> Arc<Tenant> {
        let listed = self.settings.empty_tenants.contains(key);
        let known = self.tenants.get(key);
        let made_empty = known.map_or(self.settings.tenants_empty, |known| known.made_empty);
        let empty = made_empty || listed;
        if let Some(known) = known.filter(|known| known.empty == empty) {
            return Arc::clone(known);
        }
        let tenant = Arc::new(Tenant {
            id: object_id(0x68b0_aa11, fingerprint(key)),
            key: key.to_owned(),
            name: known
                .map_or(name.unwrap_or(key), |known| &known.name)
                .to_owned(),
            created: known.map_or(now, |known| known.created),
            empty,
            made_empty,
        });
        self.tenants.insert(key.to_owned(), Arc::clone(&tenant));
        tenant
    }

    /// A connection that this tenant sees, by id or key.
    pub(super) fn connection(
        &mut self,
        tenant: &Tenant,
        id_or_key: &str,
        now: Timestamp,
    ) -> Option<&mut Connection> {
        let is_meant = |one: &Connection| match id_or_key {
            "kartra" | INTEGRATION_ID => one.account.is_some(),
            id => one.is_called(id),
        };
        let mut all = self.connections.values_mut();
        let connection = all.find(|one| is_meant(one) && one.is_visible_to(tenant))?;
        Some(connection.settled(now))
    }

    /// Whether Kartra takes one more call at this instant; counts it.
    pub(super) fn kartra_takes(&mut self, now: Timestamp) -> bool {
        self.ceiling.takes(self.settings.kartra_per_second, now)
    }

    /// A fresh number for an id.
    pub(super) fn fresh(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

/// An id of 24 hexadecimal digits, as Membrane's look.
pub(super) fn object_id(kind: u32, number: u64) -> String {
    format!("{kind:08x}{number:016x}")
}

/// An instant as Membrane writes it.
pub(super) fn stamp(instant: Timestamp) -> Value {
    instant
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
        .into()
}

/// FNV-1a: the same key has the same id after a restart.
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
