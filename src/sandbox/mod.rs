//! A stand-in for Membrane and the Kartra account behind it: in process for our tests, over HTTP for anybody's client.
//!
//! It speaks Membrane's HTTP API as far as running Kartra's actions needs it, and keeps a Kartra account in memory that
//! changes as the real one would. It remembers every request and every effect, and it can be told to misbehave.
//!
//! # Routes of Membrane
//!
//! | Route | Does |
//! |---|---|
//! | `GET /self` | the tenant of the token; one that nobody heard of is made, and its `createdAt` is now |
//! | `GET /search` | Kartra, and its actions, by name |
//! | `POST /connections/ensure` | finds or makes a connection by `appUrl` |
//! | `GET /connections`, `GET /connections/{idOrKey}` | with `wait` and `timeout` really held while `BUILDING` |
//! | `PATCH`, `PUT`, `DELETE /connections/{idOrKey}`, `POST …/restore` | name, key and meta; archived, and back again |
//! | `POST /connections/{idOrKey}/test`, `/refresh-credentials`, `/disconnect` | |
//! | `POST /connection-requests`, `GET /connection-requests/{id}` | pending until a control call completes it |
//! | `GET /actions`, `GET /actions/{idOrKey}`, the same under `/connections/{c}` | the twenty actions, with schemas |
//! | `POST /act` | runs one; also `/actions/{idOrKey}/run`, `/action/run`, `/connections/{c}/actions/{a}/run` |
//! | `GET /action-run-logs`, `/{id}`, `/{id}/details` | every run |
//! | any `/connections/{idOrKey}/proxy/…` | Kartra's own form-encoded API |
//!
//! Every tenant sees one Kartra connection, [`CONNECTION_ID`], which is READY, and one account behind it. With the
//! settings `tenants_empty` or `empty_tenants`, a tenant sees only what it makes itself, as a new one of Membrane's does.
//!
//! # Control, without a token
//!
//! | Route | Does |
//! |---|---|
//! | `GET /_sandbox/` | this list, in short |
//! | `GET /_sandbox/state` | counts, faults and settings at a glance |
//! | `GET /_sandbox/calls?verb=&after=&limit=` | requests that arrived, oldest first |
//! | `GET /_sandbox/effects?verb=&run=` | what was really done; twice is twice |
//! | `GET /_sandbox/reports?after=&limit=` | what Kartra reported of changes, as its outbound API says it; see `report_to` |
//! | `GET /_sandbox/routes` | Membrane's routes that are here |
//! | `GET /_sandbox/leads?limit=`, `GET /_sandbox/lead?email=` | the account's people |
//! | `GET /_sandbox/connections` | all connections |
//! | `POST /_sandbox/connections/{id}` | `{ "state": "READY" }` or another, `"then"` and `"after_ms"` for a change later, `"to_do": "provide-input"` instead of `"connect"`; `DELETE` removes it |
//! | `POST /_sandbox/connection-requests/{id}` | `{ "status": "success" }`, and the connection is READY |
//! | `GET`, `POST`, `DELETE /_sandbox/faults` | the ordered [`Fault`]s; one, or a list, is added |
//! | `GET`, `PATCH /_sandbox/settings` | [`Settings`] |
//! | `POST /_sandbox/account?connection=` | adds `tags`, `lists`, `pages`, `sequences: { name: steps }`, `memberships: { name: [level] }`, `custom_fields: { identifier: { kind, options } }`, `sales: [{ email, product, amount, recurring }]`; before that, `remove: { tags: [name] }` and `rename: { tags: { old: new } }`, of these kinds too; answers with what it `missed` |
//! | `POST /_sandbox/secret` | `{ "workspace_secret": … }`: tokens signed with another are refused from now on |
//! | `POST /_sandbox/reset` | all as it was at the start |
//!
//! # Faults, as JSON
//!
//! `{ "on": …, "nth": 1, "times": 1, "chance": 0.1, "for_ms": 5000, "fault": … }`, all but `fault` optional.
//! `on` is `"any_run"`, `{ "verb": "assign-tag" }` or `{ "path": "/connections" }`; `times: null` is without end.
//! `fault` is the name of a [`FaultKind`] in small letters, such as `"drop_after"`, with what it takes:
//! `{ "rate_limited": { "retry_after": 2 } }`, `{ "delay_after": { "clock_ms": 5000 } }`,
//! `{ "status": { "code": 500, "body": "…", "after_work": true } }`, `{ "slow_body": { "pieces": 4, "pause": { "real_ms": 20 } } }`,
//! `{ "kartra_error": { "number": 212, "form": "nested" } }`.
//!
//! To add a route: a function in the file of its noun and its line in the table of `routes`. To add a fault: a variant of
//! [`FaultKind`], and its arm in `faults::kind`.

