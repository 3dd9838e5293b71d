//! What the engine knows of the accounts: read anew as it ages and when a name turned out to be gone; who must know is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::Engine;
use crate::account::{Account, Inventory};
use crate::action::{Class, Outcome};
use crate::clock;
use crate::rule::account::{UsedName, like, names_used};
use crate::store::{AlertKind, Snapshot, StoreError, without_links};

/// What is known of an account is read again when it is older than this.
pub const SYNC_AGE: Duration = Duration::from_secs(6 * 60 * 60);
/// After a name that is not there, an account is read again at once; for further ones at most this often.
pub const SYNC_APART: Duration = Duration::from_secs(10 * 60);

/// The accounts, as they were last read.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    known: RwLock<HashMap<Arc<str>, Arc<Known>>>,
    /// Told when somebody met a name that is not there.
    doubts: Notify,
}

#[derive(Debug)]
struct Known {
    synced_at: Timestamp,
    account: Account,
    /// A name turned out to be gone since.
    doubted: AtomicBool,
    /// It was read because of such a name.
    by_doubt: bool,
}

impl Accounts {
    /// Takes in what was kept or read, and gives it as it is known from now on.
    fn take(&self, snapshot: Snapshot) -> Arc<Known> {
        let before = self.get(&snapshot.connection);
        let known = Arc::new(Known {
            by_doubt: before.is_some_and(|before| before.doubted.load(Ordering::SeqCst)),
            synced_at: snapshot.synced_at,
            account: snapshot.account,
            doubted: AtomicBool::new(false),
        });
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(snapshot.connection, Arc::clone(&known));
        known
    }

    fn get(&self, connection: &str) -> Option<Arc<Known>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(connection)
            .cloned()
    }

    /// When this account is to be read again.
    fn due(&self, connection: &str, now: Timestamp) -> Timestamp {
        self.get(connection).map_or(now, |known| {
            let age = match (known.doubted.load(Ordering::SeqCst), known.by_doubt) {
                (true, true) => SYNC_APART,
                (true, false) => Duration::ZERO,
                (false, _) => SYNC_AGE,
            };
            // A clock that was put back makes nothing young.
            clock::after(known.synced_at.min(now), age)
        })
    }
}

/// Works until it is aborted: reads every account at start and as it ages.
pub(super) async fn run(engine: Engine) {
    // What could not be read is left alone for a while, whoever asks.
    let mut not_before: HashMap<Arc<str>, Timestamp> = HashMap::new();
    loop {
        let now = engine.clock().now();
        let mut next = Timestamp::MAX;
        for connection in &engine.0.parts.connections {
            let rests = not_before.get(connection).copied();
            let rests = rests.filter(|until| *until <= clock::after(now, SYNC_APART));
            let mut due = engine
                .0
                .accounts
                .due(connection, now)
                .max(rests.unwrap_or(now));
            if due <= now {
                let is_read = !engine.is_held(connection) && engine.read_account(connection).await;
                due = if is_read {
                    engine.0.accounts.due(connection, now)
                } else {
                    clock::after(now, SYNC_APART)
                };
                match is_read {
                    true => not_before.remove(connection),
                    false => not_before.insert(Arc::clone(connection), due),
                };
            }
            next = next.min(due);
        }
        tokio::select! {
            biased;
            () = engine.clock().sleep_until(next) => {}
            () = engine.0.accounts.doubts.notified() => {}
        }
    }
}

impl Engine {
    /// Whether it could be read.
    async fn read_account(&self, connection: &Arc<str>) -> bool {
        let synced = self.sync(connection).await;
        match &synced {
            Ok(synced) => {
                let drift = !synced.drift().is_empty();
                tracing::info!(%connection, drift, "read what the account holds");
            }
            Err(error) => {
                let error = without_links(&error.to_string());
                tracing::warn!(%connection, error, "could not read what the account holds; trying again later");
            }
        }
        synced.is_ok()
    }

