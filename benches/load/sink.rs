//! Where calls end: answers as Membrane does for a ready connection, counts what it was asked to do, and does nothing else.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::body::Bytes;
use axum::http::{Method, Uri};
use axum::response::Json;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Nothing that is compared takes longer to make all its calls.
const CALLS_SECONDS_MAX: u64 = 300;
/// The id of the action that is counted.
const COUNTED: &[u8] = b"bench-assign-tag";

/// The counting stand-in.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    calls: Arc<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    seen: Mutex<usize>,
    more: Condvar,
}

impl Sink {
    /// Listens on a free port of the loopback.
    pub(crate) async fn start(servers: &mut JoinSet<()>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let calls = Arc::new(Calls::default());
        let counted = calls.clone();
        let router =
            axum::Router::new().fallback(async move |method: Method, uri: Uri, body: Bytes| {
                Json(answer(&counted, &method, uri.path(), &body))
            });
        servers.spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { address, calls })
    }

    /// How many calls it was asked to make so far, once they are at least so many.
    pub(crate) fn seen(&self, at_least: usize) -> Result<usize> {
        let seen = self
            .calls
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let limit = Duration::from_secs(CALLS_SECONDS_MAX);
        let (seen, _) = self
            .calls
            .more
            .wait_timeout_while(seen, limit, |seen| *seen < at_least)
            .unwrap_or_else(PoisonError::into_inner);
        ensure!(*seen >= at_least, "{seen} of {at_least} calls came");
        Ok(*seen)
    }
}

fn answer(calls: &Calls, method: &Method, path: &str, body: &[u8]) -> Value {
    let connection = json!({
        "id": "bench", "name": "bench", "userId": "bench", "state": "READY", "connected": true,
        "createdAt": "2026-11-01T08:00:00Z", "updatedAt": "2026-11-01T08:00:00Z",
    });
    match (method, path) {
        (&Method::POST, "/act") => call(calls, body),
        (_, "/self") => json!({ "id": "bench", "name": "bench" }),
        (_, "/connections") => json!({ "items": [connection] }),
        (_, path) if path.starts_with("/connections/") => connection,
        (_, "/actions") => json!({ "items": actions() }),
        _ => json!({ "items": [] }),
    }
}

fn call(calls: &Calls, body: &[u8]) -> Value {
    // Looks at the account, such as the check at start, are not what is counted.
    let is_counted = body.windows(COUNTED.len()).any(|part| part == COUNTED);
    *calls.seen.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(is_counted);
    calls.more.notify_all();
    json!({
        "actionRunId": "bench",
        "output": { "status": "Success", "actions": [
            { "assign_tag": { "status": "Success", "type": "103", "message": "Tag added to lead" } },
        ] },
    })
}

fn actions() -> Vec<Value> {
    kartwheel::kartra::catalog()
        .actions
        .iter()
        .map(|action| json!({ "id": format!("bench-{}", action.key), "key": action.key, "name": action.key }))
        .collect()
}
