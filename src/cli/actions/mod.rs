//! `kartwheel actions`: what a connection offers, what an action wants, and one run of it by hand.

mod input;
mod list;
mod run;
mod schema;
mod show;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Desk, Exit, Failure};
use crate::action::{ActionSpec, Effects, Safety};
use crate::cli::desk::{Account, told};
use crate::membrane::Listed;
use crate::problem::nearest;

/// The actions of a connection: list, show, run
///
/// An action is something that can be done in the account: each is a verb of the rules. What they want is asked of Membrane.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel actions list --intent \"give somebody a tag\"\n  kartwheel actions show assign-tag\n  kartwheel actions run get-lead --input '{\"email\": \"ada@example.com\"}'"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Run(run::Arguments),
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List(arguments) => list::run(&arguments, desk).await,
        Command::Show(arguments) => show::run(&arguments, desk).await,
        Command::Run(arguments) => run::run(&arguments, desk).await,
    }
}

/// As JSON: what Membrane tells, and what our own table knows; nulls where it has no such action.
fn json_of(listed: &Listed) -> Value {
    let mut shown = json!(listed.action);
    shown["verb"] = json!(listed.spec.map(|spec| spec.key));
    shown["effects"] = json!(listed.spec.map(|spec| spec.effects));
    shown["safety"] = json!(listed.spec.map(|spec| spec.safety));
    shown
}

/// What it does to the account, in words.
const fn does(spec: &ActionSpec) -> &'static str {
    match spec.effects {
        Effects::Read => "only looks",
        Effects::Write => "changes a lead",
        Effects::Money => "moves money or ends a subscription",
    }
}

/// Whether it may be repeated when nobody knows whether it was done, in words.
const fn again(spec: &ActionSpec) -> &'static str {
    match spec.safety {
        Safety::Safe => "changes nothing",
        Safety::Noticeable => "ends the same, but a person may notice (a second mail)",
        Safety::Never => "may do it twice: never without a person",
    }
}

/// What is said where the connection has no such action.
async fn not_offered(account: &Account, key: &str) -> Failure {
    let offered = match account.desk.actions(&account.id, None, None).await {
        Ok(offered) => offered,
        Err(failed) => return told(&failed),
    };
    let names = offered
        .iter()
        .flat_map(|one| [one.verb(), one.action.key.as_str()]);
    let failure = Failure::new(format!(
        "connection {} offers no action {key}",
        account.name
    ));
    match nearest(key, names) {
        Some(meant) => failure.remedy(format!("Did you mean {meant}?")),
        None => failure.remedy(format!(
            "`kartwheel actions list` shows the {} that it offers.",
            offered.len()
        )),
    }
}
