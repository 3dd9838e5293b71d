//! What commands print: lines in colour on a terminal and plain elsewhere, tables within 100 columns, times as people read them, or JSON.
//!
//! Text that came from outside is stripped of control characters here, so that nothing a sender or Kartra says can steer a terminal.

mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::run::State;

pub(super) use table::{Table, cut, wrap};

/// Tables and stories fit into so many columns.
pub(super) const COLUMNS: usize = 100;

/// How a piece of text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    Plain,
    /// Headings and names.
    Bold,
    /// What matters less.
    Dim,
    /// Ended well.
    Good,
    /// Waits, or wants a look.
    Warn,
    /// Ended badly, or wants a person.
    Bad,
}

/// One line, piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Tone, String)>);

impl Line {
    /// A line that begins with this text.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::default().add(Tone::Plain, text)
    }

    /// Adds a piece.
    #[must_use]
    pub(super) fn add(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// Adds a piece in no special tone.
    #[must_use]
    pub(super) fn plain(self, text: impl Into<String>) -> Self {
        self.add(Tone::Plain, text)
    }

    /// Adds a piece that matters less.
    #[must_use]
    pub(super) fn dim(self, text: impl Into<String>) -> Self {
        self.add(Tone::Dim, text)
    }

    /// Adds a heading or a name.
    #[must_use]
    pub(super) fn bold(self, text: impl Into<String>) -> Self {
        self.add(Tone::Bold, text)
    }
}

/// Where a command prints.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    colour: bool,
    /// The zone in which times are shown.
    pub zone: TimeZone,
}

impl Screen {
    /// Prints to `out`. Colours only when asked.
    pub(super) fn new(out: Box<dyn Write + Send>, colour: bool) -> Self {
        Self {
            out,
            colour,
            zone: TimeZone::UTC,
        }
    }

    /// Whether colours are shown.
    #[must_use]
    pub(super) fn colour(&self) -> bool {
        self.colour
    }

    /// Prints one line.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = String::new();
        for (tone, piece) in &line.0 {
            let piece = clean(piece);
            match code(*tone).filter(|_| self.colour && !piece.is_empty()) {
                Some(code) => text.push_str(&format!("\x1b[{code}m{piece}\x1b[0m")),
                None => text.push_str(&piece),
            }
        }
        writeln!(self.out, "{}", text.trim_end())
    }

    /// Prints text of one or more lines.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        text.lines()
            .try_for_each(|line| self.line(&Line::new(line)))
    }

    /// Prints an empty line.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Prints text that was already drawn, escape sequences and all.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn drawn(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Prints a value as JSON, indented.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value:#}")
    }

    /// Prints a value as JSON on one line, for streams.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn json_line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value}")?;
        self.out.flush()
    }

    /// Makes sure that it was seen: before a long wait.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Day and time, without the year: for lists.
    #[must_use]
    pub(super) fn moment(&self, instant: Timestamp) -> String {
        let zoned = instant.to_zoned_datetime(self.zone.clone());
        zoned.strftime("%d %b %H:%M:%S").to_string()
    }

    /// The time of day alone: for what belongs to one story.
    #[must_use]
    pub(super) fn clock(&self, instant: Timestamp) -> String {
        let zoned = instant.to_zoned_datetime(self.zone.clone());
        zoned.strftime("%H:%M:%S").to_string()
    }

    /// Date, time and zone, whole.
    #[must_use]
    pub(super) fn whole(&self, instant: Timestamp) -> String {
        let zoned = instant.to_zoned_datetime(self.zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }
}

/// `in 12 s`, `in 3 h 5 min`, `2 d ago`.
#[must_use]
pub(super) fn relative(instant: Timestamp, now: Timestamp) -> String {
    let seconds = instant.duration_since(now).as_secs();
    let length = span(Duration::from_secs(seconds.unsigned_abs()));
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// `1.5 MB`.
#[must_use]
pub(super) fn bytes(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let fits = units.iter().find(|(unit, _)| bytes >= *unit);
    let (unit, name) = fits.copied().unwrap_or((1_000, "kB"));
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

/// A length in its two greatest units.
#[must_use]
pub(super) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    units[first..]
        .iter()
        .take(2)
        .enumerate()
        .filter(|(place, (count, _))| *place == 0 || *count > 0)
        .map(|(_, (count, unit))| format!("{count} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How a run's state is shown.
#[must_use]
pub(super) const fn tone(state: State) -> Tone {
    match state {
        State::Done => Tone::Good,
        State::Ready | State::Running => Tone::Bold,
        State::Waiting | State::Retrying | State::Held => Tone::Warn,
        State::Failed | State::NeedsPerson => Tone::Bad,
        State::Declined | State::Cancelled => Tone::Dim,
    }
}

/// The text with its control characters made visible.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

const fn code(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Bold => Some("1"),
        Tone::Dim => Some("2"),
        Tone::Good => Some("32"),
        Tone::Warn => Some("33"),
        Tone::Bad => Some("31"),
    }
}
