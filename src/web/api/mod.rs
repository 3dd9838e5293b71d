//! The JSON API of the console listener: behind every command that changes something, and for whoever scripts against the daemon.
//!
//! Everything wants `Authorization: Bearer KARTWHEEL_TOKEN`. Every answer is JSON; every refusal is
//! `{"error": {"code", "message", "help"}}`.
//! To add an endpoint: a file (or a function beside its noun) in the order request, answer, handler, tests, and one line in `router`.

pub mod advice;
mod answer;
mod auth;
pub mod catalog;
pub mod control;
mod door;
mod events;
mod health;
mod holds;
pub mod ids;
mod runs;
pub mod story;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::action::Catalog;
use crate::clock::SharedClock;
use crate::engine::Engine;
use crate::store::Reader;

pub use answer::Refusal;
pub use auth::{Guard, TOKEN_BYTES_MIN};
pub use catalog::Accounts;
pub use control::{As, Control};

/// The longest body of a request to the API.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// The most entries one answer lists.
pub const LIST_ENTRIES_MAX: u32 = 500;
/// How many entries an answer lists when it is not told.
pub const LIST_ENTRIES_DEFAULT: u32 = 50;
/// How many runs one `cancel?rule=` ends; the answer says whether more are left.
pub const CANCEL_RUNS_MAX: u32 = 500;
/// The longest reason a person may give, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// What the endpoints need.
#[derive(Clone)]
pub struct Api {
    /// Reads.
    pub reader: Arc<dyn Reader>,
    /// Changes.
    pub control: Arc<dyn Control>,
    /// The accounts behind the connections.
    pub accounts: Arc<dyn Accounts>,
    /// The time.
    pub clock: SharedClock,
    /// Who may come in.
    pub guard: Guard,
    /// What can be called.
    pub catalog: Catalog,
}

/// The router of the console's listener, beside health: everything below `/api`.
pub fn mount(api: Api) -> Router {
    Router::new().nest("/api", router(api))
}

/// The same, over a running engine.
pub fn of_engine(engine: &Engine, guard: Guard, clock: SharedClock, catalog: Catalog) -> Router {
    mount(Api {
        reader: Arc::clone(engine.store().reader()),
        control: Arc::new(engine.clone()),
        accounts: Arc::new(engine.clone()),
        clock,
        guard,
        catalog,
    })
}

fn router(api: Api) -> Router {
    Router::new()
        .route("/health", get(health::show))
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::show))
        .route("/runs", get(runs::list))
        .route("/runs/cancel", post(runs::cancel_rule))
        .route("/runs/{id}", get(runs::show))
        .route("/runs/{id}/cancel", post(runs::cancel))
        .route("/runs/{id}/retry", post(runs::retry))
        .route("/runs/{id}/resume", post(runs::resume))
        .route("/runs/{id}/approve", post(runs::approve))
        .route("/runs/{id}/resolve", post(runs::resolve))
        .route("/catalog", get(catalog::show))
        .route("/catalog/sync", post(catalog::sync))
        .route("/alerts", get(holds::alerts))
        .route("/holds", get(holds::list))
        .route("/refusals", get(door::refusals))
        .route("/handshakes", get(door::handshakes))
        .route("/pause", post(holds::pause))
        .route("/resume", post(holds::resume))
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(axum::middleware::from_fn_with_state(
            api.guard.clone(),
            auth::require,
        ))
        .with_state(api)
}
