//! What goes next, and whether the database is too large: decided from the time, the space, and what the steps said.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::store::{Expire, Expired, Part, Space};

/// Ids of deliveries and `once` values are kept at least so long.
pub const KEYS_MIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// All that is old is looked for this often.
const PASS_EVERY: Duration = Duration::from_secs(60 * 60);
/// Near the ceiling calls go early, but not what limits, echoes and people of today still ask for.
const CALLS_MIN: Duration = Duration::from_secs(24 * 60 * 60);
/// When nothing more could go, it is tried anew after this: runs have ended meanwhile.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The ceiling is kept by so much of it: history goes early from there on.
const MARGIN_PARTS: u64 = 16;
/// The alert is over when so many times the margin is free.
const CALM_MARGINS: u64 = 2;
/// So many free bytes stay in the file for what comes next; more goes back to the disk.
const FREE_BYTES_KEPT: u64 = 16 << 20;
/// Of a large file a share of this is kept free.
const FREE_PARTS: u64 = 8;
/// A log that is longer is told of: somebody reads the database and does not end.
const LOG_BYTES_TOLD: u64 = 1 << 30;
/// A log that is longer keeps events out.
const LOG_BYTES_FULL: u64 = 4 << 30;

/// How long what is kept, and how large the database may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Bodies and headers of events that are done with.
    pub events: Duration,
    /// The same where a run failed or was cancelled: until then it can be resumed.
    pub failed: Duration,
    /// All of it; so long repeats and `once` values are known.
    pub keys: Duration,
    /// The most bytes of the database.
    pub at_most: u64,
}

/// How the database stands to its ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// It is well below.
    No,
    /// History goes before its time.
    Yes,
    /// Nothing more can go, or not fast enough: no event is taken.
    Full,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A step in removing something.
    Expire(Expire),
    /// A step in giving pages back.
    Shrink,
    /// Nothing before the next look.
    Rest,
}

/// One walk through a part of the history.
#[derive(Debug, Clone, Copy)]
struct Walk {
    part: Part,
    after: i64,
    /// What is older than these goes.
    well: Duration,
    ill: Duration,
}

/// The walks that are still to be taken, and what came of those before.
#[derive(Debug)]
pub(super) struct Plan {
    retention: Retention,
    /// By age; the present one is the last.
    pass: Vec<Walk>,
    next_pass: Timestamp,
    /// Against the ceiling.
    squeeze: Vec<Walk>,
    /// Whether the present squeeze removed something.
    squeezed: bool,
    /// Nothing could be removed: when it is tried anew.
    again_at: Option<Timestamp>,
    /// Which of the two took the last step.
    squeezing: bool,
    /// What was free before the last step in giving back: one that gave nothing is the last.
    shrunk: Option<u64>,
    pressed: Pressed,
}

impl Plan {
    pub(super) fn new(retention: Retention) -> Self {
        Self {
            retention,
            pass: Vec::new(),
            next_pass: Timestamp::MIN,
            squeeze: Vec::new(),
            squeezed: false,
            again_at: None,
            squeezing: false,
            shrunk: None,
            pressed: Pressed::No,
        }
    }

    /// How the database stood at the last look.
    pub(super) const fn pressed(&self) -> Pressed {
        self.pressed
    }

    /// What comes next at this time and size.
    pub(super) fn next(&mut self, now: Timestamp, space: &Space) -> Next {
        if self.again_at.is_some_and(|again| now >= again) {
            self.again_at = None;
        }
        let next = self
            .squeeze_step(now, space)
            .or_else(|| self.pass_step(now));
        self.judge(space);
        match next {
            Some(walk) => Next::Expire(expire(&walk, now)),
            None if self.may_shrink(space) => Next::Shrink,
            None => Next::Rest,
        }
    }

    fn may_shrink(&mut self, space: &Space) -> bool {
        let much = space.free > FREE_BYTES_KEPT.max(space.used / FREE_PARTS);
        let shrinks = much && self.shrunk.is_none_or(|before| space.free < before);
        if shrinks {
            self.shrunk = Some(space.free);
        }
        shrinks
    }

    /// What became of the step.
    pub(super) fn done(&mut self, expired: &Expired) {
        let walks = match self.squeezing {
            true => &mut self.squeeze,
            false => &mut self.pass,
        };
        match (walks.last_mut(), expired.next) {
            (Some(walk), Some(next)) => walk.after = next,
            _ => drop(walks.pop()),
        }
        self.squeezed |= self.squeezing && expired.gone > 0;
    }

