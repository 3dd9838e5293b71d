//! The catalogue of actions: the twenty of Kartra, with schemas made from our own table of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Query as Asked, State as In};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::auth::Caller;
use super::connections::Connection;
use super::errors::{Failure, bad_request, not_found};
use super::paging::{self, Query};
use super::schema;
use super::settings::Settings;
use super::state::{Inner, State, Tenant, fingerprint, object_id, stamp};
use crate::action::ActionSpec;
use crate::kartra::ACTIONS;

const INTENT_CHARS_MAX: usize = 200;
/// The day on which all actions were made.
const MADE_AT: jiff::Timestamp = jiff::Timestamp::constant(1_790_000_000, 0);
/// How a request names its connection, first come first.
pub(super) const CONNECTION_FIELDS: &[&str] = &[
    "connectionId",
    "connectionKey",
    "integrationId",
    "integrationKey",
];
/// `GET /actions`
pub(super) async fn list(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let intent = paging::text(&query, "intent").unwrap_or("");
    if intent.chars().count() > INTENT_CHARS_MAX {
        return Err(bad_request(
            "Validation error: \"intent\" must have at most 200 characters",
        ));
    }
    let now = world.clock.now();
    let mut inner = world.lock();
    let connection = connection_of(&mut inner, &caller.tenant, &query, now)?;
    let named = connection.map(|one| (one.id.clone(), one.account.is_some()));
    let mut offered: Vec<_> = ACTIONS
        .iter()
        .filter(|spec| !inner.settings.without_actions.contains(spec.key))
        .collect();
    match &named {
        Some((_, false)) => offered.clear(),
        Some(_) if !intent.is_empty() => rank(&mut offered, intent),
        _ => {}
    }
    if let Some(search) = paging::text(&query, "search") {
        let search = search.to_lowercase();
        offered.retain(|spec| words(spec).contains(&search));
    }
    let connection = named.as_ref().map(|(id, _)| id.as_str());
    let items = offered
        .iter()
        .map(|spec| show_action(spec, &inner.settings, connection))
        .collect();
    paging::page(items, &query).map(Json)
}

/// `GET /actions/{idOrKey}`
pub(super) async fn show(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(action): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let now = world.clock.now();
    let mut inner = world.lock();
    let connection = connection_of(&mut inner, &caller.tenant, &query, now)?;
    let connection = connection.map(|one| one.id.clone());
    let spec = find(&inner.settings, &action).ok_or_else(|| not_found("Action", &action))?;
    let shown = show_action(spec, &inner.settings, connection.as_deref());
    Ok(Json(shown))
}

/// `GET /action`, with id or key in the query
pub(super) async fn show_by_query(
    world: In<Arc<State>>,
    caller: Extension<Caller>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let action = paging::text(&query, "id").or_else(|| paging::text(&query, "key"));
    let action = action.ok_or_else(|| bad_request("Specify \"id\" or \"key\""))?;
    show(world, caller, Path(action.to_owned()), Asked(query)).await
}

/// `GET /connections/{idOrKey}/actions`
pub(super) async fn list_on_connection(
    world: In<Arc<State>>,
    caller: Extension<Caller>,
    Path(connection): Path<String>,
    Asked(mut query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    query.insert(CONNECTION_FIELDS[0].to_owned(), connection);
    list(world, caller, Asked(query)).await
}

/// `GET /connections/{idOrKey}/actions/{idOrKey}`
pub(super) async fn show_on_connection(
    world: In<Arc<State>>,
    caller: Extension<Caller>,
    Path((connection, action)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    let query = Query::from([(CONNECTION_FIELDS[0].to_owned(), connection)]);
    show(world, caller, Path(action), Asked(query)).await
}

/// The action with this id or key, if the account offers it.
pub(super) fn find(settings: &Settings, id_or_key: &str) -> Option<&'static ActionSpec> {
    let mut actions = ACTIONS.iter();
    let spec = actions
        .find(|spec| spec.key == id_or_key)
        .or_else(|| by_id(settings, id_or_key))?;
    let offered = !settings.without_actions.contains(spec.key);
    offered.then_some(spec)
}

/// The id of an action; it changes with `action_generation`.
pub(super) fn id_of(settings: &Settings, spec: &ActionSpec) -> String {
    let place = ACTIONS.iter().position(|one| one.key == spec.key);
    let number = place.map_or(0, |place| place as u64 + 1);
    object_id(0x68a0_0000 + u32::from(settings.action_generation), number)
}

fn by_id(settings: &Settings, id: &str) -> Option<&'static ActionSpec> {
    let number = usize::from_str_radix(id.get(8..)?, 16).ok()?;
    let spec = ACTIONS.get(number.checked_sub(1)?)?;
    (id_of(settings, spec) == id).then_some(spec)
}

