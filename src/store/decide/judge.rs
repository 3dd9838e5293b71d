//! What a second judgement does to a run and its event: the rule knows by now who the event is about, or goes on without.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::event::Person;
use crate::run::State;
use crate::store::decide::runs::{Effects, Runs, YES, leased, rest, turn};
use crate::store::{Judged, StoreError, StoredVerdict, Written};

/// The events of the runs that a batch judges again. They follow what the batch does to them.
#[derive(Default)]
pub(in crate::store) struct Judging<'a> {
    /// By run, the place of its event.
    pub of_run: HashMap<i64, i64>,
    /// By place.
    pub events: BTreeMap<i64, JudgedEvent<'a>>,
    /// What was decided: runs with their new key and `once`.
    pub runs: Vec<(i64, &'a Judged)>,
}

/// One of them.
pub(in crate::store) struct JudgedEvent<'a> {
    /// As it is looked for.
    pub email: Option<String>,
    pub verdicts: Vec<StoredVerdict>,
    pub envelope: Value,
    /// Set when a judgement is to be written.
    pub person: Option<&'a Person>,
}

/// Carries a judgement out, if the run is still the judge's.
pub(in crate::store) fn judge<'a>(
    runs: &mut Runs,
    judged: &'a Judged,
    email: Option<String>,
    judging: &mut Judging<'a>,
    effects: &mut Effects<'a>,
) -> Result<Written, StoreError> {
    let wanted = wanted_once(judged);
    let taken_by = wanted.as_ref().and_then(|value| runs.once.get(value));
    let taken_by = taken_by.copied();
    let (run, right) = leased(&mut runs.by_seq, judged.lease);
    let Some(run) = run.filter(|_| right == YES) else {
        return Ok(right);
    };
    let place = judging.of_run.get(&run.seq);
    let Some(event) = place.and_then(|place| judging.events.get_mut(place)) else {
        return Err(StoreError::Row(format!("run {} has no event", run.id)));
    };
    if event.email.is_some() && event.email != email {
        turn(run, State::Ready)?;
        rest(run, Some(judged.now), judged.now, effects);
        effects.write(run.seq, None);
        return Ok(YES);
    }
    match taken_by {
        Some(first) => {
            turn(run, State::Declined)?;
            run.why = Some(format!("once, run {first}"));
        }
        None => {
            turn(run, judged.run.state)?;
            run.why.clone_from(&judged.run.why);
        }
    }
    run.key.clone_from(&judged.run.key);
    run.once.clone_from(&judged.run.once);
    rest(run, None, judged.now, effects);
    effects.write(run.seq, Some(&judged.run.progress));
    judging.runs.push((run.seq, judged));
    event.email = email;
    event.person = Some(&judged.person);
    let verdict = event.verdicts.iter_mut();
    let mut of_rule = verdict.filter(|verdict| verdict.rule == judged.verdict.rule);
    if let Some(verdict) = of_rule.next() {
        verdict.clone_from(&judged.verdict);
    }
    if let (Some(value), None) = (wanted, taken_by) {
        runs.once.insert(value, judged.run.id);
    }
    Ok(YES)
}

/// The `once` value that a run begins with.
pub(in crate::store) fn wanted_once(judged: &Judged) -> Option<(Arc<str>, String)> {
    let run = &judged.run;
    let once = run.once.as_ref().filter(|_| run.state.takes_once())?;
    Some((Arc::clone(&run.rule), once.clone()))
}
