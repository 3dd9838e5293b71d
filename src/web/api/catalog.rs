//! `/api/catalog`: what is kept of the accounts behind the connections, and reading it anew.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Input;
use super::{Api, Refusal};
use crate::account::Account;
use crate::action::Catalog;
use crate::engine::Engine;
use crate::engine::catalog::{SyncError, Synced};
use crate::rule::account::without_schema;
use crate::store::Snapshot;

/// The accounts behind the connections, as the API needs them.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// The connections of the project.
    fn connections(&self) -> Vec<Arc<str>>;
    /// Reads one account anew and keeps it.
    async fn sync(&self, connection: &Arc<str>) -> Result<Synced, Refusal>;
}

#[async_trait]
impl Accounts for Engine {
    fn connections(&self) -> Vec<Arc<str>> {
        Self::connections(self).to_vec()
    }

    async fn sync(&self, connection: &Arc<str>) -> Result<Synced, Refusal> {
        Ok(Self::sync(self, connection).await?)
    }
}

impl From<SyncError> for Refusal {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Unread(outcome) => Self::new(502, "account_unread", outcome.message)
                .help("What was kept of it stays. `kartwheel doctor` looks at the connection."),
            SyncError::Store(error) => error.into(),
        }
    }
}

/// Which account to read. Without a connection: all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    connection: Option<String>,
}

pub(super) async fn show(State(api): State<Api>) -> Result<Json<Value>, Refusal> {
    let kept = api.reader.snapshots().await?;
    let now = api.clock.now();
    let connections: Vec<Value> = api
        .accounts
        .connections()
        .iter()
        .map(|name| {
            let kept = kept.iter().find(|kept| kept.connection == *name);
            kept_view(name, kept, &api.catalog, now)
        })
        .collect();
    Ok(Json(json!({ "connections": connections })))
}

pub(super) async fn sync(
    State(api): State<Api>,
    Input(which): Input<Which>,
) -> Result<Json<Value>, Refusal> {
    let all = api.accounts.connections();
    if let Some(name) = &which.connection {
        let connection = all.iter().find(|known| ***known == **name);
        let Some(connection) = connection else {
            let known = all.join(", ");
            return Err(Refusal::not_found(format!("there is no connection {name}"))
                .help(format!("kartwheel.yaml has {known}.")));
        };
        let synced = api.accounts.sync(connection).await?;
        return Ok(Json(
            json!({ "synced": [synced_view(&synced)], "failed": [] }),
        ));
    }
    let (mut synced, mut failed) = (Vec::new(), Vec::new());
    for connection in &all {
        match api.accounts.sync(connection).await {
            Ok(one) => synced.push(synced_view(&one)),
            Err(refusal) => failed.push(failed_view(connection, &refusal.message)),
        }
    }
    Ok(Json(json!({ "synced": synced, "failed": failed })))
}

/// What is kept of one account: from where and since when, how much of each part, what could not be read, and which actions say
/// nothing of their inputs; `null` where nothing is known.
#[must_use]
pub fn kept_view(
    connection: &str,
    kept: Option<&Snapshot>,
    catalog: &Catalog,
    now: Timestamp,
) -> Value {
    let age = kept.map(|kept| now.duration_since(kept.synced_at).as_secs().max(0));
    json!({
        "connection": connection,
        "from": kept.map(|kept| &kept.from),
        "synced_at": kept.map(|kept| kept.synced_at),
        "age_seconds": age,
        "counts": kept.map(|kept| counts(&kept.account)),
        "unread": kept.map(|kept| kept.account.unread()),
        "without_schema": kept.map(|kept| without_schema(&kept.account, catalog)),
    })
}

/// What a sync came to.
#[must_use]
pub fn synced_view(synced: &Synced) -> Value {
    json!({
        "connection": synced.now.connection,
        "synced_at": synced.now.synced_at,
        "before": synced.before.as_ref().map(|before| before.synced_at),
        "counts": counts(&synced.now.account),
        "unread": synced.unread,
        "drift": synced.drift(),
    })
}

/// A sync that came to nothing.
#[must_use]
pub fn failed_view(connection: &str, message: &str) -> Value {
    json!({ "connection": connection, "error": message })
}

fn counts(account: &Account) -> Value {
    let count = |number: Option<usize>| json!(number);
    let parts = [
        ("actions", account.actions.as_ref().map(Vec::len)),
        ("tags", account.tags.as_ref().map(Vec::len)),
        ("lists", account.lists.as_ref().map(Vec::len)),
        ("sequences", account.sequences.as_ref().map(Vec::len)),
        ("pages", account.pages.as_ref().map(Vec::len)),
        (
            "custom_fields",
            account.custom_fields.as_ref().map(Vec::len),
        ),
    ];
    let parts = parts.map(|(part, number)| (part.to_owned(), count(number)));
    Value::Object(Map::from_iter(parts))
}
