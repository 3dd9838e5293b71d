//! Fields of a cron expression: lists of values, ranges and steps, read into the set of numbers that they mean.

use std::ops::Range;

use crate::rule::complaint::Complaint;

/// What one place of an expression may hold.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    lowest: u8,
    highest: u8,
    /// Three letters for each value, from the lowest.
    names: &'static [&'static str],
}

pub(super) static SECOND: Field = Field::numbers("second", 0, 59);
pub(super) static MINUTE: Field = Field::numbers("minute", 0, 59);
pub(super) static HOUR: Field = Field::numbers("hour", 0, 23);
pub(super) static DAY: Field = Field::numbers("day of month", 1, 31);
pub(super) static MONTH: Field = Field {
    name: "month",
    lowest: 1,
    highest: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// Sunday is 0, and 7.
pub(super) static WEEKDAY: Field = Field {
    name: "weekday",
    lowest: 0,
    highest: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

/// The numbers that a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set {
    bits: u64,
    /// Whether it begins with `*`.
    pub starred: bool,
    /// Whether it holds every number of its field.
    full: bool,
}

impl Set {
    /// Just this number.
    pub(super) const fn only(number: u8) -> Self {
        Self {
            bits: 1 << number,
            starred: false,
            full: false,
        }
    }

    /// Its numbers, rising.
    pub(super) fn members(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.bits & (1 << number) != 0)
    }

    /// Its numbers as the crate reads them, each raised by `shift`.
    pub(super) fn list(self, shift: u8) -> String {
        if self.full {
            return "*".to_owned();
        }
        self.members()
            .map(|number| (number + shift).to_string())
            .collect::<Vec<_>>()
            .join(",")
    }
}

impl Field {
    const fn numbers(name: &'static str, lowest: u8, highest: u8) -> Self {
        Self {
            name,
            lowest,
            highest,
            names: &[],
        }
    }

    /// Reads a field. Ranges of complaints are bytes of its text.
    pub(super) fn read(&self, text: &str) -> Result<Set, Complaint> {
        let mut bits = 0_u64;
        let mut at = 0;
        for item in text.split(',') {
            let range = at..at + item.len();
            let (values, step) = self
                .item(item)
                .map_err(|complaint| complaint.within(&range))?;
            let members = values.step_by(usize::from(step));
            bits |= members.fold(0, |bits, number| bits | 1 << self.folded(number));
            at = range.end + 1;
        }
        let starred = text.starts_with('*');
        let all =
            (self.lowest..=self.highest).fold(0, |bits, number| bits | 1 << self.folded(number));
        Ok(Set {
            bits,
            starred,
            full: bits == all,
        })
    }

    /// Sunday is one day, whatever its number.
    fn folded(&self, number: u8) -> u8 {
        if self.is_weekday() {
            number % 7
        } else {
            number
        }
    }

    fn is_weekday(&self) -> bool {
        self.highest == 7
    }

    /// The highest number, each counted once.
    fn last(&self) -> u8 {
        if self.is_weekday() { 6 } else { self.highest }
    }

