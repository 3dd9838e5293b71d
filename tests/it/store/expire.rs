//! What is old goes in steps, and nothing goes that somebody still needs.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::action::Class;
use kartwheel::clock::{after, from_micros};
use kartwheel::run::{Run, State};
use kartwheel::store::{
    Alert, AlertKind, EventFilter, Expire, Expired, Handshake, NewRun, PACK_BYTES_MIN, Part,
    Refused, RunFilter, StoredEvent,
};

use super::on_every_store;
use super::world::{Home, World, ended};

on_every_store!(
    only_what_is_over_and_old_goes,
    a_body_goes_and_the_event_says_so,
    what_goes_whole_is_not_known_any_more,
    keys_are_known_until_the_event_goes,
    a_step_is_bounded_and_the_next_goes_on_behind_it,
    calls_go_without_their_run,
    what_is_only_counted_goes_too,
    what_is_free_goes_back_to_the_disk,
    large_bodies_are_kept_packed_and_read_whole,
);

const DAY: u64 = 24 * 60 * 60;

impl World {
    /// A step from the beginning: what ended before this goes.
    fn expiring(&self, part: Part, before: Timestamp) -> Expire {
        Expire {
            part,
            after: 0,
            well_before: before,
            ill_before: before,
            now: self.now(),
        }
    }

    /// All steps of a part; how many rows went.
    async fn expire_all(&self, expire: Expire) -> u64 {
        let (mut all, mut behind) = (0, Some(expire.after));
        while let Some(next) = behind {
            let step = Expire {
                after: next,
                ..expire
            };
            let expired = self.store.expire(step).await.unwrap();
            all += expired.gone;
            behind = expired.next;
        }
        all
    }

    async fn expire_now(&self, part: Part) -> u64 {
        self.expire_all(self.expiring(part, self.now())).await
    }

    /// A run whose event came now, in this state, with one call.
    async fn run_in(&self, state: State, once: Option<&str>) -> Run {
        let (run, lease) = self
            .start(true, |run| run.once = once.map(Into::into))
            .await;
        let lease = lease.unwrap();
        self.begin(lease, 1, false).await;
        match state {
            State::Running => {}
            State::Cancelled => drop(self.change(run.id, state).await),
            state => {
                let next = kartwheel::store::Next::Rest {
                    state,
                    why: None,
                    due_at: None,
                };
                let done = ended(1, Class::Done, None);
                self.record(lease, Some(done), next).await;
            }
        }
        self.stored(run.id).await
    }

    async fn event_of(&self, run: &Run) -> Option<StoredEvent> {
        self.reader().event(run.event).await.unwrap()
    }
}

/// Invariant 10.
async fn only_what_is_over_and_old_goes(home: Home) {
    let world = home.open().await;
    let mut runs = Vec::new();
    for state in State::ALL {
        if !matches!(state, State::Ready | State::Declined) {
            runs.push(world.run_in(state, None).await);
        }
    }
    let begun = world.now();
    world.advance(400 * DAY);
    let late = world.run_in(State::Done, None).await;
    for part in [Part::Bodies, Part::Calls, Part::Events] {
        let early = world.expiring(part, begun);
        assert_eq!(
            world.expire_all(early).await,
            0,
            "{part:?}: not older than that"
        );
    }
    let only_well = Expire {
        ill_before: begun,
        ..world.expiring(Part::Bodies, world.now())
    };
    assert_eq!(world.expire_all(only_well).await, 1, "the one that is done");
    assert_eq!(
        world.expire_now(Part::Bodies).await,
        2,
        "failed and cancelled"
    );
    assert_eq!(world.expire_now(Part::Calls).await, 3);
    assert!(world.expire_now(Part::Events).await > 0);
    let left = world.reader().runs(&RunFilter::default()).await.unwrap();
    let left: BTreeSet<_> = left.iter().map(|run| run.id).collect();
    for run in runs.iter().chain([&late]) {
        let stays = !run.state.is_over() || run.id == late.id;
        assert_eq!(left.contains(&run.id), stays, "{:?}", run.state);
        let event = world.event_of(run).await;
        assert_eq!(event.is_some(), stays, "{:?}", run.state);
        if let Some(event) = event {
            assert!(!event.event.raw.is_empty() && event.thinned_at.is_none());
            assert_eq!(world.reader().attempts(run.id).await.unwrap().len(), 1);
        }
    }
    // What was unfinished goes on, and goes later.
    let waiting = runs.iter().find(|run| run.state == State::Waiting).unwrap();
    world.change(waiting.id, State::Cancelled).await;
    assert_eq!(world.expire_now(Part::Bodies).await, 0, "it ended just now");
    world.advance(1);
    assert_eq!(
        world.expire_now(Part::Bodies).await,
        2,
        "this one, and the late one"
    );
}

