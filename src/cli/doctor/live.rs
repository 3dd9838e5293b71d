//! What a live account answers, held against what this program takes for granted.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::finding::Sheet;
use crate::action::{Call, Class, Outcome};
use crate::cli::Desk;
use crate::clock::after;
use crate::kartra::ACTIONS;
use crate::membrane::{self, Listed, RunLog};

/// The read that asks for a lead which cannot exist.
const READ: &str = "get-lead";
/// The call must be on its way within this time.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// How often the run log is looked at for our run.
const LOG_LOOKS: u32 = 10;
/// The pause between two looks.
const LOG_PAUSE: Duration = Duration::from_millis(500);
/// So much earlier than the call: whose clock the log goes by is not known.
const LOG_MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Entries of the log that are looked at.
const LOG_ENTRIES: usize = 100;
/// What a log without our marks means.
const LOST_ANSWERS: &str = "a call whose answer is lost cannot be found there; what the account shows must do, or a person must look";
/// Names that are shown of a list.
const NAMES_SHOWN: usize = 8;

/// What the connection offers, compared with our table.
pub(super) async fn offered(id: &str, membrane: &membrane::Desk, sheet: &mut Sheet<'_>) {
    let offered = match membrane.actions(id, None, None).await {
        Ok(offered) => offered,
        Err(failed) => {
            return sheet.problem("actions", failed.message.clone(), "");
        }
    };
    let missing: Vec<&str> = ACTIONS
        .iter()
        .map(|spec| spec.key)
        .filter(|key| !offered.iter().any(|one| one.verb() == *key))
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
}

/// Whether the schemas name the fields as our table does.
fn fields(offered: &[Listed], sheet: &mut Sheet<'_>) {
    let mut differ: Vec<String> = Vec::new();
    let mut silent = 0;
    for spec in ACTIONS {
        let Some(Listed { action, .. }) = offered.iter().find(|one| one.verb() == spec.key) else {
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
    let kept = match outcome.class {
        // It did not come to a run, so the log cannot have one.
        Class::RateLimited | Class::Transient | Class::OurToken | Class::ConnectionDown => {
            return sheet.warning(
                "read",
                format!("a read was not carried out: {}", outcome.message),
                "run this again in a while: how errors arrive and what the run log keeps was not looked at",
            );
        }
        _ => log(id, run, began, membrane, desk, sheet).await,
    };
    errors(&outcome, kept.as_ref(), sheet);
    answer(&outcome, membrane, sheet);
}

/// Whether the run log keeps our mark, by which a lost answer is found again, and how soon.
async fn log(
    id: &str,
    run: Uuid,
    began: Timestamp,
    membrane: &membrane::Desk,
    desk: &Desk,
    sheet: &mut Sheet<'_>,
) -> Option<RunLog> {
    let from = began.saturating_sub(LOG_MARGIN).unwrap_or(began);
    for look in 0..LOG_LOOKS {
        if look > 0 {
            let next = after(desk.clock.now(), LOG_PAUSE);
            desk.clock.sleep_until(next).await;
        }
        let logs = match membrane.logs(id, from, LOG_ENTRIES).await {
            Ok(logs) => logs,
            Err(failed) => {
                sheet.warning("run log", failed.message.clone(), LOST_ANSWERS);
                return None;
            }
        };
        if let Some(found) = logs.into_iter().find(|one| one.run == Some(run)) {
            let soon = match look {
                0 => "at once".to_owned(),
                _ => format!("after {} s", (LOG_PAUSE * look).as_secs_f32()),
            };
            sheet.ok("run log", format!("keeps our mark of a run, {soon}"));
            return Some(found);
        }
    }
    let waited = (LOG_PAUSE * LOG_LOOKS).as_secs();
    sheet.warning(
        "run log",
        format!("does not show our run within {waited} s, or not its mark"),
        LOST_ANSWERS,
    );
    None
}

/// In which of three forms an error of Kartra's arrives: as Kartra writes it, wrapped, or as a failed run.
fn errors(outcome: &Outcome, kept: Option<&RunLog>, sheet: &mut Sheet<'_>) {
    let ends_well = matches!(outcome.status, Some(200..300));
    let flat = kept.map(|log| log.output.get("type").is_some());
    let form = match (ends_well, flat) {
        (false, _) => "as failed runs",
        (true, Some(true)) => "inside a success, as Kartra writes them",
        (true, Some(false)) => "inside a success, wrapped",
        (true, None) => "inside a success",
    };
    let number = match outcome.app_type {
        Some(number) => format!("with their number ({number})"),
        None => "without a number".to_owned(),
    };
    let to_do = "look at the answer: kartwheel actions run get-lead --input '{\"email\": \"nobody@example.invalid\"}'";
    match outcome.class {
        Class::TargetMissing => sheet.ok("errors", format!("Kartra's arrive {form}, {number}")),
        Class::Done | Class::Already => sheet.warning(
            "errors",
            "a lead that cannot exist is answered with success: `ensure-lead` would take it for one that is there",
            to_do,
        ),
        _ => sheet.warning(
            "errors",
            format!("a lead that cannot exist is answered otherwise than expected: {}", outcome.message),
            to_do,
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
