//! HTTP in: deliveries on one listener, the API on another, health on both. It verifies, records, shows and wakes; it decides nothing.

pub mod api;
mod health;
mod ingress;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

pub use ingress::{BODY_BYTES_MAX, BODY_SECONDS_MAX, DELIVERIES_MAX, Hooks};

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
        .route("/readyz", get(health::ready))
        .with_state(hooks)
        .merge(api)
}
