//! What a live account answers, held against what this program takes for granted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::finding::Sheet;
use crate::account::OfferedAction;
use crate::action::{Call, Class, Outcome};
use crate::cli::Desk;
use crate::clock::after;
use crate::kartra::ACTIONS;
use crate::membrane;

/// The read that asks for a lead which cannot exist.
const READ: &str = "get-lead";
/// The call must be on its way within this time.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// Names that are shown of a list.
const NAMES_SHOWN: usize = 8;

/// What the connection offers, compared with our table. `None` where it could not be read.
pub(super) async fn offered(
    id: &str,
    membrane: &membrane::Desk,
    sheet: &mut Sheet<'_>,
) -> Option<Vec<OfferedAction>> {
    let offered = match membrane.actions(id, None, None).await {
        Ok(offered) => offered,
        Err(failed) => {
            sheet.problem("actions", failed.message.clone(), "");
            return None;
        }
    };
    let find = |key: &str| offered.iter().find(|action| is(action, key));
    let missing: Vec<&str> = ACTIONS
        .iter()
        .map(|spec| spec.key)
        .filter(|key| find(key).is_none())
        .collect();
    let there = ACTIONS.len() - missing.len();
    if missing.is_empty() {
        sheet.ok(
            "actions",
            format!("all {there} that our table knows are offered"),
        );
    } else {
        sheet.warning(
            "actions",
            format!(
                "{there} of the {} that our table knows are offered; missing: {}",
                ACTIONS.len(),
                listed(&missing)
            ),
            if missing.iter().any(|key| key.ends_with("-membership-access")) {
                "a rule can assign a tag instead, and an automation in Kartra grant the access on that tag"
            } else {
                "no rule can use them on this connection"
            },
        );
    }
    fields(&offered, sheet);
    Some(offered)
}

/// Whether this is the action with that key: some come without, and then their name says it.
pub(super) fn is(action: &OfferedAction, key: &str) -> bool {
    ["", "-to-lead", "-from-lead"]
        .iter()
        .any(|end| action.key == format!("{key}{end}"))
}

/// Whether the schemas name the fields as our table does.
fn fields(offered: &[OfferedAction], sheet: &mut Sheet<'_>) {
    let mut differ: Vec<String> = Vec::new();
    let mut silent = 0;
    for spec in ACTIONS {
        let Some(action) = offered.iter().find(|action| is(action, spec.key)) else {
            continue;
        };
        let Some(theirs) = action
            .input_schema
            .get("properties")
            .and_then(Value::as_object)
        else {
            silent += usize::from(!spec.fields.is_empty());
            continue;
        };
        let lacking: Vec<&str> = spec
            .fields
            .iter()
            .map(|field| field.name)
            .filter(|name| !theirs.contains_key(*name))
            .collect();
        let required = action
            .input_schema
            .get("required")
            .and_then(Value::as_array);
        let unknown: Vec<&str> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|name| !spec.fields.iter().any(|field| field.name == *name))
            .collect();
        if !lacking.is_empty() {
            let named: Vec<&str> = theirs.keys().map(String::as_str).collect();
            differ.push(format!(
                "{}: no {} (it has {})",
                spec.key,
                listed(&lacking),
                listed(&named)
            ));
        }
        if !unknown.is_empty() {
            differ.push(format!("{}: also demands {}", spec.key, listed(&unknown)));
        }
    }
    if !differ.is_empty() {
        sheet.warning(
            "fields",
            differ.join("\n"),
            "`kartwheel catalog sync`, then `kartwheel check`: rules are held against the account's own names",
        );
    } else if silent > 0 {
        sheet.note(
            "fields",
            format!(
                "{silent} of the actions come without a schema; rules are held against our table"
            ),
            "",
        );
    } else {
        sheet.ok("fields", "named as in our table");
    }
}

/// Asks for a lead that cannot exist: how an error of Kartra's arrives, what comes with the answer, and whether the run log keeps our
/// mark.
pub(super) async fn read(
    name: &Arc<str>,
    id: &str,
    membrane: &membrane::Desk,
    desk: &Desk,
    sheet: &mut Sheet<'_>,
) {
    let run = desk.clock.new_id();
    let began = desk.clock.now();
    let call = Call {
        run,
        step: "doctor".into(),
        attempt: 1,
        connection: Arc::clone(name),
        verb: READ.into(),
        input: Arc::new(json!({ "email": format!("nobody-{run}@example.invalid") })),
        timeout: None,
        send_by: after(began, SEND_WITHIN),
    };
    let outcome = membrane.act(&call).await;
    errors(&outcome, sheet);
    answer(&outcome, membrane, sheet);
    let _ = id;
}

/// In which form an error of Kartra's arrives: inside a success, or as a failed run.
fn errors(outcome: &Outcome, sheet: &mut Sheet<'_>) {
    let number = outcome.app_type;
    let seen = |form: &str| match number {
        Some(number) => {
            format!("arrive {form}, with their number ({number} for a lead that does not exist)")
        }
        None => format!("arrive {form}, without a number"),
    };
    match (outcome.class, outcome.status) {
        (Class::TargetMissing, Some(200..300)) => {
            sheet.ok("errors", seen("inside a success"));
        }
        (Class::TargetMissing, _) => sheet.ok("errors", seen("as a failed run")),
        (Class::Done | Class::Already, _) => sheet.warning(
            "errors",
            "a lead that cannot exist is answered with success: what a rule asks after an `ensure-lead` may be wrong",
            "look at the answer: kartwheel actions run get-lead --input '{\"email\": \"nobody@example.invalid\"}'",
        ),
        _ => sheet.warning(
            "errors",
            format!("a lead that cannot exist is answered with: {}", outcome.message),
            "look at the answer: kartwheel actions run get-lead --input '{\"email\": \"nobody@example.invalid\"}'",
        ),
    }
}

/// What comes with an answer: Membrane's number of the run, of the request, its limits.
fn answer(outcome: &Outcome, membrane: &membrane::Desk, sheet: &mut Sheet<'_>) {
    let facts = membrane.facts();
    let request = facts.as_ref().and_then(|facts| facts.request_id.as_ref());
    let limits = facts.iter().flat_map(|facts| &facts.rate_limits);
    let limits: Vec<&str> = limits.map(|(name, _)| name.as_str()).collect();
    let seen = format!(
        "{}, {}, {}",
        match outcome.action_run_id {
            Some(_) => "a run has Membrane's number",
            None => "a run has no number",
        },
        match request {
            Some((name, _)) => format!("a request has one ({name})"),
            None => "a request has none".to_owned(),
        },
        match limits[..] {
            [] => "no limits are told".to_owned(),
            _ => format!("limits are told ({})", listed(&limits)),
        }
    );
    if outcome.action_run_id.is_some() {
        sheet.ok("answers", seen);
    } else {
        sheet.note("answers", seen, "");
    }
}

fn listed(names: &[&str]) -> String {
    let mut shown = names[..names.len().min(NAMES_SHOWN)].join(", ");
    if names.len() > NAMES_SHOWN {
        shown.push_str(&format!(" and {} more", names.len() - NAMES_SHOWN));
    }
    shown
}