    /// Takes in what is kept of the accounts, but for what was read in another place than the connection leads to now; and
    /// ends what was told of connections that are not there any more.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn recall_accounts(&self) -> Result<(), StoreError> {
        for snapshot in self.store().reader().snapshots().await? {
            let connection = &snapshot.connection;
            if !self.connections().contains(connection) {
                continue;
            }
            let place = self.actions().place(connection).await;
            if snapshot.from.may_be(&place) {
                self.know_account(snapshot).await?;
            } else {
                tracing::info!(%connection, "what is kept of the account was read from another connection and is left out");
            }
        }
        let is_left = |subject: &str| {
            let of = subject.split(' ').next();
            !self.connections().iter().any(|here| Some(&**here) == of)
        };
        self.calm_names(|_, subject| is_left(subject)).await
    }

    /// Takes what was read of an account in, and tells of names that rules use and the account lacks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn know_account(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let connection = snapshot.connection.clone();
        let known = self.0.accounts.take(snapshot);
        let mut lacking = HashMap::new();
        for rule in self.rules().rules().iter().filter(|rule| rule.enabled) {
            let default = &self.0.parts.default_connection;
            let here = |used: &UsedName| used.connection.as_ref().unwrap_or(default) == &connection;
            for used in names_used(rule).into_iter().filter(here) {
                if used.is_in(&known.account) == Some(false) {
                    let kind = kind_of(used.kind);
                    let subject = format!("{connection} {} {}", used.kind.plural(1), used.name);
                    lacking
                        .entry((kind, subject))
                        .or_insert_with(|| said(&used, &connection, &known.account));
                }
            }
        }
        self.tell(&connection, lacking).await
    }

    /// Raises what is lacking, and ends what lacks no more.
    async fn tell(
        &self,
        connection: &str,
        lacking: HashMap<(AlertKind, String), String>,
    ) -> Result<(), StoreError> {
        let prefix = format!("{connection} ");
        self.calm_names(|kind, subject| {
            subject.starts_with(&prefix) && !lacking.contains_key(&(kind, subject.to_owned()))
        })
        .await?;
        for ((kind, subject), text) in lacking {
            self.raise(kind, &subject, &text).await?;
        }
        Ok(())
    }

    /// Ends the alerts about names of which this holds.
    async fn calm_names(
        &self,
        is_over: impl Fn(AlertKind, &str) -> bool,
    ) -> Result<(), StoreError> {
        let of_names = [AlertKind::NameGone, AlertKind::NotOffered];
        self.calm_all(|kind, subject| of_names.contains(&kind) && is_over(kind, subject))
            .await
    }

    /// A message about a name that the account lacks is completed with the nearest that it has, and the account is read
    /// again soon: the name may have been changed there.
    pub(super) fn complete(
        &self,
        connection: &str,
        verb: &str,
        input: &serde_json::Value,
        outcome: &mut Outcome,
    ) {
        if outcome.class == Class::NotOffered {
            self.doubt(connection);
            return;
        }
        let missing = outcome
            .app_type
            .and_then(|number| (self.0.parts.catalog.missing_name)(verb, number, input));
        let Some((inventory, name)) = missing else {
            return;
        };
        self.doubt(connection);
        let known = self.0.accounts.get(connection);
        let names = known
            .as_ref()
            .and_then(|known| inventory.names(&known.account));
        let help = names.and_then(|names| match names.contains(&name) {
            true => Some(format!(
                "the account had `{name}` when it was last read: it was renamed or removed since"
            )),
            false => like(name, &names),
        });
        if let Some(help) = help {
            outcome.message = format!("{}; {help}", outcome.message);
        }
    }

    fn doubt(&self, connection: &str) {
        if let Some(known) = self.0.accounts.get(connection) {
            known.doubted.store(true, Ordering::SeqCst);
        }
        // However many doubts there are while the accounts are read, they are one reason to look again.
        self.0.accounts.doubts.notify_one();
    }
}

const fn kind_of(inventory: Inventory) -> AlertKind {
    match inventory {
        Inventory::Actions => AlertKind::NotOffered,
        _ => AlertKind::NameGone,
    }
}

fn said(used: &UsedName, connection: &str, account: &Account) -> String {
    let what = used.kind.plural(1);
    let UsedName { name, place, .. } = used;
    if used.kind == Inventory::Actions {
        return format!(
            "the connection {connection} does not offer {name}, which {place} uses: its runs fail, or use its fallback"
        );
    }
    let near = used
        .kind
        .names(account)
        .and_then(|names| like(name, &names))
        .map_or_else(String::new, |help| format!(" ({help})"));
    format!(
        "the account of {connection} has no {what} `{name}`, which {place} uses{near}: make it in Kartra, or correct the rule"
    )
}
