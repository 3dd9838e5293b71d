//! Schedule: cron expressions, and what to write instead of those that are refused.
//!
//! The `cron` crate numbers weekdays from Sunday 1, wants seconds, and lets both day fields hold at once. So every field is
//! read here and handed over as a plain list of numbers; two day fields of which either may hold become two schedules. The
//! schedules run on civil time; who asks for the next instant resolves it in the rule's zone.

mod field;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::str::FromStr;

use cron::Schedule;

use self::field::{DAY, Field, HOUR, MINUTE, MONTH, SECOND, Set, WEEKDAY};
use super::complaint::Complaint;
use crate::problem::nearest;

/// Names for whole expressions.
const NICKNAMES: [(&str, &str); 7] = [
    ("@annually", "0 0 1 1 *"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@midnight", "0 0 * * *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@yearly", "0 0 1 1 *"),
];

/// The most days of each month, February's in a leap year.
const DAYS_OF_MONTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A cron expression, read and known to fire some day.
#[derive(Debug, Clone)]
pub struct Cron {
    text: Box<str>,
    schedules: Vec<Schedule>,
    fixed_time: bool,
}

impl Cron {
    /// Reads five fields, six with seconds first, or `@daily` and its kind.
    ///
    /// # Errors
    /// What cannot be read, is refused, or would never fire; each with what to write instead.
    pub fn parse(text: &str) -> Result<Self, Complaint> {
        let trimmed = text.trim();
        let written = if trimmed.starts_with('@') {
            nickname(trimmed)?
        } else {
            text
        };
        let fields = fields(written);
        let (second, rest) = match fields.as_slice() {
            rest if rest.len() == 5 => (None, rest),
            [second, rest @ ..] if rest.len() == 5 => (Some(second.clone()), rest),
            other => return Err(count(other.len())),
        };
        let read = |field: &'static Field, range: &Range<usize>| {
            field
                .read(&written[range.clone()])
                .map_err(|complaint| complaint.within(range))
        };
        let second = second.map_or(Ok(Set::only(0)), |range| read(&SECOND, &range))?;
        let [minute, hour, day, month, weekday] = rest else {
            return Err(count(rest.len()));
        };
        let days = [
            read(&DAY, day)?,
            read(&MONTH, month)?,
            read(&WEEKDAY, weekday)?,
        ];
        let times = [second, read(&MINUTE, minute)?, read(&HOUR, hour)?];
        // By the rule of Vixie's cron, what begins with `*` does not restrict.
        let either = !days[0].starred && !days[2].starred;
        if !either {
            some_day(&days[0], &days[1])
                .map_err(|complaint| complaint.range(day.start..month.end))?;
        }
        Ok(Self {
            text: text.into(),
            schedules: schedules(&times, &days, either)?,
            fixed_time: times.iter().all(|set| !set.starred),
        })
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// On civil time: it fires when one of these does.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// Whether it names times of the day (`30 9 * * *`) rather than an interval (`*/10 * * * *`): the former fires once in an
    /// hour that a change of the clock repeats, the latter in both passes.
    #[must_use]
    pub const fn is_fixed_time(&self) -> bool {
        self.fixed_time
    }
}

fn nickname(text: &str) -> Result<&'static str, Complaint> {
    let lower = text.to_lowercase();
    if let Some((_, expression)) = NICKNAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(expression);
    }
    let complaint = Complaint::new(format!("there is no `{text}`"));
    let names = NICKNAMES.iter().map(|(name, _)| *name);
    Err(match nearest(&lower, names) {
        Some(near) => complaint.help(format!("write `{near}`")),
        None if lower == "@reboot" => complaint.help("a rule that runs when the daemon starts does not exist; `@hourly` is the least of these"),
        None if lower.starts_with("@every") => complaint.help("write `every: 15m` in place of `cron`"),
        None => complaint.help("there are @hourly, @daily, @weekly, @monthly and @yearly"),
    })
}

/// Where the fields stand.
fn fields(text: &str) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                fields.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    fields.extend(start.map(|from| from..text.len()));
    fields
}

fn count(found: usize) -> Complaint {
    let complaint = Complaint::new(format!(
        "a cron expression has five fields, or six with seconds first, not {found}"
    ));
    match found {
        7 => {
            complaint.help("leave out the year; for one point in time write `at: 2026-12-24T09:00`")
        }
        _ => {
            complaint.help("they are minute, hour, day of month, month, weekday: `0 9 * * MON-FRI`")
        }
    }
}

/// Some month has one of the days.
fn some_day(days: &Set, months: &Set) -> Result<(), Complaint> {
    let longest = months
        .members()
        .filter_map(|month| DAYS_OF_MONTHS.get(usize::from(month).checked_sub(1)?))
        .max();
    let first = days.members().min();
    if first <= longest.copied() {
        return Ok(());
    }
    Err(
        Complaint::new("this never fires: none of these months has such a day")
            .help("write `28` for a day that every month has"),
    )
}

/// One schedule, or one for each of two day fields of which either may hold.
fn schedules(times: &[Set; 3], days: &[Set; 3], either: bool) -> Result<Vec<Schedule>, Complaint> {
    let [second, minute, hour] = times.each_ref().map(|set| set.list(0));
    // The crate counts weekdays from Sunday 1.
    let [day, month, weekday] = [days[0].list(0), days[1].list(0), days[2].list(1)];
    let written = if either {
        vec![
            format!("{second} {minute} {hour} {day} {month} *"),
            format!("{second} {minute} {hour} * {month} {weekday}"),
        ]
    } else {
        vec![format!("{second} {minute} {hour} {day} {month} {weekday}")]
    };
    let read = |text: &String| {
        Schedule::from_str(text)
            .map_err(|error| Complaint::new(format!("this is no schedule: {error}")))
    };
    written.iter().map(read).collect()
}
