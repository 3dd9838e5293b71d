//! The pace of one connection: how many calls a second, how many at a time, who goes first, and when to slow down.
//!
//! One of those who wait is the *head* (`queue` says who); only the head looks at the clock, the others sleep until they
//! are the head. So a thousand waiting runs cost one timer. The pace is a spacing of calls with a burst of two, and in no
//! second more than it says. After a "too many calls" the whole connection stands still for as long as it was told, or 1 s,
//! 2 s, 4 s …, and goes on at half its pace; every success gives a twentieth of the configured pace back, up to a little
//! less than what was too much. That ceiling rises slowly. It is never above the configured pace, and for half an hour
//! a little below it: calls arrive a little early or late, so a pace that is as high as the other side's limit meets it.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use self::queue::{Place, Queue};
use crate::action::{Class, Outcome, Slot, Slowed, Turn};
use crate::clock::{SharedClock, from_micros, micros};

/// Calls that may follow the first one without a pause after a rest.
const BURST_CALLS: i64 = 1;
/// The first pause after a "too many calls" that names none; it doubles with each further one.
const FIRST_PAUSE_MICROS: i64 = 1_000_000;
/// The longest pause that we choose by ourselves.
const MAX_PAUSE_MICROS: i64 = 60_000_000;
/// The pace never falls below the configured one divided by this.
const MAX_SLOWDOWN: f64 = 16.0;
/// The part of the configured pace that a success gives back.
const RECOVERY: f64 = 0.05;
/// The part of a pace that was too much which is taken for bearable.
const BEARABLE: f64 = 0.95;
/// The part of the configured pace by which the ceiling rises in a minute without a "too many calls".
const RISE_PER_MINUTE: f64 = 0.01;
const MINUTE_MICROS: i64 = 60_000_000;
/// The configured pace itself is not tried again so soon after a "too many calls".
const NOT_WHOLE_MICROS: i64 = 30 * MINUTE_MICROS;
/// The span in which no more calls go out than the pace says.
const WINDOW_MICROS: i64 = 1_000_000;
const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// The pace of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    clock: SharedClock,
    per_second: f64,
    at_once: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    in_flight: usize,
    /// The instant at which the next call is due in an even spacing.
    due: i64,
    /// Nobody goes before this instant.
    blocked_until: i64,
    /// The present pace, at most the configured one.
    rate: f64,
    /// What the pace may rise to, at most the configured one.
    ceiling: f64,
    /// Up to when the ceiling has risen.
    raised_at: i64,
    /// When the calls of the last second went out.
    recent: VecDeque<i64>,
    /// "Too many calls" in a row.
    strikes: u32,
    /// When the pace last fell.
    slowed_at: i64,
    /// The last time seen, to notice a clock that was set back.
    seen: i64,
}

/// What one who waits has to wait for.
enum Next {
    /// It is allowed, moved the pace on by so many microseconds, and counts as made at this instant.
    Go(i64, i64),
    /// Somebody else is the head, or all places are taken.
    Wake,
    At(i64),
}

impl Pace {
    pub(super) fn new(clock: SharedClock, per_second: f64, at_once: usize) -> Arc<Self> {
        let now = micros(clock.now());
        Arc::new(Self {
            clock,
            per_second,
            at_once,
            state: Mutex::new(State {
                queue: Queue::default(),
                in_flight: 0,
                due: now,
                blocked_until: i64::MIN,
                rate: per_second,
                ceiling: per_second,
                raised_at: now,
                recent: VecDeque::new(),
                strikes: 0,
                slowed_at: i64::MIN,
                seen: now,
            }),
        })
    }

    /// Waits for the right to make one call.
    pub(super) async fn slot(self: &Arc<Self>, turn: &Turn) -> Permit {
        let ticket = self.enqueue(turn);
        loop {
            match self.next(&ticket.place) {
                Next::Go(interval, at) => return self.permit(interval, at),
                Next::Wake => ticket.wake.notified().await,
                Next::At(instant) => self.sleep(instant, &ticket.wake).await,
            }
        }
    }

