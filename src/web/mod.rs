//! HTTP in: deliveries on one listener, the API on another, health on both. It verifies, records, shows and wakes; it decides nothing.

pub mod api;
mod body;
mod health;
mod ingress;
mod listen;
mod rest;
mod tally;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

pub use body::{BODY_BYTES_MAX, BODY_BYTES_OWN, BODY_SECONDS_MAX, ROOM_BYTES_MAX, Room};
pub use ingress::{DELIVERIES_MAX, Hooks};
pub use listen::{CONNECTIONS_MAX, Closing, HEAD_BYTES_MAX, HEAD_SECONDS_MAX, HEADERS_MAX, serve};
pub use tally::{COUNTERS_MAX, Tally};

/// The router of the webhook listener.
pub fn hooks(hooks: Arc<Hooks>) -> Router {
    Router::new()
        .route("/hooks/{source}", any(ingress::deliver))
        .route(
            "/hooks/{source}/{secret}",
            any(ingress::deliver_with_secret),
        )
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(hooks)
}

/// The router of the console listener: the API, and health.
pub fn console(hooks: Arc<Hooks>, api: Router) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready_in_full))
        .with_state(hooks)
        .merge(api)
}
