//! The judge: what the store says, what the sandbox's ledger says, and what was promised.

use std::collections::{BTreeMap, BTreeSet};

use kartwheel::run::{Attempt, Run, State};
use kartwheel::sandbox::Effect;
use kartwheel::store::{EventFilter, StoredEvent};
use uuid::Uuid;

use super::at_once::at_once;
use super::people::Book;
use super::play::Play;
use crate::world::sound::unsound;

/// Tries that the usual policy allows.
const ATTEMPTS_MAX: u32 = 8;
/// What must not be done twice.
const UNSAFE: [&str; 2] = ["grant-membership-access", "refund-transaction"];
/// Steps of ours that are no steps of a rule.
const OUR_READS: [&str; 3] = ["readiness", "look-back", "survey"];

/// The rules that each type of event has.
const RULES_OF: [(&str, &[&str]); 4] = [
    ("order", &["order", "welcome"]),
    ("refund", &["refund"]),
    ("nudge", &["later"]),
    ("customer.subscription.created", &["greet"]),
];
/// The steps of each rule that change the account.
const STEPS_OF: [(&str, &[(&str, &str)]); 5] = [
    (
        "order",
        &[("1", "assign-tag"), ("2", "grant-membership-access")],
    ),
    (
        "refund",
        &[("0", "refund-transaction"), ("1", "assign-tag")],
    ),
    ("welcome", &[("0", "subscribe-lead-to-list")]),
    ("later", &[("0", "assign-tag"), ("2", "assign-tag")]),
    ("greet", &[("0", "assign-tag")]),
];

/// All there is to judge by.
struct Case {
    events: Vec<StoredEvent>,
    runs: Vec<Run>,
    attempts: BTreeMap<Uuid, Vec<Attempt>>,
    effects: BTreeMap<Uuid, Vec<Effect>>,
    wrong: Vec<String>,
}

/// What is wrong with how it ended.
pub(super) fn judge(play: &Play) -> Vec<String> {
    let store = play.machine.engine().expect("running").store();
    let filter = EventFilter {
        limit: 1_000,
        ..EventFilter::default()
    };
    let runs = play.runs();
    let attempts = runs.iter().map(|run| {
        let attempts = at_once(store.reader().attempts(run.id));
        (run.id, attempts.expect("readable"))
    });
    let mut effects: BTreeMap<Uuid, Vec<Effect>> = BTreeMap::new();
    for effect in play.machine.sandbox.effects() {
        let run = effect.run_id().expect("our meta");
        effects.entry(run).or_default().push(effect);
    }
    let book = play.book.lock().expect("free");
    let mut case = Case {
        events: at_once(store.reader().events(&filter, false)).expect("readable"),
        attempts: attempts.collect(),
        runs,
        effects,
        wrong: book.wrong.clone(),
    };
    case.letters(play, &book);
    case.verdicts();
    for run in &case.runs.clone() {
        case.run(run, &book);
    }
    case.order(&book);
    case.sent(play);
    case.wrong.extend(at_once(unsound(store.reader())));
    case.wrong
}

impl Case {
    /// No letter that was answered is lost, and none is two events.
    fn letters(&mut self, play: &Play, book: &Book) {
        let stored: BTreeSet<Uuid> = self.events.iter().map(|stored| stored.event.id).collect();
        for (number, event) in &book.answered {
            if !stored.contains(event) {
                self.wrong.push(format!(
                    "letter {number} was answered and its event {event} is lost"
                ));
            }
        }
        if stored.len() != play.story.letters.len() {
            let letters = play.story.letters.len();
            self.wrong
                .push(format!("{letters} letters are {} events", stored.len()));
        }
    }

    /// Every rule of an event's type has its verdict, and what matched has its run.
    fn verdicts(&mut self) {
        for stored in &self.events {
            let event = &stored.event;
            let of_type = RULES_OF.iter().find(|(kind, _)| *kind == event.kind);
            let expected: BTreeSet<&str> = of_type
                .iter()
                .flat_map(|(_, rules)| *rules)
                .copied()
                .collect();
            let judged: BTreeSet<&str> = stored
                .verdicts
                .iter()
                .map(|verdict| &*verdict.rule)
                .collect();
            if judged != expected {
                self.wrong.push(format!(
                    "event {} ({}) has verdicts of {judged:?}",
                    event.id, event.kind
                ));
            }
            for verdict in &stored.verdicts {
                let runs = self
                    .runs
                    .iter()
                    .filter(|run| run.event == event.id && run.rule == verdict.rule);
                let wanted = usize::from(verdict.decision != "declined");
                if runs.count() != wanted && verdict.rule.as_ref() != "greet" {
                    self.wrong.push(format!(
                        "event {} has not {wanted} runs of {verdict:?}",
                        event.id
                    ));
                }
            }
        }
    }