    /// `*`, `5`, `1-5`, each with `/2`: the values and the step.
    fn item(&self, item: &str) -> Result<(std::ops::RangeInclusive<u8>, u8), Complaint> {
        if item.is_empty() {
            return Err(
                Complaint::new(format!("a {} is missing beside a comma", self.name))
                    .help("take the comma out"),
            );
        }
        self.refused(item)?;
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(step)),
            None => (item, None),
        };
        let (from, to) = if base == "*" {
            (self.lowest, self.last())
        } else if let Some((from, to)) = base.split_once('-') {
            self.range(base, from, to)?
        } else {
            let value = self.value(base)?;
            // `5/15` begins at 5 and goes on to the end.
            (
                value,
                if step.is_some() {
                    self.last().max(value)
                } else {
                    value
                },
            )
        };
        let step = match step {
            None => 1,
            Some(text) => self
                .step(text, base, to - from)
                .map_err(|complaint| complaint.range(base.len()..item.len()))?,
        };
        Ok((from..=to, step))
    }

    /// What other crons know and this one refuses.
    fn refused(&self, item: &str) -> Result<(), Complaint> {
        if item.contains('?') {
            return Err(Complaint::new("`?` is not known here").help("write `*`"));
        }
        if let Some((day, _)) = item.split_once('#') {
            return Err(Complaint::new("`#` is not known here").help(format!(
                "write `{day}`, and check the day of the month in `match`"
            )));
        }
        let upper = item.to_uppercase();
        let is_number_or_nothing = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
        };
        if let Some(rest) = upper.strip_suffix('W')
            && (is_number_or_nothing(rest) || rest == "L")
        {
            return Err(Complaint::new("`W` is not known here")
                .help("write a range of days, and `MON-FRI` checked in `match`"));
        }
        let last = upper.strip_suffix('L').or(upper.strip_prefix("L-"));
        if last.is_some_and(|rest| is_number_or_nothing(rest) || self.names.contains(&rest)) {
            let help = if self.is_weekday() {
                "write the weekday, and check in `match` that a week later is another month"
            } else {
                "write `28-31`, and in `match`: `expr: ${{ schedule.at | date('%d', add='1d') == '01' }}`"
            };
            return Err(Complaint::new("`L` is not known here").help(help));
        }
        Ok(())
    }

    fn range(&self, base: &str, from: &str, to: &str) -> Result<(u8, u8), Complaint> {
        let first = self.value(from)?;
        let last = self
            .value(to)
            .map_err(|complaint| complaint.shifted(from.len() + 1))?;
        // As the end of a range Sunday comes after Saturday.
        let named_sunday =
            self.is_weekday() && last == 0 && to.eq_ignore_ascii_case("SUN") && first > 0;
        let last = if named_sunday { 7 } else { last };
        if first <= last {
            return Ok((first, last));
        }
        let help = if self.is_weekday() {
            let days = (first..=6)
                .chain(0..=last)
                .map(|day| self.names[usize::from(day)]);
            format!("write `{}`", days.collect::<Vec<_>>().join(","))
        } else {
            let end = |low: u8, high: u8| {
                if low == high {
                    low.to_string()
                } else {
                    format!("{low}-{high}")
                }
            };
            format!(
                "write `{},{}`",
                end(first, self.highest),
                end(self.lowest, last)
            )
        };
        Err(Complaint::new(format!("the range `{base}` runs backwards")).help(help))
    }

    fn step(&self, text: &str, base: &str, span: u8) -> Result<u8, Complaint> {
        match text.parse::<u32>() {
            Ok(0) => Err(Complaint::new("a step of 0 never moves").help(format!("write `{base}`"))),
            Ok(step) => match u8::try_from(step) {
                Ok(step) if step <= span => Ok(step),
                _ => Err(Complaint::new(format!(
                    "the step {step} is beyond the range of {}",
                    plural(self.name)
                ))
                .help(self.instead(base, step))),
            },
            Err(_) => {
                Err(Complaint::new(format!("`{text}` is no step"))
                    .help("write a number after the `/`"))
            }
        }
    }

    /// What a step beyond the range was probably meant to be.
    fn instead(&self, base: &str, step: u32) -> String {
        let lowest = self.lowest;
        match (self.name, step) {
            ("minute", 60) => format!("for every hour write `{lowest}`"),
            ("minute", step) if step % 60 == 0 => format!(
                "for every {} hours write `{lowest}` here and `*/{}` for the hours",
                step / 60,
                step / 60
            ),
            ("minute" | "second", _) => format!(
                "write `every: {step}{}` in place of `cron`",
                &self.name[..1]
            ),
            ("hour", 24) => "for once a day write `0`".to_owned(),
            _ if base == "*" => format!("write `{lowest}`"),
            _ => format!("write `{base}` without a step"),
        }
    }

    /// A number or a name.
    fn value(&self, text: &str) -> Result<u8, Complaint> {
        let whole: Range<usize> = 0..text.len();
        if let Some(at) = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
        {
            return Ok(self.lowest + u8::try_from(at).unwrap_or(0));
        }
        match text.parse::<u32>() {
            Ok(number) => match u8::try_from(number) {
                Ok(number) if (self.lowest..=self.highest).contains(&number) => Ok(number),
                _ => Err(
                    Complaint::new(format!("there is no {} {number}", self.name))
                        .help(format!(
                            "{} go from {} to {}",
                            plural(self.name),
                            self.lowest,
                            self.highest
                        ))
                        .range(whole),
                ),
            },
            Err(_) => {
                let complaint =
                    Complaint::new(format!("`{text}` is no {}", self.name)).range(whole);
                let upper = text.to_uppercase();
                let short = self.names.iter().find(|name| upper.starts_with(**name));
                Err(match short {
                    Some(short) => complaint.help(format!("write `{short}`")),
                    None if self.names.is_empty() => complaint.help(format!(
                        "write a number from {} to {}",
                        self.lowest, self.highest
                    )),
                    None => complaint.help(format!(
                        "write a number from {} to {}, or {} to {}",
                        self.lowest,
                        self.highest,
                        self.names[0],
                        self.names[self.names.len() - 1]
                    )),
                })
            }
        }
    }
}

fn plural(name: &str) -> String {
    match name {
        "day of month" => "days of the month".to_owned(),
        name => format!("{name}s"),
    }
}
