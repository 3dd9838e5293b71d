//! Identity: events that bring only a sender's own id of a person get the address that another event brought: an earlier one, or
//! one that comes soon, for which rules that need the address wait.

use std::time::Duration;

use super::{Engine, accept};
use crate::clock;
use crate::event::Event;
use crate::rule::{AddressFor, LEAF_ECHO, Rule, Verdict, duration};
use crate::run::{Progress, Run, State, WHY_IDENTITY};
use crate::store::{self, Judged, Lease, NewRun, StoreError, StoredVerdict};

/// So much of an id is shown.
const SHOWN_CHARACTERS: usize = 60;

impl Engine {
    /// Fills in who the event is about, if it names no address and one of its ids is known. Before judging, so that rules see
    /// it; the event keeps what was filled in, and which event told it.
    pub(super) async fn know_person(&self, event: &mut Event) -> Result<(), StoreError> {
        if event.person.email.is_some() || event.person.ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = store::person_ids(&event.person)
            .map(|(kind, id)| (kind.to_owned(), id))
            .collect();
        let reader = self.store().reader();
        let Some(known) = reader.known_person(&event.source, &ids).await? else {
            return Ok(());
        };
        let mut person = event.person.clone();
        person.email = Some(known.email);
        person.first_name = person.first_name.or(known.first_name);
        person.last_name = person.last_name.or(known.last_name);
        person.phone = person.phone.or(known.phone);
        person.known_by = Some(known.event);
        event.set_person(person);
        Ok(())
    }

    /// How long a rule that came to this verdict waits until it is known who the event is about, if it does: it needs the
    /// address for more than it has come to, and another event can bring it. Then it judges without.
    pub(super) fn waits_for_person(
        &self,
        event: &Event,
        rule: &Rule,
        verdict: &Verdict,
    ) -> Option<Duration> {
        // What nothing proves yet has its check to wait for, and is not let in by what others tell.
        if event.person.email.is_some()
            || event.unproven.is_some()
            || store::person_ids(&event.person).next().is_none()
        {
            return None;
        }
        let needs = match rule.needs_address {
            AddressFor::Nothing => false,
            AddressFor::Run => *verdict == Verdict::Matched,
            AddressFor::Match => {
                !matches!(verdict, Verdict::Declined { leaf, .. } if *leaf == LEAF_ECHO)
            }
        };
        let starts = || self.guarded(event, rule, Verdict::Matched) == Verdict::Matched;
        let wait = self.0.parts.identity_waits.get(&event.source).copied();
        wait.filter(|_| needs && starts())
    }

    /// What is stored of a rule that waits: its verdict, and a run that has yet to be judged.
    pub(super) fn wait_for_person(
        &self,
        event: &Event,
        rule: &Rule,
        wait: Duration,
    ) -> (StoredVerdict, NewRun) {
        let mut run = self.new_run(event, rule);
        run.state = State::Waiting;
        run.why = Some(format!(
            "{WHY_IDENTITY}: no event has told yet {}",
            whose(event)
        ));
        run.due_at = Some(clock::after(run.created_at, wait));
        run.progress = Progress {
            unjudged: true,
            waits_from: Some(run.created_at),
            ..Progress::default()
        };
        let note = format!(
            "{WHY_IDENTITY}: when the event came, none had told {}; judged again when one does, or after {}",
            whose(event),
            duration::write(wait)
        );
        let verdict = StoredVerdict {
            note: Some(note),
            ..StoredVerdict::new(rule.id.clone(), rule.hash.clone(), "waiting")
        };
        let new = NewRun {
            run,
            take: false,
            intent: None,
        };
        (verdict, new)
    }

    /// Judges an event again for the rule of a run that waited for its person, with what is known of them by now.
    pub(super) async fn judge_again(
        &self,
        run: Run,
        lease: Lease,
        mut event: Event,
        rule: &Rule,
    ) -> Result<(), StoreError> {
        self.know_person(&mut event).await?;
        let verdict = self.guarded(&event, rule, rule.judge(&event));
        let now = self.clock().now();
        let mut run = Run {
            why: None,
            due_at: None,
            progress: Progress {
                unjudged: false,
                ..run.progress
            },
            ..run
        };
        match &verdict {
            Verdict::Matched => accept::start(&mut run, rule, &event),
            Verdict::Error { message } => accept::fail(&mut run, message.clone()),
            Verdict::Type => run.state = State::Declined,
            Verdict::Declined {
                path,
                expected,
                actual,
                ..
            } => {
                run.state = State::Declined;
                run.why = Some(format!("{path}: expected {expected}, got {actual}"));
            }
        }
        let verdict = StoredVerdict {
            note: Some(judged_by(&event, clock::between(event.received_at, now))),
            ..accept::stored(rule, verdict)
        };
        let judged = Judged {
            lease,
            person: event.person,
            verdict,
            run,
            now,
        };
        self.persist(|| self.store().judge(judged.clone())).await?;
        self.look_again();
        Ok(())
    }
}

/// What the verdict says of a second judgement.
fn judged_by(event: &Event, waited: Duration) -> String {
    let waited = duration::write(Duration::from_secs(waited.as_secs()));
    match event.person.known_by {
        Some(by) => format!("judged after {waited}: event {by} told {}", whose(event)),
        None => format!(
            "judged after {waited} without the address: no event told {}",
            whose(event)
        ),
    }
}

/// `whose customer cus_1 is`.
fn whose(event: &Event) -> String {
    let ids = store::person_ids(&event.person).map(|(kind, id)| {
        let id: String = id.chars().take(SHOWN_CHARACTERS).collect();
        format!("{kind} {id}")
    });
    format!("whose {} is", ids.collect::<Vec<_>>().join(" or "))
}
