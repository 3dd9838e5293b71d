//! All routes of Membrane that are here, as one table: the router is made of it, and tests ask it what there is.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};

use super::state::State;
use super::{act, actions, auth, connections, errors, logs, proxy, requests, search};

/// How a route is called in the table: its method, its path, and who answers.
struct Row(
    Option<Method>,
    &'static str,
    fn() -> MethodRouter<Arc<State>>,
);

const GET: Option<Method> = Some(Method::GET);
const POST: Option<Method> = Some(Method::POST);
const ANY: Option<Method> = None;

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row(GET, "/self", || get(auth::show_tenant)),
    Row(GET, "/search", || get(search::search)),
    Row(POST, "/connections/ensure", || post(connections::ensure)),
    Row(GET, "/connections", || get(connections::list)),
    Row(GET, "/connections/{connection}", || get(connections::show)),
    Row(Some(Method::PATCH), "/connections/{connection}", || patch(connections::patch)),
    Row(Some(Method::PUT), "/connections/{connection}", || put(connections::put)),
    Row(Some(Method::DELETE), "/connections/{connection}", || delete(connections::archive)),
    Row(POST, "/connections/{connection}/restore", || post(connections::restore)),
    Row(POST, "/connections/{connection}/test", || post(connections::test)),
    Row(POST, "/connections/{connection}/refresh-credentials", || post(connections::refresh)),
    Row(POST, "/connections/{connection}/disconnect", || post(connections::disconnect)),
    Row(GET, "/connections/{connection}/actions", || get(actions::list_on_connection)),
    Row(GET, "/connections/{connection}/actions/{action}", || get(actions::show_on_connection)),
    Row(POST, "/connections/{connection}/actions/{action}/run", || post(act::run_on_connection)),
    Row(ANY, "/connections/{connection}/proxy", || any(proxy::root)),
    Row(ANY, "/connections/{connection}/proxy/", || any(proxy::root)),
    Row(ANY, "/connections/{connection}/proxy/{*path}", || any(proxy::path)),
    Row(POST, "/connection-requests", || post(requests::create)),
    Row(GET, "/connection-requests/{request}", || get(requests::show)),
    Row(GET, "/actions", || get(actions::list)),
    Row(GET, "/actions/{action}", || get(actions::show)),
    Row(POST, "/actions/{action}/run", || post(act::run_by_path)),
    Row(GET, "/action", || get(actions::show_by_query)),
    Row(POST, "/action/run", || post(act::run_by_query)),
    Row(POST, "/act", || post(act::act)),
    Row(GET, "/action-run-logs", || get(logs::list)),
    Row(GET, "/action-run-logs/{log}", || get(logs::show)),
    Row(GET, "/action-run-logs/{log}/details", || get(logs::details)),
];

/// Method and path of every route, with `*` for any method and `{…}` for what a request fills in.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let row = |Row(method, path, _): &'static Row| {
        let method = method.as_ref().map_or("*", Method::as_str);
        (method, *path)
    };
    TABLE.iter().map(row)
}

/// The routes, served.
pub(super) fn router() -> Router<Arc<State>> {
    let empty = Router::new().fallback(errors::no_route);
    TABLE.iter().fold(empty, |router, Row(_, path, made)| {
        router.route(path, made())
    })
}