mod account;
mod act;
mod actions;
mod auth;
mod ceiling;
mod changes;
mod connections;
mod control;
mod cut;
mod errors;
mod faults;
mod gate;
mod ledger;
mod logs;
mod paging;
mod proxy;
mod reports;
mod requests;
mod routes;
mod schema;
mod search;
mod settings;
mod state;
mod work;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use account::{
    Access, Account, Cents, CustomField, FieldKind, InSequence, Kind, Lead, LetterCase, Membership,
    Named, Nesting, OnList, Sale, Sequence, Subscription, Transaction, TransactionKind,
};
pub use ceiling::CeilingForm;
pub use connections::{ConnectionState, ToDo};
pub use faults::{Delay, Fault, FaultKind, KartraForm, On};
pub use ledger::{Effect, RecordedCall};
pub use routes::routes;
pub use settings::{EnsureScript, RunLogs, Settings};
pub use state::State;

use crate::clock::{SharedClock, SystemClock};

/// The id of the connection that every tenant sees.
pub const CONNECTION_ID: &str = "66f0c0ffee0123456789abcd";
/// How long `stop` waits for connections that do not end by themselves.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Its time: of tokens, logs, Kartra's stamps, and of delays unless they say otherwise.
    pub clock: SharedClock,
    /// The workspace whose tokens it takes.
    pub workspace_key: String,
    /// The secret they are signed with.
    pub workspace_secret: String,
    /// Fixed tokens, and the key of the tenant each stands for.
    pub tokens: Vec<(String, String)>,
    /// Where the chance of faults begins; the same seed gives the same course.
    pub seed: u64,
    /// How many requests are remembered.
    pub calls_kept: usize,
    /// How many effects are remembered. They are counted beyond that.
    pub effects_kept: usize,
    /// How many run logs are kept.
    pub logs_kept: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            clock: Arc::new(SystemClock),
            workspace_key: "sandbox".to_owned(),
            workspace_secret: "sandbox-secret".to_owned(),
            tokens: vec![("sandbox-token".to_owned(), "default".to_owned())],
            seed: 1,
            calls_kept: 10_000,
            effects_kept: 100_000,
            logs_kept: 10_000,
        }
    }
}

/// A sandbox that runs.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    world: Arc<State>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts one. It serves until it is stopped or dropped.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listen = options.listen;
        Self::serve(listen, Arc::new(State::new(options))).await
    }

    /// One that listens nowhere: what it holds, and what answers its requests.
    pub fn without_sockets(options: Options) -> (Arc<State>, Router) {
        let world = Arc::new(State::new(options));
        (Arc::clone(&world), router(world))
    }

    /// Starts one on what another one, which was stopped, has left: the same account, logs and ledger.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start_again(listen: SocketAddr, world: Arc<State>) -> anyhow::Result<Self> {
        world.go_on();
        Self::serve(listen, world).await
    }

    /// Its base address, such as `http://127.0.0.1:4300`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All it holds and remembers.
    #[must_use]
    pub fn world(&self) -> &Arc<State> {
        &self.world
    }

    /// Stops it. Requests that are held or delayed are cut off without an answer.
    pub async fn stop(mut self) {
        self.world.stop();
        if tokio::time::timeout(STOP_GRACE, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }

    async fn serve(listen: SocketAddr, world: Arc<State>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the sandbox cannot listen on {listen}"))?;
        let address = listener
            .local_addr()
            .context("the sandbox's address is not known")?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let stopped = {
            let world = Arc::clone(&world);
            async move { world.stopped().await }
        };
        let app = router(Arc::clone(&world));
        let reporting = Arc::clone(&world);
        let serving = async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped);
            let (served, ()) = tokio::join!(served.into_future(), reports::post_all(&reporting));
            if let Err(error) = served {
                tracing::error!(%error, "the sandbox ended");
            }
        };
        Ok(Self {
            address,
            world,
            server: gate::detach(serving),
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.world.stop();
    }
}

fn router(world: Arc<State>) -> Router {
    let membrane = routes::router().layer(middleware::from_fn_with_state(
        Arc::clone(&world),
        gate::gate,
    ));
    Router::new()
        .route("/_sandbox/", get(control::index))
        .nest("/_sandbox", control::router())
        .merge(membrane)
        .layer(DefaultBodyLimit::disable())
        .with_state(world)
}
