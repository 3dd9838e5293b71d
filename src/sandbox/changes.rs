//! What the control routes change in an account: things that come, go, or get another name, as a person would do it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query as Asked, State as In};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CONNECTION_ID;
use super::account::{Account, Cents, FieldKind, Kind, Sale};
use super::control::read;
use super::errors::{Failure, bad_request, not_found};
use super::paging::{self, Query};
use super::state::State;

/// What is to be another in the account. First it is removed, then renamed, then added.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Changes {
    remove: BTreeMap<Kind, Vec<String>>,
    rename: BTreeMap<Kind, BTreeMap<String, String>>,
    tags: Vec<String>,
    lists: Vec<String>,
    pages: Vec<String>,
    sequences: BTreeMap<String, u32>,
    memberships: BTreeMap<String, Vec<String>>,
    custom_fields: BTreeMap<String, FieldToAdd>,
    sales: Vec<SaleToAdd>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldToAdd {
    kind: FieldKind,
    #[serde(default)]
    options: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleToAdd {
    email: String,
    product: String,
    /// Text, such as `"49.50"`.
    amount: String,
    #[serde(default)]
    recurring: bool,
}

/// `POST /_sandbox/account`
pub(super) async fn change(
    In(world): In<Arc<State>>,
    Asked(query): Asked<Query>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let changes: Changes = read(&body)?;
    let now = world.clock.now();
    let mut sales = Vec::new();
    for sale in &changes.sales {
        let amount = Cents::read(&sale.amount);
        let amount =
            amount.ok_or_else(|| bad_request("\"amount\" must be text such as \"49.50\""))?;
        sales.push(Sale {
            email: &sale.email,
            product: &sale.product,
            amount,
            recurring: sale.recurring,
        });
    }
    let connection = paging::text(&query, "connection").unwrap_or(CONNECTION_ID);
    let carried_out = world.account_of(connection, |account| {
        let missed = replace(account, &changes);
        add(account, &changes);
        let sold = sales.iter().map(|sale| {
            let (transaction, subscription) = account.add_sale(sale, now);
            json!({ "transaction_id": transaction, "subscription_id": subscription })
        });
        json!({ "sales": sold.collect::<Vec<_>>(), "missed": missed })
    });
    let carried_out = carried_out.map_err(|_| not_found("Connection", connection))?;
    Ok(Json(carried_out))
}

/// Removes and renames; gives the names for which that could not be.
fn replace(account: &mut Account, changes: &Changes) -> Vec<String> {
    let mut missed = Vec::new();
    for (kind, names) in &changes.remove {
        let gone = |name: &&String| !account.remove(*kind, name);
        missed.extend(names.iter().filter(gone).cloned().collect::<Vec<_>>());
    }
    for (kind, names) in &changes.rename {
        for (from, to) in names {
            if !account.rename(*kind, from, to) {
                missed.push(from.clone());
            }
        }
    }
    missed
}

fn add(account: &mut Account, changes: &Changes) {
    changes.tags.iter().for_each(|tag| account.add_tag(tag));
    changes.lists.iter().for_each(|list| account.add_list(list));
    account.pages.extend(changes.pages.iter().cloned());
    for (name, steps) in &changes.sequences {
        account.add_sequence(name, *steps);
    }
    for (name, levels) in &changes.memberships {
        let levels: Vec<_> = levels.iter().map(String::as_str).collect();
        account.add_membership(name, &levels);
    }
    for (identifier, field) in &changes.custom_fields {
        let options: Vec<_> = field.options.iter().map(String::as_str).collect();
        account.add_custom_field(identifier, field.kind, &options);
    }
}