    /// The right to make one call, if nobody waits for one and the pace gives it this moment.
    pub(super) fn try_slot(self: &Arc<Self>, turn: &Turn) -> Option<Permit> {
        let ticket = self.enqueue(turn);
        match self.next(&ticket.place) {
            Next::Go(interval, at) => Some(self.permit(interval, at)),
            Next::Wake | Next::At(_) => None,
        }
    }

    fn permit(self: &Arc<Self>, interval: i64, at: i64) -> Permit {
        Permit {
            pace: Arc::clone(self),
            interval,
            at,
        }
    }

    /// Takes note of a call that began at `began` and ended so.
    pub(super) fn note(&self, began: Timestamp, outcome: &Outcome) {
        let mut state = self.lock();
        let began = micros(began);
        match outcome.class {
            Class::RateLimited => {
                let asked = outcome
                    .retry_after
                    .filter(|wait| !wait.is_zero())
                    .map(|wait| i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
                // Calls that were under way when the pace fell say the same thing once more.
                let is_news = began > state.slowed_at;
                state.slow_down(self.now(), asked, is_news, self.per_second);
            }
            Class::Done
            | Class::Already
            | Class::RuleWrong
            | Class::NotOffered
            | Class::TargetMissing
            | Class::Refused
                if began > state.slowed_at =>
            {
                state.strikes = 0;
                let now = self.now();
                state.raise_ceiling(now, self.per_second);
                state.rate = (state.rate + self.per_second * RECOVERY).min(state.ceiling);
            }
            _ => {}
        }
    }

    /// How slow it is, while it is slower than it is set to be.
    pub(super) fn slowed(&self) -> Option<Slowed> {
        let state = self.lock();
        let stands_still = state.blocked_until > self.now();
        (stands_still || state.rate < self.per_second).then(|| Slowed {
            per_second: state.rate,
            until: stands_still.then(|| from_micros(state.blocked_until)),
        })
    }

    fn now(&self) -> i64 {
        micros(self.clock.now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(self: &Arc<Self>, turn: &Turn) -> Ticket {
        let wake = Arc::new(Notify::new());
        let place = self.lock().queue.join(turn, &wake);
        Ticket {
            pace: Arc::clone(self),
            place,
            wake,
        }
    }

    fn next(&self, place: &Place) -> Next {
        let mut state = self.lock();
        let now = self.now();
        state.follow_clock(now);
        if state.in_flight >= self.at_once || !state.queue.is_head(place) {
            return Next::Wake;
        }
        let interval = interval_micros(state.rate);
        let earliest = state
            .blocked_until
            .max(state.due - burst_micros(interval))
            .max(state.full_until(now, self.per_second));
        if now < earliest {
            return Next::At(earliest);
        }
        state.due = state.due.max(now) + interval;
        state.recent.push_back(now);
        state.in_flight += 1;
        // The place is given up here, so that nobody waits for one who has gone.
        state.queue.serve(place);
        state.queue.wake_head();
        Next::Go(interval, now)
    }

    /// Sleeps until the instant on our clock, or until woken. Real time is the second alarm: where the machine's clock is
    /// set back during the sleep, the first would ring late by as much.
    async fn sleep(&self, instant: i64, wake: &Notify) {
        let left = u64::try_from(instant - self.now()).unwrap_or(0);
        tokio::select! {
            biased;
            () = wake.notified() => {}
            () = self.clock.sleep_until(from_micros(instant)) => {}
            () = tokio::time::sleep(Duration::from_micros(left.saturating_add(1_000))) => {}
        }
    }
}

impl State {
    /// A clock that was set back takes our instants with it.
    fn follow_clock(&mut self, now: i64) {
        let back = self.seen - now;
        if back > 0 {
            self.due = self.due.saturating_sub(back);
            self.blocked_until = self.blocked_until.saturating_sub(back);
            self.slowed_at = self.slowed_at.saturating_sub(back);
            self.raised_at = self.raised_at.saturating_sub(back);
            for at in &mut self.recent {
                *at = at.saturating_sub(back);
            }
        }
        self.seen = now;
    }

    /// Until when the calls of the last second are as many as the pace allows.
    fn full_until(&mut self, now: i64, per_second: f64) -> i64 {
        while self
            .recent
            .front()
            .is_some_and(|at| now - at >= WINDOW_MICROS)
        {
            self.recent.pop_front();
        }
        // A pace below one a second is kept by its spacing alone.
        let most = (per_second as usize).max(1);
        match self.recent.front() {
            Some(oldest) if self.recent.len() >= most && per_second >= 1.0 => {
                oldest + WINDOW_MICROS
            }
            _ => i64::MIN,
        }
    }

    /// Each minute without a "too many calls" a little more is tried again, and the last of it long after.
    fn raise_ceiling(&mut self, now: i64, per_second: f64) {
        let minutes = (now - self.raised_at) / MINUTE_MICROS;
        if minutes > 0 {
            let rise = per_second * RISE_PER_MINUTE * minutes as f64;
            let is_early = now.saturating_sub(self.slowed_at) < NOT_WHOLE_MICROS;
            let most = per_second * if is_early { BEARABLE } else { 1.0 };
            self.ceiling = (self.ceiling + rise).min(most);
            self.raised_at += minutes * MINUTE_MICROS;
        }
    }

    fn slow_down(&mut self, now: i64, asked: Option<i64>, is_news: bool, per_second: f64) {
        if is_news {
            self.strikes = self.strikes.saturating_add(1);
            let least = per_second / MAX_SLOWDOWN;
            self.ceiling = (self.rate * BEARABLE).max(least);
            self.raised_at = now;
            self.rate = (self.rate / 2.0).max(least);
            self.slowed_at = now;
        }
        let own = FIRST_PAUSE_MICROS
            .saturating_mul(1 << (self.strikes.clamp(1, 20) - 1))
            .min(MAX_PAUSE_MICROS);
        let until = now.saturating_add(match asked {
            Some(wait) => wait,
            None if is_news => own,
            None => 0,
        });
        self.blocked_until = self.blocked_until.max(until);
        // No burst when it goes on.
        let burst = burst_micros(interval_micros(self.rate));
        self.due = self.due.max(self.blocked_until.saturating_add(burst));
    }
}

fn interval_micros(rate: f64) -> i64 {
    // A cast from a float stops at the largest number, which is a very slow pace.
    let interval = (MICROS_PER_SECOND / rate).ceil() as i64;
    // At most a thousand years, so that sums stay in range.
    interval.clamp(1, 1_000 * 366 * 86_400 * 1_000_000)
}

fn burst_micros(interval: i64) -> i64 {
    interval.saturating_mul(BURST_CALLS)
}

/// A place in the queue; one who gives up waiting leaves it.
struct Ticket {
    pace: Arc<Pace>,
    place: Place,
    wake: Arc<Notify>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        if state.queue.leave(&self.place) {
            state.queue.wake_head();
        }
    }
}

/// The right to make one call.
#[derive(Debug)]
pub(super) struct Permit {
    pace: Arc<Pace>,
    /// By how much it moved the pace on, in microseconds.
    interval: i64,
    /// When it was given.
    at: i64,
}

impl Slot for Permit {
    fn give_back(self: Box<Self>) {
        let mut state = self.pace.lock();
        state.due = state.due.saturating_sub(self.interval);
        if let Some(place) = state.recent.iter().rposition(|at| *at == self.at) {
            state.recent.remove(place);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        state.in_flight -= 1;
        state.queue.wake_head();
    }
}