/// The name of an action as the catalogue shows it.
pub(super) fn name_of(key: &str) -> String {
    let title = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        match word {
            "to" | "from" => word.to_owned(),
            _ => first.to_uppercase() + rest,
        }
    };
    let words: Vec<_> = key.split('-').map(title).collect();
    match key {
        "assign-tag" => "Assign Tag to Lead".to_owned(),
        "unassign-tag" => "Unassign Tag from Lead".to_owned(),
        _ => words.join(" "),
    }
}

/// The connection that the query names; nothing when it names none.
pub(super) fn connection_of<'a>(
    inner: &'a mut Inner,
    tenant: &Tenant,
    query: &Query,
    now: jiff::Timestamp,
) -> Result<Option<&'a mut Connection>, Failure> {
    let mut names = CONNECTION_FIELDS.iter();
    let Some(id) = names.find_map(|name| paging::text(query, name)) else {
        return Ok(None);
    };
    match inner.connection(tenant, id, now) {
        Some(connection) => Ok(Some(connection)),
        None => Err(not_found("Connection", id)),
    }
}

/// Those whose words the intent has, most first.
fn rank(offered: &mut Vec<&ActionSpec>, intent: &str) {
    let wanted: BTreeSet<_> = split(intent).collect();
    let score = |spec: &&ActionSpec| {
        let words = words(spec);
        split(&words).filter(|word| wanted.contains(word)).count()
    };
    offered.sort_by_cached_key(|spec| std::cmp::Reverse(score(spec)));
    offered.retain(|spec| score(spec) > 0);
}

fn words(spec: &ActionSpec) -> String {
    format!("{} {} {}", spec.key, name_of(spec.key), spec.doc).to_lowercase()
}

/// The words of a text, one each; the smallest carry no meaning.
fn split(text: &str) -> impl Iterator<Item = String> {
    let words: BTreeSet<_> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !matches!(word.as_str(), "" | "a" | "an" | "the" | "of" | "in" | "and"))
        .collect();
    words.into_iter()
}

fn show_action(spec: &ActionSpec, settings: &Settings, connection: Option<&str>) -> Value {
    let mut shown = json!({
        "id": id_of(settings, spec),
        "name": name_of(spec.key),
        "description": spec.doc,
        "state": "READY",
        "type": "run-javascript",
        "isPublic": true,
        "createdAt": stamp(MADE_AT),
        "updatedAt": stamp(MADE_AT),
        "revision": revision(spec, settings),
        "inputSchema": schema::input_schema(spec, settings),
        "outputSchema": schema::output_schema(),
    });
    if settings.action_keys {
        shown["key"] = spec.key.into();
    }
    if let Some(connection) = connection {
        shown["connectionId"] = connection.into();
    }
    shown
}

/// Another one with every other set of ids, and with every other schema.
fn revision(spec: &ActionSpec, settings: &Settings) -> String {
    let generation = settings.action_generation;
    let further = settings.also_required.get(spec.key);
    match (settings.input_schemas.get(spec.key), further) {
        (None, None) => generation.to_string(),
        (schema, further) => {
            let mark = fingerprint(&format!("{schema:?} {further:?}"));
            format!("{generation}.{mark:016x}")
        }
    }
}
