//! Runs that wait for a person: what must be told of them, which stands exactly as long as one of them waits.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::run::{State, WHY_APPROVAL, WHY_BUDGET};
use crate::store::decide::runs::Standing;
use crate::store::{Alert, AlertKind};

/// What a run waits for: the kind of alert, and its subject.
pub(in crate::store) type Cause = (AlertKind, String);

/// What a run in this state waits for a person for, if it does.
pub(in crate::store) fn cause(state: State, why: Option<&str>, rule: &str) -> Option<Cause> {
    let rule = || format!("rule {rule}");
    match state {
        State::NeedsPerson => Some((AlertKind::NeedsPerson, rule())),
        State::Held => Some(match why {
            Some(why) if why.starts_with(WHY_APPROVAL) => (AlertKind::ApprovalWanted, rule()),
            Some(why) if why.starts_with(WHY_BUDGET) => {
                let scope = limit_of(why).split_once(": ").map(|(scope, _)| scope);
                (
                    AlertKind::LimitReached,
                    scope.map_or_else(rule, str::to_owned),
                )
            }
            _ => (AlertKind::RunStuck, rule()),
        }),
        _ => None,
    }
}

/// What is said of the limit that holds a run: its scope, a colon, and how much it allows.
fn limit_of(why: &str) -> &str {
    why.trim_start_matches(WHY_BUDGET).trim_start_matches(": ")
}

/// The alert about runs that wait for this, as one that has just begun to says it.
pub(in crate::store) fn alert(
    (kind, subject): &Cause,
    why: Option<&str>,
    since: Timestamp,
) -> Alert {
    let text = match kind {
        AlertKind::NeedsPerson => format!(
            "{subject}: the answer to a call was lost, and nobody knows whether it was carried out. Its runs wait: `kartwheel runs list \
             --state needs_person`, then `kartwheel runs show ID` says where to look and how to go on"
        ),
        AlertKind::ApprovalWanted => format!(
            "{subject}: a call wants to be approved. Its runs wait: look at them with `kartwheel runs list --state held`, then `kartwheel \
             runs approve ID` or cancel them"
        ),
        AlertKind::LimitReached => format!(
            "{}. Its runs wait: look at them with `kartwheel runs list --state held`, then `kartwheel runs resume ID` or cancel them",
            limit_of(why.unwrap_or(subject))
        ),
        _ => format!(
            "{subject}: runs cannot go on as they are. `kartwheel runs list --state held` says why; then `kartwheel runs resume ID`, or \
             cancel them"
        ),
    };
    Alert {
        kind: *kind,
        subject: subject.clone(),
        text,
        since,
        over_at: None,
    }
}

/// How many runs wait for what, as the one writer knows it.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Waiting(HashMap<Cause, u64>);

impl Waiting {
    /// Who waits for this.
    pub(in crate::store) fn count(&self, cause: &Cause) -> u64 {
        self.0.get(cause).copied().unwrap_or(0)
    }

    /// So many more wait for this.
    pub(in crate::store) fn add(&mut self, cause: Cause, runs: u64) {
        *self.0.entry(cause).or_default() += runs;
    }

    /// Takes in who began to wait and who no longer does. Says what is to be told and what is over.
    pub(in crate::store) fn take_in(
        &mut self,
        moves: Moves,
    ) -> (Vec<Alert>, Vec<(Cause, Timestamp)>) {
        let (mut told, mut over) = (Vec::new(), Vec::new());
        for (cause, moved) in moves.0 {
            let count = self.count(&cause).saturating_add_signed(moved.net);
            if count == 0 {
                self.0.remove(&cause);
                over.push((cause, moved.at));
                continue;
            }
            self.0.insert(cause, count);
            told.extend(moved.told);
        }
        (told, over)
    }
}

/// Who began to wait for a person within a batch, and who no longer does.
#[derive(Debug, Default)]
pub(in crate::store) struct Moves(BTreeMap<Cause, Moved>);

#[derive(Debug)]
struct Moved {
    net: i64,
    told: Option<Alert>,
    at: Timestamp,
}

impl Moves {
    /// Something happened to a run that waited for this before.
    pub(in crate::store) fn of(&mut self, before: Option<Cause>, run: &Standing) {
        if let Some(cause) = before {
            self.at(cause, run.updated_at).net -= 1;
        }
        self.begins(run.state, run.why.as_deref(), &run.rule, run.updated_at);
    }

    /// A run stands so from now on, and waited for nobody before.
    pub(in crate::store) fn begins(
        &mut self,
        state: State,
        why: Option<&str>,
        rule: &str,
        at: Timestamp,
    ) {
        if let Some(cause) = cause(state, why, rule) {
            let alert = alert(&cause, why, at);
            let moved = self.at(cause, at);
            moved.net += 1;
            moved.told = Some(alert);
        }
    }

    fn at(&mut self, cause: Cause, at: Timestamp) -> &mut Moved {
        let moved = self.0.entry(cause).or_insert(Moved {
            net: 0,
            told: None,
            at,
        });
        moved.at = at;
        moved
    }
}