async fn a_body_goes_and_the_event_says_so(home: Home) {
    let world = home.open().await;
    let run = world.run_in(State::Done, None).await;
    let before = world.event_of(&run).await.unwrap();
    world.advance(10);
    let removed = world.now();
    assert_eq!(world.expire_now(Part::Bodies).await, 1);
    assert_eq!(world.expire_now(Part::Bodies).await, 0, "once");
    let after = world.event_of(&run).await.unwrap();
    assert_eq!(after.thinned_at, Some(removed));
    assert!(after.event.raw.is_empty());
    assert!(after.envelope.headers.is_empty());
    assert_eq!(after.event.person, before.event.person);
    assert_eq!(after.verdicts, before.verdicts);
    assert_eq!(after.event.sender_id, before.event.sender_id);
    let filter = EventFilter {
        email: Some("ada@example.com".into()),
        ..EventFilter::default()
    };
    let listed = world.reader().events(&filter, false).await.unwrap();
    assert_eq!(listed[0].thinned_at, Some(removed));
    assert_eq!(world.reader().attempts(run.id).await.unwrap().len(), 1);
}

async fn what_goes_whole_is_not_known_any_more(home: Home) {
    let world = home.open().await;
    let run = world.run_in(State::Done, Some("order 7")).await;
    world.advance(1);
    // A body, a call, a run, an event.
    assert_eq!(world.expire_now(Part::Events).await, 4);
    assert!(world.event_of(&run).await.is_none());
    assert!(world.reader().run(run.id).await.unwrap().is_none());
    assert!(world.reader().attempts(run.id).await.unwrap().is_empty());
    let counts = world.reader().counts(world.now()).await.unwrap();
    assert_eq!((counts.events, counts.runs), (0, vec![]));
    let again = world.run_in(State::Done, Some("order 7")).await;
    assert_eq!(again.state, State::Done, "its `once` value is free");
    assert!(again.seq > run.seq, "no number is given twice");
}

async fn keys_are_known_until_the_event_goes(home: Home) {
    let world = home.open().await;
    let event = world.event("evt_1");
    let run = Run {
        once: Some("order 7".into()),
        state: State::Ready,
        ..world.run(&event)
    };
    let new = NewRun {
        run,
        take: true,
        intent: None,
    };
    let accept = world.accept(event, vec![new]);
    let accepted = world.store.accept(accept.clone()).await.unwrap();
    let lease = accepted.runs[0].1.unwrap();
    world.rest(lease, State::Done, None).await;
    world.advance(500 * DAY);
    world.expire_now(Part::Bodies).await;
    world.expire_now(Part::Calls).await;
    let again = world.store.accept(accept).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.event, accepted.event);
    let second = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    assert_eq!(second.0.state, State::Declined);
}

async fn a_step_is_bounded_and_the_next_goes_on_behind_it(home: Home) {
    let world = home.open().await;
    let waiting = world.run_in(State::Waiting, None).await;
    let accepts: Vec<_> = (0..300)
        .map(|number| world.accept(world.event(&format!("evt_{number}")), vec![]))
        .collect();
    world.accept_at_once(accepts).await;
    world.advance(1);
    let first = world.expiring(Part::Bodies, world.now());
    let mut steps = vec![world.store.expire(first).await.unwrap()];
    while let Some(after) = steps.last().and_then(|step: &Expired| step.next) {
        let step = Expire { after, ..first };
        steps.push(world.store.expire(step).await.unwrap());
    }
    let gone: Vec<_> = steps.iter().map(|step| step.gone).collect();
    assert_eq!(
        gone,
        [127, 128, 45],
        "128 are looked at, and one of them waits"
    );
    assert!(world.event_of(&waiting).await.unwrap().thinned_at.is_none());
    // Many bytes are a step of their own.
    let large = |number: u32| {
        let mut event = world.event(&format!("large_{number}"));
        // Noise, which cannot be packed.
        let mut state = u64::from(number) + 1;
        let noise = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        });
        event.raw = noise.take(2 << 20).collect();
        world.accept(event, vec![])
    };
    for number in 0..5 {
        world.store.accept(large(number)).await.unwrap();
    }
    world.advance(1);
    let first = world.expiring(Part::Bodies, world.now());
    let step = world.store.expire(first).await.unwrap();
    assert_eq!(step.gone, 2, "4 MiB in a step");
    assert_eq!(world.expire_now(Part::Bodies).await, 3);
}

