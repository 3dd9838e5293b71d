//! Plays a story to its end: each act at its time, letters until they are answered, and when all is calm the people who settle what is left.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::clock::{Clock, SettableClock, after};
use kartwheel::run::{Run, State};
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Kind};
use kartwheel::trigger::{Arrival, Received, Request};

use super::at_once::at_once;
use super::fate::{Fate, Plan};
use super::judge;
use super::machine::{Machine, SETTING};
use super::people::{self, SharedBook, UNDER_WAY};
use super::story::{Act, Letter, Story, Wish};
use crate::random::Random;
use crate::world::START;

/// How long it may take after the last act until all runs rest.
const REST_WITHIN: Duration = Duration::from_secs(8 * 3_600);
/// How often people look at what is left.
const LOOK_EVERY: Duration = Duration::from_secs(120);
/// A simulation under way.
pub(super) struct Play {
    pub(super) machine: Machine,
    pub(super) story: Story,
    pub(super) book: SharedBook,
    random: Random,
    next: usize,
    again: Vec<(Timestamp, usize)>,
    up_at: Timestamp,
}

impl Play {
    /// The one of this seed.
    pub(super) fn of_seed(seed: u64) -> Self {
        let mut random = Random::again(mixed(seed));
        let fate = Random::again(random.next());
        let clock = SettableClock::starting_at(start());
        let fate = Fate::new(&clock, fate, Plan::Chance);
        let machine = Machine::new(fate, clock, seed.is_multiple_of(4));
        let story = Story::of(&mut random, &machine.sandbox, start());
        Self::of(machine, story, random)
    }

    pub(super) fn of(machine: Machine, story: Story, random: Random) -> Self {
        Self {
            machine,
            story,
            book: Arc::default(),
            random,
            next: 0,
            again: Vec::new(),
            up_at: start(),
        }
    }

    /// Plays to the end; what is wrong with it.
    pub(super) fn play(&mut self) -> Vec<String> {
        while self.next < self.story.acts.len() {
            self.go_on();
        }
        self.machine.fate.is_calm_from_now();
        self.machine.sandbox.clear_faults();
        self.machine
            .sandbox
            .set_connection(CONNECTION_ID, ConnectionState::Ready);
        let end = after(self.machine.clock.now(), REST_WITHIN);
        let mut look = after(self.machine.clock.now(), UNDER_WAY);
        while self.machine.clock.now() < end {
            self.go_on();
            if self.machine.clock.now() >= look {
                if self.is_over() {
                    return judge::judge(self);
                }
                self.settle_what_is_left();
                look = after(self.machine.clock.now(), LOOK_EVERY);
            }
        }
        let left = self.runs();
        let left = left.iter().filter(|run| !is_settled(run));
        vec![format!(
            "it does not come to rest: {:?}, letters {:?}",
            left.collect::<Vec<_>>(),
            self.book()
        )]
    }

    /// Everything that happens up to the next moment at which something does.
    fn go_on(&mut self) {
        self.machine.until_still();
        let now = self.machine.clock.now();
        if self.machine.bury() {
            let mut book = self.book.lock().expect("free");
            book.going_on = 0;
            let open = std::mem::take(&mut book.open);
            book.back.extend(open);
            self.up_at = after(now, Duration::from_millis(self.random.next() % 3_000));
        }
        if self.machine.program.is_none() {
            if now >= self.up_at {
                self.machine.start();
                return;
            }
            self.machine.sleep(self.up_at);
            return;
        }
        let back = std::mem::take(&mut self.book.lock().expect("free").back);
        for letter in back {
            let pause = Duration::from_millis(1_000 + self.random.next() % 10_000);
            self.again.push((after(now, pause), letter));
        }
        if let Some(place) = self.again.iter().position(|(at, _)| *at <= now) {
            let (_, letter) = self.again.swap_remove(place);
            return self.act(&Act::Send(letter));
        }
        if let Some((at, act)) = self.story.acts.get(self.next).cloned()
            && at <= now
        {
            self.next += 1;
            return self.act(&act);
        }
        let acts = self.story.acts.get(self.next).map(|(at, _)| *at);
        let next = self.again.iter().map(|(at, _)| *at).chain(acts).min();
        let latest = after(now, LOOK_EVERY);
        self.machine
            .sleep(next.map_or(latest, |next| next.min(latest)));
    }

