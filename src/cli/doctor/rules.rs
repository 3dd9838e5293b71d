//! What the rules name, held against what the account has now.

use std::sync::Arc;

use super::finding::Sheet;
use crate::action::Actions;
use crate::cli::Desk;
use crate::config::{Config, Env};
use crate::kartra;
use crate::membrane;
use crate::problem::Problem;
use crate::project::{self, Accounts, Strictness};

/// Reads the account, changing nothing, and checks the rules against it: what they name and it has not.
pub(super) async fn look(config: &Config, name: &Arc<str>, desk: &Desk, sheet: &mut Sheet<'_>) {
    let settings = config.membrane.clone();
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
    sheet.ok("account", seen.join(", "));
    let read = |accounts: Accounts| {
        let settings = project::settings(&desk.project, &Env::of_process(), Strictness::Check);
        settings.rules(accounts)
    };
    let without = read(Accounts::new());
    let with = read(Accounts::from([(Arc::clone(name), account)]));
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
            sheet.ok("rules", "what they name is there");
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
