//! `verify` on SQLite: the file first, then every table once, in pieces, with all checks of its rows at a time.
//!
//! Each check is about one row and what that row points to, and each piece is one statement, so it sees one state of the
//! database: nothing has to agree between two statements, however much a daemon writes meanwhile. No snapshot lasts longer
//! than a piece, so the write-ahead log can be started anew between them. What was stored after the start is not looked at.
//!
//! To add a check: its words in `store::verify`, here a `RowCheck` in the file of its invariant: for a row that breaks it,
//! `broken` is true, and `what` says what is wrong, both in SQL. A file more is a line more in `CHECKS`.

mod attempts;
mod beside;
mod file;
mod judged;
mod kept;
mod keys;
mod once;
mod pass;
mod pinned;
mod reasons;
mod retained;
mod setting;
mod states;
mod stopped;

use std::collections::HashMap;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::store::StoreError;
use crate::store::verify::{CHECKS as ALL, Check, Checked, Verify};

#[cfg(test)]
pub(super) use pass::PASSES;
use pass::Pass;
#[cfg(test)]
pub(super) use setting::prepare;

/// The checks of rows.
pub(super) const CHECKS: &[&[RowCheck]] = &[
    kept::ROWS,
    judged::ROWS,
    once::ROWS,
    attempts::ROWS,
    stopped::ROWS,
    keys::ROWS,
    retained::ROWS,
    pinned::ROWS,
    reasons::ROWS,
    states::ROWS,
    beside::ROWS,
];

/// A check of one row of a table.
pub(super) struct RowCheck {
    /// Its words.
    pub(super) check: &'static Check,
    /// The table that is gone through.
    pub(super) of: &'static Pass,
    /// True for a row that breaks it.
    pub(super) broken: &'static str,
    /// What is wrong with such a row.
    pub(super) what: &'static str,
}

/// The verdicts of the event `e`, one row each; none where they cannot be read.
macro_rules! verdicts {
    () => {
        "json_each(CASE WHEN json_valid(e.verdicts) THEN e.verdicts ELSE '[]' END) v"
    };
}
/// The steps of the run `r`, one row each; none where they cannot be read.
macro_rules! steps {
    () => {
        "json_each(CASE WHEN json_valid(r.progress) THEN r.progress ELSE '{}' END, '$.steps') s"
    };
}
/// Whether the run `r` is held for a person who may let others pass.
macro_rules! lets_pass {
    () => {
        "(r.state = 'held' AND (coalesce(r.why, '') GLOB 'approval*' OR coalesce(r.why, '') GLOB 'budget*'))"
    };
}
/// Whether retention has removed whole events, so that what a row names may be gone for good.
macro_rules! something_went {
    () => {
        "EXISTS (SELECT 1 FROM verify_words n WHERE n.of = 'removed' AND n.word = 'events')"
    };
}
use {lets_pass, something_went, steps, verdicts};

/// What is found, by check.
pub(super) struct Results(HashMap<&'static str, Checked>);

impl Results {
    fn new() -> Self {
        let all = ALL.iter().flat_map(|checks| checks.iter());
        Self(all.map(|check| (check.name, Checked::of(check))).collect())
    }

    /// The result of a check.
    fn of(&mut self, check: &'static Check) -> &mut Checked {
        self.0
            .entry(check.name)
            .or_insert_with(|| Checked::of(check))
    }

    /// All of them, in the order of the list; those that look deeper come from elsewhere.
    fn in_order(mut self) -> Vec<Checked> {
        let all = ALL.iter().flat_map(|checks| checks.iter());
        all.filter(|check| !check.deep)
            .filter_map(|check| self.0.remove(check.name))
            .collect()
    }
}

/// Looks at everything. The connection is its own, and closed at the end.
pub(super) async fn carry_out(
    mut db: SqliteConnection,
    asked: &Verify<'_>,
) -> Result<Vec<Checked>, StoreError> {
    let mut results = Results::new();
    let looked = look(&mut db, asked, &mut results).await;
    let _ = db.close().await;
    looked.map(|()| results.in_order())
}

/// What cannot be read is said of the checks that it was for, and does not end the rest.
async fn look(
    db: &mut SqliteConnection,
    asked: &Verify<'_>,
    results: &mut Results,
) -> Result<(), StoreError> {
    let rows = || CHECKS.iter().flat_map(|checks| checks.iter());
    if !file::look(db, asked, results).await? {
        let why =
            "first the tables and indexes must be right: without an index this would take for ever";
        rows().for_each(|row| results.of(row.check).unread = Some(why.to_owned()));
        return Ok(());
    }
    let mut ends = Vec::new();
    for pass in pass::PASSES {
        ends.push(pass.end(db).await);
    }
    if let Err(error) = setting::prepare(db, asked.actions).await {
        rows().for_each(|row| results.of(row.check).unread = Some(error.to_string()));
        return Ok(());
    }
    for (pass, end) in pass::PASSES.iter().zip(ends) {
        let done = match end {
            Ok(end) => pass::go_through(db, pass, end, asked, results).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let why = format!("{}: {error}", pass.name);
            pass.checks()
                .for_each(|check| results.of(check.check).unread = Some(why.clone()));
        }
    }
    pinned::look_at_texts(db, results).await;
    Ok(())
}
