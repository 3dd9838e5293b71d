//! After a lost answer: Membrane's run logs first, then the account, and what both together show.
//!
//! A run in the log with our mark that ended is the answer itself. Otherwise the catalogue says what to read in the account.
//! A log that is silent is evidence only together with an account that shows nothing, or where no read of the account
//! could show it; when it counts, and how often it must be seen, is not for this file to say.

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::act::OwnReads;
use super::classify::{Row, failure};
use super::fault::{Asked, Fault};
use super::line::Line;
use super::logs::{RunLog, RunLogs};
use super::wire::Answer;
use crate::action::{Call, Class, Evidence, Look, LookBack, Outcome, Priority, Reads, Seen};
use crate::clock::after;

/// How far Membrane's clock may be from ours.
const CLOCK_MARGIN: Duration = Duration::from_secs(60);
/// How long before `send_by` a call may have been sent, as Membrane's clock shows it.
const LOG_MARGIN: Duration = Duration::from_secs(5 + 60);
/// Reads of the account that are made at most for one look.
const MAX_READS: usize = 12;
/// Whose turn the reads are, in the pace, and which step they are in Membrane's log.
const NAME: &str = "look-back";

/// What the run logs say of a call.
#[derive(Debug, PartialEq)]
enum Heard {
    /// Its answer.
    Answer(Outcome),
    /// It is not there.
    Nothing(String),
    /// It is there, and failed without telling whether it was done.
    Failure(String),
    /// Something is there that may be it or may yet end well.
    Something(String),
    /// They cannot be read, now or later.
    Unreadable(String),
    /// They cannot be read now.
    Trouble(Outcome),
}

impl Line {
    /// What became of this very call. It waits for slots of its own: its caller must hold none.
    pub(super) async fn look_back(
        &self,
        call: &Call,
        next: LookBack,
        reader: Option<&dyn Reads>,
    ) -> Evidence {
        let heard = self.listen(call).await;
        if let Heard::Answer(outcome) = heard {
            return Evidence::Outcome(outcome);
        }
        let own;
        let reader = match reader {
            Some(reader) => reader,
            None => {
                own = InTurn { line: self, call };
                &own
            }
        };
        let (shown, reads) = ask_account(call, next, reader).await;
        combine(heard, shown, reads > 0)
    }

    /// Asks the run logs.
    async fn listen(&self, call: &Call) -> Heard {
        let connection = match self.connection_id().await {
            Ok(connection) => connection,
            Err(failed) => return Heard::Trouble(*failed),
        };
        let margin = jiff::SignedDuration::try_from(LOG_MARGIN).unwrap_or_default();
        let from = match call.send_by.saturating_sub(margin) {
            Ok(from) if call.send_by <= after(self.clock.now(), CLOCK_MARGIN) => from,
            // It was sent in what is the future now: by another clock, so that the log is read from its beginning.
            _ => Timestamp::UNIX_EPOCH,
        };
        let wanted = |run: &RunLog| is_ours(run, call) || may_be_ours(run, call);
        let logs = self.run_logs(&connection, from, usize::MAX, wanted).await;
        match logs {
            Ok(logs) => self.read_logs(call, from, logs).await,
            Err(failed) if is_lasting(&failed) => {
                Heard::Unreadable("Membrane does not show us its run logs".to_owned())
            }
            Err(failed) => Heard::Trouble(*failed),
        }
    }

    async fn read_logs(&self, call: &Call, from: Timestamp, logs: RunLogs) -> Heard {
        let whole = logs.whole;
        let (ours, others): (Vec<_>, Vec<_>) =
            logs.runs.into_iter().partition(|run| is_ours(run, call));
        if let Some(run) = ours.iter().find(|run| run.status == "success") {
            return self.take_success(call, run);
        }
        if let Some(run) = ours.iter().find(|run| run.status != "error") {
            return Heard::Something(format!(
                "Membrane's run log {} says of it \"{}\"",
                run.id, run.status
            ));
        }
        if let Some(run) = ours.first() {
            return self.take_error(call, run).await;
        }
        if let Some(run) = others.first() {
            return Heard::Something(format!(
                "Membrane's run log {} has the same input and does not say whose it is",
                run.id
            ));
        }
        if whole {
            Heard::Nothing(format!(
                "Membrane's run logs since {from:.0} show nothing of it"
            ))
        } else {
            Heard::Something(format!(
                "Membrane's run logs since {from:.0} are too long to be read whole"
            ))
        }
    }

    fn take_success(&self, call: &Call, run: &RunLog) -> Heard {
        let outcome = (self.read_output)(&call.verb, &call.input, run.output.clone());
        if outcome.class == Class::Unknown {
            return Heard::Something(format!(
                "Membrane's run log {} calls it a success, but: {}",
                run.id, outcome.message
            ));
        }
        Heard::Answer(told(outcome, run))
    }