    /// What one run did is what it says it did.
    fn run(&mut self, run: &Run, book: &Book) {
        let effects = self.effects.get(&run.id).map_or(&[][..], Vec::as_slice);
        let attempts = self.attempts.get(&run.id).map_or(&[][..], Vec::as_slice);
        let mut wrong = Vec::new();
        for verb in UNSAFE {
            let done: Vec<_> = effects
                .iter()
                .filter(|effect| effect.verb == verb)
                .collect();
            if done.len() > 1 {
                wrong.push(format!("{verb} was done {} times", done.len()));
            }
        }
        if run.state == State::Done {
            let left = self.left_undone(run);
            wrong.extend(left.map(|verb| format!("it is done and {verb} is not")));
        }
        if run.state != State::Cancelled
            && attempts.iter().any(|attempt| attempt.ended_at.is_none())
        {
            wrong.push("an attempt has no outcome".to_owned());
        }
        if let Some(before) = book.cancelled.get(&run.id)
            && attempts.len() > *before
        {
            wrong.push("it made a call after it was cancelled".to_owned());
        }
        if !book.touched.contains(&run.id) {
            let tried = run.progress.steps.values().map(|step| step.counted).max();
            if tried.unwrap_or(0) > ATTEMPTS_MAX {
                wrong.push(format!("a step was tried {tried:?} times"));
            }
        }
        for attempt in attempts
            .iter()
            .filter(|attempt| UNSAFE.contains(&&*attempt.verb))
        {
            let at = attempt.intended_at;
            if book.pauses.iter().any(|(from, to)| *from < at && at < *to) {
                wrong.push(format!(
                    "{} was begun while sending was paused",
                    attempt.verb
                ));
            }
        }
        self.wrong.extend(
            wrong
                .into_iter()
                .map(|what| format!("{what}: {run:?}, {effects:?}")),
        );
    }

    /// What a run should have done and nobody did. Access that an earlier run gave is as good: the account shows it.
    fn left_undone(&self, run: &Run) -> impl Iterator<Item = &'static str> {
        let steps = STEPS_OF.iter().find(|(rule, _)| *rule == &*run.rule);
        let steps = steps.map_or(&[][..], |(_, steps)| *steps).iter();
        let did = |of: &Uuid, step: Option<&str>, verb: &str| {
            let effects = self.effects.get(of).into_iter().flatten();
            let mut same = effects.filter(|effect| effect.verb == verb);
            same.any(|effect| step.is_none() || effect.step.as_deref() == step)
        };
        let given = |verb: &str| {
            let mut others = self.runs.iter().filter(|other| other.key == run.key);
            verb == "grant-membership-access" && others.any(|other| did(&other.id, None, verb))
        };
        let left = steps.filter(|(step, verb)| !did(&run.id, Some(step), verb) && !given(verb));
        left.map(|(_, verb)| *verb).collect::<Vec<_>>().into_iter()
    }

    /// Runs with one key went one after another: no younger one did anything before an older one had done all, but for what was
    /// done again, and for runs that a person laid hands on.
    fn order(&mut self, book: &Book) {
        let firsts: BTreeMap<Uuid, BTreeMap<&Option<String>, u64>> = self
            .effects
            .iter()
            .map(|(run, effects)| {
                let mut first = BTreeMap::new();
                for effect in effects {
                    first.entry(&effect.step).or_insert(effect.number);
                }
                (*run, first)
            })
            .collect();
        let numbers = |run: &Run| firsts.get(&run.id).map(|first| first.values().copied());
        // Not by what the run says is its key: by whom its event is about.
        let people: BTreeMap<Uuid, &str> = self
            .events
            .iter()
            .filter_map(|stored| Some((stored.event.id, stored.event.person.email.as_deref()?)))
            .collect();
        let kept = |run: &&Run| {
            !book.touched.contains(&run.id) && !["later", "greet"].contains(&&*run.rule)
        };
        let mut wrong = Vec::new();
        for older in self.runs.iter().filter(kept) {
            let Some(last) = numbers(older).and_then(Iterator::max) else {
                continue;
            };
            let who = people.get(&older.event);
            let younger =
                |run: &&Run| run.seq > older.seq && who.is_some() && people.get(&run.event) == who;
            for younger in self.runs.iter().filter(younger) {
                if numbers(younger)
                    .and_then(Iterator::min)
                    .is_some_and(|first| first < last)
                {
                    wrong.push(format!(
                        "run {} overtook {}: {:?}",
                        younger.id,
                        older.id,
                        self.effects.get(&older.id)
                    ));
                }
            }
        }
        self.wrong.extend(wrong);
    }

    /// Every call that arrived had its attempt on disk, and none arrived twice but one whose first proved that nothing was done.
    fn sent(&mut self, play: &Play) {
        let mut known: BTreeSet<(String, String, u64)> = BTreeSet::new();
        for (run, attempts) in &self.attempts {
            known.extend(attempts.iter().map(|attempt| {
                (
                    run.to_string(),
                    attempt.step.to_string(),
                    attempt.number.into(),
                )
            }));
        }
        for call in play.machine.sandbox.calls() {
            let Some(meta) = call.meta.as_ref() else {
                continue;
            };
            let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
            let sent = (
                text("runId"),
                text("step"),
                meta["attempt"].as_u64().unwrap_or(0),
            );
            if !OUR_READS.contains(&&*sent.1) && !known.contains(&sent) {
                self.wrong.push(format!(
                    "a call without an attempt: {sent:?} {:?}",
                    call.verb
                ));
            }
        }
    }
}
