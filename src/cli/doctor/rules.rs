//! What the rules name, held against what the account has now.

use std::sync::Arc;

use super::finding::Sheet;
use crate::account::Account;
use crate::action::Actions;
use crate::cli::Desk;
use crate::config::{Config, Env};
use crate::kartra;
use crate::membrane;
use crate::problem::Problem;
use crate::project::{self, Accounts, Kept, Strictness};

/// Reads the account, changing nothing, and checks the rules against it: what they name and it has not.
pub(super) async fn look(
    config: &Config,
    name: &Arc<str>,
    id: &str,
    desk: &Desk,
    sheet: &mut Sheet<'_>,
) {
    let mut settings = config.membrane.clone();
    settings.connections.entry(Arc::clone(name)).or_default().id = Some(id.to_owned());
    let client = membrane::Client::new(settings, kartra::catalog(), Arc::clone(&desk.clock));
    let Ok(client) = client else {
        return;
    };
    let account = match client.survey(name).await {
        Ok(account) => account,
        Err(failed) => {
            return sheet.problem(
                "account",
                format!("could not be read: {}", failed.message),
                "",
            );
        }
    };
    let is_whole = tell(&account, sheet);
    let read = |accounts: Accounts| {
        let settings = project::settings(&desk.project, &Env::of_process(), Strictness::Check);
        settings.rules(accounts)
    };
    let kept = Kept {
        from: config.membrane.place(name),
        account,
    };
    let without = read(Accounts::new());
    let with = read(Accounts::from([(Arc::clone(name), kept)]));
    let is_new = |problem: &&Problem| {
        let same = |one: &Problem| {
            (one.code, &one.file, one.span.start, &one.message)
                == (
                    problem.code,
                    &problem.file,
                    problem.span.start,
                    &problem.message,
                )
        };
        !without.problems.iter().any(same)
    };
    let misfits: Vec<&Problem> = with.problems.iter().filter(is_new).collect();
    if misfits.is_empty() {
        if !with.rules.rules().is_empty() {
            let seen = match is_whole {
                true => "what they name is there",
                false => "what they name is there, as far as it could be read",
            };
            sheet.ok("rules", seen);
        }
        return;
    }
    for problem in misfits {
        let seen = format!("{}: {}", problem.place(), problem.message);
        let to_do = problem.help.as_deref().unwrap_or_default();
        if problem.is_error() {
            sheet.problem("rules", seen, to_do);
        } else {
            sheet.warning("rules", seen, to_do);
        }
    }
}

/// Tells what the account holds; whether all of it could be read.
fn tell(account: &Account, sheet: &mut Sheet<'_>) -> bool {
    let count = |names: &Option<Vec<String>>, what: &str| match names {
        Some(names) => format!("{} {what}", names.len()),
        None => format!("{what} could not be read"),
    };
    let seen = [
        count(&account.tags, "tags"),
        count(&account.lists, "lists"),
        count(&account.sequences, "sequences"),
        count(&account.pages, "pages"),
    ];
    let parts = [
        &account.tags,
        &account.lists,
        &account.sequences,
        &account.pages,
    ];
    let seen = seen.join(", ");
    let is_whole = parts.iter().all(|part| part.is_some());
    if is_whole {
        sheet.ok("account", seen);
    } else {
        sheet.warning(
            "account",
            seen,
            "what could not be read was not compared with the rules; run this again in a while",
        );
    }
    is_whole
}
