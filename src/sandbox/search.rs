//! The catalogue of everything that Membrane has, as far as it concerns Kartra.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Asked, State as In};
use serde_json::{Value, json};

use super::actions::name_of;
use super::connections::{APP_ID, CONNECTOR_ID};
use super::errors::{Failure, bad_request};
use super::logs::INTEGRATION_ID;
use super::paging::{self, Query};
use super::state::State;
use crate::kartra::ACTIONS;

const QUERY_CHARS_MAX: usize = 200;
const LIMIT: [usize; 2] = [1, 100];
const LIMIT_DEFAULT: usize = 20;
/// What Kartra is in Membrane, beside its actions; the words are those that Membrane's client takes.
const ELEMENTS: &[(&str, &str)] = &[
    ("app", APP_ID),
    ("connector", CONNECTOR_ID),
    ("integration", INTEGRATION_ID),
];

/// `GET /search`
pub(super) async fn search(
    In(world): In<Arc<State>>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let wanted = paging::text(&query, "q").unwrap_or("").to_lowercase();
    if !(1..=QUERY_CHARS_MAX).contains(&wanted.chars().count()) {
        let message = "Validation error: \"q\" must have from 1 to 200 characters";
        return Err(bad_request(message));
    }
    let limit = paging::number(&query, "limit", LIMIT)?.unwrap_or(LIMIT_DEFAULT);
    let kind = paging::text(&query, "elementType");
    let inner = world.lock();
    let mut found: Vec<(&str, String, String)> = Vec::new();
    for (kind, id) in ELEMENTS {
        found.push((kind, (*id).to_owned(), "Kartra".to_owned()));
    }
    for spec in ACTIONS {
        let offered = !inner.settings.without_actions.contains(spec.key);
        if offered {
            let id = super::actions::id_of(&inner.settings, spec);
            found.push(("action", id, name_of(spec.key)));
        }
    }
    let items = found.into_iter().filter(|(is, _, name)| {
        kind.is_none_or(|kind| kind.eq_ignore_ascii_case(is))
            && name.to_lowercase().contains(&wanted)
    });
    let items: Vec<_> = items
        .take(limit)
        .map(|(kind, id, name)| {
            let logo = "https://membrane.example/kartra.png";
            json!({ "elementType": kind, "element": { "id": id, "name": name, "logoUri": logo } })
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}
