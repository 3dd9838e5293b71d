//! `kartwheel verify`: whether the invariants hold in the database, and if not, what breaks them.

mod list;
mod progress;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Desk, Exit, Failure};
use crate::engine::rejudge::{self, Again};
use crate::kartra;
use crate::store::verify::Told;
use crate::store::{Checked, Reader, Verify};
use progress::Progress;

/// Look whether the database keeps what is promised: the twelve invariants, the file, every row
///
/// Reads only, beside a running daemon or without one, in small pieces that keep nobody waiting. What breaks a promise is shown with its
/// ids, what it means and what to do. Exit code 0: all is well; 1: something is broken; 2: it could not be looked at.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel verify\n  kartwheel verify --deep    also judge every event again, and compare every index with its table\n  kartwheel verify --list    what is looked at, and what no database can show\n  kartwheel verify --json | jq '.checks[] | select(.broken > 0)'"
)]
pub(super) struct Arguments {
    /// Also judge every stored event again, compare attempts with the rules' texts and every index with its table: takes minutes for a
    /// million events
    #[arg(long)]
    deep: bool,
    /// Only list the checks and the invariants they watch
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    if arguments.list {
        list::print(arguments.json, &mut desk.screen)?;
        return Ok(Exit::Done);
    }
    let project = desk.open().await?;
    let progress = Progress::on_terminal();
    let told = |told: Told| progress.tell(told);
    let checked = look(&project.reader, arguments.deep, &told).await?;
    progress.clear();
    if arguments.json {
        desk.screen.json(&report::json(&checked))?;
    } else {
        report::print(&checked, arguments.deep, &mut desk.screen)?;
    }
    Ok(match checked.iter().all(Checked::is_clean) {
        true => Exit::Done,
        false => Exit::Problems,
    })
}

/// Looks at everything; with `deep` it also judges every event again. Says how far it has come.
pub(super) async fn look(
    reader: &Arc<dyn Reader>,
    deep: bool,
    told: &(dyn Fn(Told) + Send + Sync),
) -> Result<Vec<Checked>, Failure> {
    let asked = Verify {
        actions: kartra::catalog().actions,
        deep,
        told,
    };
    let mut checked = reader.verify(&asked).await?;
    if deep {
        let again = Again {
            reader: Arc::clone(reader),
            catalog: kartra::catalog(),
            told,
        };
        checked.extend(rejudge::look(&again).await?);
    }
    Ok(checked)
}