    fn act(&mut self, act: &Act) {
        let sandbox = &self.machine.sandbox;
        self.machine.fate.note(&format!("{act:?}"));
        match act {
            Act::Disconnect => {
                sandbox.set_connection(CONNECTION_ID, ConnectionState::ClientActionRequired);
            }
            Act::Reconnect => {
                sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
            }
            Act::Trouble(fault) => sandbox.add_fault(fault.clone()),
            Act::Tag(name, true) => sandbox.account(|account| account.add_tag(name)),
            Act::Tag(name, false) => {
                sandbox.account(|account| account.remove(Kind::Tags, name));
            }
            Act::Send(letter) => self.send(*letter),
            Act::Restart => {
                if let Some(program) = &self.machine.program {
                    program.stop();
                }
            }
            Act::Door | Act::Pause | Act::Unpause | Act::Wish(..) => self.wish(act.clone()),
        }
    }

    /// A letter goes out; where nobody takes it, it comes again.
    fn send(&self, number: usize) {
        let program = self.machine.program.as_ref().expect("running");
        let Some(engine) = program.engine().cloned() else {
            self.book.lock().expect("free").back.push(number);
            return;
        };
        let clock = Arc::clone(&self.machine.clock);
        let letter = self.story.letters[number].clone();
        let book = Arc::clone(&self.book);
        self.book.lock().expect("free").open.insert(number);
        program.spawn(async move {
            let answer = engine.accept_all(events(&letter, &clock)).await;
            let mut book = book.lock().expect("free");
            book.open.remove(&number);
            match answer {
                Ok(accepted) => {
                    let event = accepted[0].event;
                    let known = *book.answered.entry(number).or_insert(event);
                    if known != event {
                        book.wrong
                            .push(format!("letter {number} is two events: {known}, {event}"));
                    }
                }
                Err(_) => book.back.push(number),
            }
        });
    }

    /// Somebody wants something of the engine.
    fn wish(&self, act: Act) {
        let program = self.machine.program.as_ref().expect("running");
        let Some(engine) = program.engine().cloned() else {
            return;
        };
        let (book, clock) = (Arc::clone(&self.book), Arc::clone(&self.machine.clock));
        let sandbox = Arc::clone(&self.machine.sandbox);
        program.spawn(async move { people::act(&engine, &book, &sandbox, &clock, act).await });
    }

    /// People settle what waits for them: pauses end, failed runs are tried again, lost answers looked up.
    fn settle_what_is_left(&self) {
        let engine = self
            .machine
            .program
            .as_ref()
            .and_then(|program| program.engine());
        let Some(engine) = engine.cloned() else {
            return;
        };
        let (book, now) = (Arc::clone(&self.book), self.machine.clock.now());
        let sandbox = Arc::clone(&self.machine.sandbox);
        self.machine
            .program
            .as_ref()
            .expect("running")
            .spawn(async move {
                people::unpause(&engine, &book, now).await;
                for run in people::list(&engine).await {
                    let wish = match run.state {
                        State::Failed => Wish::Retry,
                        State::Held => Wish::Resume,
                        State::NeedsPerson => Wish::Resolve,
                        _ => continue,
                    };
                    people::grant(&engine, &book, &sandbox, &run, wish, now).await;
                }
            });
    }

    /// Whether every letter is answered and every run over; one that failed before its first step stays so.
    fn is_over(&self) -> bool {
        let answered = self.book.lock().expect("free").answered.len();
        answered == self.story.letters.len()
            && self.again.is_empty()
            && self.runs().iter().all(is_settled)
    }

    /// All runs as they are stored, oldest first.
    pub(super) fn runs(&self) -> Vec<Run> {
        self.machine
            .engine()
            .map_or_else(Vec::new, |engine| at_once(people::list(engine)))
    }

    fn book(&self) -> String {
        format!("{:?}", self.book.lock().expect("free"))
    }
}

/// Whether nothing more comes of a run, whatever people do: it is over, or what it would say has no address.
fn is_settled(run: &Run) -> bool {
    match &run.progress.failure {
        Some(failure) if run.state == State::Failed => failure.class == "rule",
        _ => run.state.is_over() && run.state != State::Failed,
    }
}

pub(super) fn start() -> Timestamp {
    START.parse().expect("a time")
}

/// The events of a letter, as its source reads it.
fn events(letter: &Letter, clock: &Arc<SettableClock>) -> Vec<kartwheel::event::Event> {
    let source = SETTING
        .sources
        .iter()
        .find(|source| &**source.name() == letter.source);
    let headers = vec![("content-type", "application/json")];
    let body = letter.body.to_string();
    let request = Request::post(&headers, body.as_bytes());
    let new_id = || clock.new_id();
    let arrival = Arrival {
        now: clock.now(),
        new_id: &new_id,
        env: &serde_json::Map::new(),
    };
    match source
        .expect("the source")
        .receive_verified(&request, arrival)
    {
        Received::Events(events) => events,
        other => panic!("a letter is an event: {other:?}"),
    }
}

/// SplitMix64: seeds beside each other have nothing in common.
fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) | 1
}
