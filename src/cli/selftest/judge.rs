//! The judge: what was answered with a 200 is an event and is done, once, in order. What is not so is said with numbers and ids.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::load::Taken;
use crate::run::{Run, State, StepState};
use crate::sandbox::Effect;
use crate::web::api::ids::short;

/// So many things of one kind are said one by one.
const SAID_MAX: usize = 5;
/// The verb that is never repeated blindly.
const REFUND: &str = "refund-transaction";
/// The verbs of an order that show in the account each time.
const OF_AN_ORDER: [&str; 2] = ["assign-tag", "subscribe-lead-to-list"];

/// What is judged.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The deliveries that were answered with a 200, by number.
    pub(super) taken: BTreeMap<u64, Taken>,
    /// All runs.
    pub(super) runs: Vec<Run>,
    /// Runs with an attempt of which nobody knows how it ended, though the run is over.
    pub(super) open: Vec<Uuid>,
    /// What was carried out in the account, in order.
    pub(super) effects: Vec<Effect>,
    /// The texts that runs are pinned to, by hash.
    pub(super) texts: HashMap<Arc<str>, Arc<str>>,
}

impl Facts {
    /// What does not hold.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for found in [
            self.lost(),
            self.twice_in_the_store(),
            self.unfinished(),
            self.not_as_recorded(),
            self.done_twice(),
            self.out_of_order(),
        ] {
            let more = found.len().saturating_sub(SAID_MAX);
            broken.extend(found.into_iter().take(SAID_MAX));
            if more > 0 {
                broken.push(format!("… and {more} more like it"));
            }
        }
        broken
    }

    /// How many refunds wait for a person, because nobody can know whether they were carried out.
    pub(super) fn doubts(&self) -> usize {
        let waits = |run: &&Run| run.state == State::NeedsPerson;
        self.runs.iter().filter(waits).count()
    }

    fn lost(&self) -> Vec<String> {
        let events: HashSet<Uuid> = self.runs.iter().map(|run| run.event).collect();
        let lost = self.taken.iter();
        lost.filter(|(_, taken)| !events.contains(&taken.event))
            .map(|(number, taken)| {
                format!(
                    "lost: delivery {number} was answered with 200, and its event {} has no run",
                    taken.event
                )
            })
            .collect()
    }

    fn twice_in_the_store(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut seen = HashSet::new();
        for run in &self.runs {
            if !seen.insert(run.event) {
                broken.push(format!("twice: event {} has two runs", run.event));
            }
        }
        let events: HashSet<Uuid> = self.taken.values().map(|taken| taken.event).collect();
        if events.len() < self.taken.len() {
            broken.push(format!(
                "{} deliveries became {} events",
                self.taken.len(),
                events.len()
            ));
        }
        broken
    }

    /// Orders end well whatever happens; a refund may wait for a person, and only if it was not carried out.
    fn unfinished(&self) -> Vec<String> {
        let ended = |run: &&Run| {
            let well = run.progress.steps.values();
            let well = well
                .into_iter()
                .all(|step| matches!(step.state, StepState::Ok | StepState::Already));
            match run.state {
                State::Done => well,
                State::NeedsPerson => &*run.rule == "refund",
                _ => false,
            }
        };
        let left = self.runs.iter().filter(|run| !ended(run));
        let open = self
            .open
            .iter()
            .map(|run| format!("open: run {run} is over, and an attempt of it has no outcome"));
        left.map(|run| {
            format!(
                "not done: run {} of {} is {} ({})",
                run.id,
                run.rule,
                run.state.name(),
                run.why.as_deref().unwrap_or("no reason")
            )
        })
        .chain(open)
        .collect()
    }

    /// What is recorded is what happened, by the text that the run is pinned to.
    fn not_as_recorded(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let of_run = self.effects_of_runs();
        for run in self.runs.iter().filter(|run| run.state == State::Done) {
            let effects = of_run.get(&run.id).map_or(&[][..], Vec::as_slice);
            let happened = |verb: &str| effects.iter().any(|effect| effect.verb == verb);
            let wanted = match &*run.rule {
                "refund" => &[REFUND][..],
                _ => &OF_AN_ORDER[..],
            };
            for verb in wanted.iter().filter(|verb| !happened(verb)) {
                broken.push(format!(
                    "not carried out: {verb} of run {}, which is done",
                    run.id
                ));
            }
            let text = self.texts.get(&run.rule_hash).map_or("", |text| &**text);
            for effect in effects.iter().filter(|effect| effect.verb == "assign-tag") {
                let tag = effect.input["tag_name"].as_str().unwrap_or_default();
                if !text.contains(&format!("tag_name: {tag} ")) {
                    let id = short(run.id);
                    broken.push(format!(
                        "run {id} brought the tag {tag}, which is not in its rule's text"
                    ));
                }
            }
        }
        broken
    }

    fn done_twice(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut leads = HashSet::new();
        for effect in &self.effects {
            if effect.verb == "create-lead" && !leads.insert(effect.input["email"].as_str()) {
                broken.push(format!(
                    "twice: the lead {} was made again",
                    effect.input["email"]
                ));
            }
        }
        let of_run = self.effects_of_runs();
        for run in &self.runs {
            let effects = of_run.get(&run.id).map_or(&[][..], Vec::as_slice);
            let refunds = effects
                .iter()
                .filter(|effect| effect.verb == REFUND)
                .count();
            let most = usize::from(run.state != State::NeedsPerson);
            if refunds > most {
                broken.push(format!(
                    "run {} is {} and gave the money back {refunds} times",
                    run.id,
                    run.state.name()
                ));
            }
        }
        let known: HashSet<Uuid> = self.runs.iter().map(|run| run.id).collect();
        for run in of_run.keys().filter(|run| !known.contains(run)) {
            broken.push(format!("acted: run {run} is not in the store"));
        }
        broken
    }

    /// Runs with one key act one after another, oldest first.
    fn out_of_order(&self) -> Vec<String> {
        let runs: HashMap<Uuid, &Run> = self.runs.iter().map(|run| (run.id, run)).collect();
        let mut last: HashMap<&str, i64> = HashMap::new();
        let mut broken = Vec::new();
        for effect in &self.effects {
            let Some(run) = effect.run_id().and_then(|id| runs.get(&id)) else {
                continue;
            };
            let Some(key) = &run.key else { continue };
            let before = last.insert(key, run.seq);
            if before.is_some_and(|before| before > run.seq) {
                let (verb, id) = (&effect.verb, short(run.id));
                broken.push(format!(
                    "out of order: {verb} of run {id} came after a younger run's of {key}"
                ));
            }
        }
        broken
    }

    fn effects_of_runs(&self) -> HashMap<Uuid, Vec<&Effect>> {
        let mut of_run: HashMap<Uuid, Vec<&Effect>> = HashMap::new();
        for effect in &self.effects {
            if let Some(run) = effect.run_id() {
                of_run.entry(run).or_default().push(effect);
            }
        }
        of_run
    }
}