    async fn take_error(&self, call: &Call, run: &RunLog) -> Heard {
        let mut answer = Answer {
            status: 0,
            retry_after: None,
            body: Some(run.error.clone()),
        };
        answer.status = Fault::of(&answer).usual_status();
        let asked = Asked {
            what: &call.verb,
            input: &call.input,
            read_output: Some(self.read_output),
        };
        let verdict = failure(&answer, asked, self.clock.now());
        let outcome = match verdict.row {
            Row::ApplicationCredentials => self.after_look(verdict.outcome).await,
            _ => verdict.outcome,
        };
        if outcome.class == Class::Unknown {
            return Heard::Failure(format!(
                "Membrane's run log {} has it as failed: {}",
                run.id, outcome.message
            ));
        }
        Heard::Answer(told(outcome, run))
    }
}

/// Makes the reads itself, each when it is its turn.
struct InTurn<'a> {
    line: &'a Line,
    call: &'a Call,
}

#[async_trait]
impl Reads for InTurn<'_> {
    async fn read(&self, verb: &str, input: &Value) -> Option<Outcome> {
        let own = OwnReads {
            name: NAME,
            priority: Priority::High,
            run: self.call.run,
            attempt: self.call.attempt,
        };
        Some(self.line.read_in_turn(&own, verb, input).await)
    }
}

/// Asks the account, as the catalogue says. With how many reads were made.
async fn ask_account(call: &Call, next: LookBack, reader: &dyn Reads) -> (Evidence, usize) {
    let mut seen = Vec::new();
    loop {
        let (verb, input) = match next(&call.verb, &call.input, &seen) {
            Look::Found(evidence) => return (evidence, seen.len()),
            Look::Read { verb, input } => (verb, input),
        };
        if seen.len() >= MAX_READS {
            let text = format!(
                "{MAX_READS} reads of the account did not show it; the next would have been {verb}"
            );
            return (Evidence::Unclear(text), seen.len());
        }
        let Some(outcome) = reader.read(verb, &input).await else {
            let left = Outcome::new(Class::Transient, "the look-up was left for now");
            return (Evidence::Failed(left), seen.len());
        };
        let tells = matches!(
            outcome.class,
            Class::Done
                | Class::Already
                | Class::TargetMissing
                | Class::Refused
                | Class::RuleWrong
                | Class::NotOffered
        );
        if !tells {
            return (Evidence::Failed(not_looked(outcome)), seen.len());
        }
        seen.push(Seen {
            verb: verb.into(),
            input,
            outcome,
        });
    }
}

/// Whether the log's run is this very try.
fn is_ours(run: &RunLog, call: &Call) -> bool {
    run.run == Some(call.run)
        && run.step.as_deref() == Some(&*call.step)
        && run.attempt == Some(call.attempt)
}

/// Whether it could be: the same input, about then, and nobody's mark, as where Membrane does not keep `meta`.
fn may_be_ours(run: &RunLog, call: &Call) -> bool {
    let latest = after(call.send_by, CLOCK_MARGIN);
    run.run.is_none()
        && !run.input.is_null()
        && run.input == *call.input
        && run.created_at.is_none_or(|at| at <= latest)
}

/// Whether asking again would bring the same: no such route, or no right to it.
fn is_lasting(failed: &Outcome) -> bool {
    matches!(failed.status, Some(400 | 403 | 404 | 405 | 410 | 501))
}

/// The answer that the log kept.
fn told(outcome: Outcome, run: &RunLog) -> Outcome {
    let when = run
        .created_at
        .map_or_else(String::new, |at| format!(" of {at:.0}"));
    Outcome {
        message: format!(
            "{} (the answer was lost; so says Membrane's run log {}{when})",
            outcome.message, run.id
        ),
        // It was asked for long ago.
        retry_after: None,
        action_run_id: Some(run.id.clone()),
        status: None,
        ..outcome
    }
}

/// A read that failed is no outcome of the call; it changed nothing, so it may be made again.
fn not_looked(outcome: Outcome) -> Outcome {
    Outcome {
        class: match outcome.class {
            Class::Unknown => Class::Transient,
            class => class,
        },
        message: format!("looking it up failed: {}", outcome.message),
        ..outcome
    }
}

/// What the run logs and the account show together. An answer in the logs has been taken before.
fn combine(heard: Heard, shown: Evidence, was_read: bool) -> Evidence {
    let both = |shown: String, heard: String| format!("{shown}; {heard}");
    match (shown, heard) {
        (_, Heard::Answer(outcome)) | (Evidence::Outcome(outcome), _) => Evidence::Outcome(outcome),
        (Evidence::Failed(outcome), _) => Evidence::Failed(outcome),
        (_, Heard::Trouble(outcome)) => Evidence::Failed(not_looked(outcome)),
        (
            Evidence::NotDone(shown),
            Heard::Nothing(heard) | Heard::Failure(heard) | Heard::Unreadable(heard),
        ) => Evidence::NotDone(both(shown, heard)),
        (Evidence::Unclear(shown), Heard::Nothing(heard)) if !was_read => {
            Evidence::NotDone(both(shown, heard))
        }
        (
            Evidence::NotDone(shown) | Evidence::Unclear(shown),
            Heard::Nothing(heard)
            | Heard::Failure(heard)
            | Heard::Something(heard)
            | Heard::Unreadable(heard),
        ) => Evidence::Unclear(both(shown, heard)),
    }
}