async fn calls_go_without_their_run(home: Home) {
    let world = home.open().await;
    let done = world.run_in(State::Done, Some("order 7")).await;
    let held = world.run_in(State::Held, None).await;
    world.advance(1);
    assert_eq!(world.expire_now(Part::Calls).await, 1);
    assert!(world.reader().attempts(done.id).await.unwrap().is_empty());
    assert_eq!(world.stored(done.id).await, done);
    assert_eq!(world.reader().attempts(held.id).await.unwrap().len(), 1);
}

/// Two refusals of one minute, a handshake, an alert that is over and one that stands, an entry of the audit.
async fn count_things(world: &World, refused: &Refused) {
    let at = world.now();
    let shaken = Handshake {
        source: "forms".into(),
        kind: "challenge".into(),
        at,
        count: 1,
    };
    world.store.refused(refused.clone()).await.unwrap();
    world.store.handshake(shaken).await.unwrap();
    for subject in ["over", "stands"] {
        let alert = Alert {
            kind: AlertKind::NameGone,
            subject: subject.into(),
            text: "gone".into(),
            since: at,
            over_at: None,
        };
        world.store.raise(alert).await.unwrap();
    }
    let calmed = world.store.calm(AlertKind::NameGone, "over", at).await;
    assert!(calmed.unwrap());
    world.run_in(State::Cancelled, None).await;
}

async fn what_is_only_counted_goes_too(home: Home) {
    let world = home.open().await;
    let at = world.now();
    let refused = Refused {
        source: "shop".into(),
        reason: "signature".into(),
        detail: String::new(),
        at,
        count: 3,
    };
    count_things(&world, &refused).await;
    assert_eq!(world.expire_now(Part::Counts).await, 0, "of this moment");
    world.advance(DAY);
    let late = Refused {
        at: world.now(),
        ..refused
    };
    world.store.refused(late).await.unwrap();
    let early = world.expiring(Part::Counts, at);
    assert_eq!(world.expire_all(early).await, 0);
    let old = world.expiring(Part::Counts, after(at, Duration::from_secs(60)));
    assert_eq!(world.expire_all(old).await, 4);
    let since = from_micros(0);
    let sums = world.reader().refusal_sums(since).await.unwrap();
    assert_eq!(sums[0].count, 3, "the late ones");
    let shaken = world.reader().handshake_sums(since).await.unwrap();
    assert!(shaken.is_empty());
    let alerts = world.reader().alerts(false, 10).await.unwrap();
    let subjects: Vec<_> = alerts.iter().map(|alert| &*alert.subject).collect();
    assert_eq!(subjects, ["stands"]);
}

async fn what_is_free_goes_back_to_the_disk(home: Home) {
    let world = home.open().await;
    let large = |number: u32| {
        let mut event = world.event(&format!("large_{number}"));
        event.raw = vec![b'x'; PACK_BYTES_MIN - 1].into();
        world.accept(event, vec![])
    };
    world.accept_at_once((0..100).map(large).collect()).await;
    let full = world.reader().space().await.unwrap();
    assert!(full.used > 1_500_000, "{full:?}");
    world.advance(1);
    world.expire_now(Part::Events).await;
    let empty = world.reader().space().await.unwrap();
    assert!(empty.used < 500_000 && empty.free > 1_000_000, "{empty:?}");
    let first = world.store.shrink().await.unwrap();
    assert!(first > 0, "a step gives back so many pages");
    while world.store.shrink().await.unwrap() > 0 {}
    let shrunk = world.reader().space().await.unwrap();
    assert_eq!((shrunk.used, shrunk.free), (empty.used, 0));
}

async fn large_bodies_are_kept_packed_and_read_whole(home: Home) {
    let world = home.open().await;
    let text = r#"{"name":"Ada Lovelace"}"#.repeat(50_000);
    let mut event = world.event("large");
    event.raw = text.as_bytes().into();
    let id = event.id;
    let before = world.reader().space().await.unwrap();
    let run = world.run(&event);
    let new = NewRun {
        run,
        take: false,
        intent: None,
    };
    world
        .store
        .accept(world.accept(event, vec![new]))
        .await
        .unwrap();
    let after = world.reader().space().await.unwrap();
    assert!(after.used - before.used < 200_000, "{before:?} {after:?}");
    let stored = world.reader().event(id).await.unwrap().unwrap();
    assert!(&*stored.event.raw == text.as_bytes());
    let listed = world
        .reader()
        .events(&EventFilter::default(), true)
        .await
        .unwrap();
    assert!(&*listed[0].event.raw == text.as_bytes());
    let claimed = world.claim(1).await;
    assert!(&*claimed[0].event.raw == text.as_bytes());
}