    /// What to say of it.
    pub(super) fn words(&self, space: &Space) -> String {
        let at_most = size(self.retention.at_most);
        let used = size(space.used);
        if space.log > LOG_BYTES_FULL {
            return format!("no delivery is taken: {}", words_of_log(space));
        }
        match self.pressed {
            Pressed::Full => format!(
                "no delivery is taken: the database has {used}, `retention.at_most` is {at_most}, and nothing is left that may \
                 go. Senders are asked to come again. It goes on by itself when runs have ended; or give it more: \
                 `retention: {{ at_most: … }}`, and start it again"
            ),
            _ => format!(
                "the database has {used} and comes close to `retention.at_most`, {at_most}: history goes before its time. Give \
                 it more, or keep less: `retention` in kartwheel.yaml"
            ),
        }
    }

    fn margin(&self) -> u64 {
        self.retention.at_most / MARGIN_PARTS
    }

    /// Nearer to the ceiling than this, history goes early.
    fn target(&self) -> u64 {
        self.retention.at_most - self.margin()
    }

    fn squeeze_step(&mut self, now: Timestamp, space: &Space) -> Option<Walk> {
        if space.used <= self.target() {
            self.squeeze.clear();
            self.again_at = None;
            self.squeezing = false;
            return None;
        }
        if self.again_at.is_some() {
            self.squeezing = false;
            return None;
        }
        if self.squeeze.is_empty() && self.squeezing && !self.squeezed {
            self.again_at = Some(clock::after(now, AGAIN_AFTER));
            self.squeezing = false;
            return None;
        }
        if self.squeeze.is_empty() {
            self.squeeze = squeeze();
            self.squeezed = false;
        }
        self.squeezing = true;
        self.squeeze.last().copied()
    }

    fn pass_step(&mut self, now: Timestamp) -> Option<Walk> {
        if self.pass.is_empty() && now >= self.next_pass {
            self.next_pass = clock::after(now, PASS_EVERY);
            self.pass = pass(&self.retention);
            self.shrunk = None;
        }
        self.pass.last().copied()
    }

    fn judge(&mut self, space: &Space) {
        let (used, at_most) = (space.used, self.retention.at_most);
        let too_fast = used > at_most.saturating_add(self.margin());
        let stuck = used > at_most && self.again_at.is_some();
        let calm = at_most.saturating_sub(self.margin() * CALM_MARGINS);
        self.pressed = match self.pressed {
            _ if too_fast || stuck || space.log > LOG_BYTES_FULL => Pressed::Full,
            // Being tried anew is no room.
            Pressed::Full if used > at_most => Pressed::Full,
            _ if used > self.target() => Pressed::Yes,
            Pressed::Yes | Pressed::Full if used > calm => Pressed::Yes,
            _ => Pressed::No,
        };
    }
}

/// What goes by age. The last comes first.
fn pass(retention: &Retention) -> Vec<Walk> {
    let keys = retention.keys.max(KEYS_MIN);
    let walk = |part, well: Duration, ill: Duration| Walk {
        part,
        after: 0,
        well,
        ill,
    };
    let all = keys.max(retention.events);
    vec![
        walk(Part::Counts, keys, keys),
        walk(Part::Events, all, all.max(retention.failed)),
        walk(Part::Bodies, retention.events, retention.failed),
    ]
}

/// What goes for want of room, however young, but for keys. The last comes first.
fn squeeze() -> Vec<Walk> {
    let never = Duration::MAX;
    let walk = |part, well, ill| Walk {
        part,
        after: 0,
        well,
        ill,
    };
    vec![
        walk(Part::Events, KEYS_MIN, KEYS_MIN),
        walk(Part::Counts, KEYS_MIN, KEYS_MIN),
        walk(Part::Calls, CALLS_MIN, CALLS_MIN),
        walk(Part::Bodies, Duration::ZERO, Duration::ZERO),
        walk(Part::Bodies, Duration::ZERO, never),
    ]
}

fn expire(walk: &Walk, now: Timestamp) -> Expire {
    let before = |age: Duration| {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        now.saturating_sub(age).unwrap_or(Timestamp::MIN)
    };
    Expire {
        part: walk.part,
        after: walk.after,
        well_before: before(walk.well),
        ill_before: before(walk.ill),
        now,
    }
}

/// Whether somebody keeps the log from being started anew.
pub(super) const fn log_is_long(space: &Space) -> bool {
    space.log > LOG_BYTES_TOLD
}

/// What to say of a log that is too long.
pub(super) fn words_of_log(space: &Space) -> String {
    format!(
        "the log beside the database has {} and cannot be started anew, because somebody has been reading the database since \
         long: a shell of sqlite3, a backup that does not end. End that, and it goes on by itself",
        size(space.log)
    )
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests;
