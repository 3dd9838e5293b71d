//! Durations as people write them: `500ms`, `30s`, `1h30m`, `3d`, `2w`.

use std::time::Duration;

use super::complaint::Complaint;

/// The longest wait.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

const UNITS_MS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration of at most [`LONGEST`].
///
/// # Errors
/// The text is not a duration, or a longer one.
pub fn parse(text: &str) -> Result<Duration, Complaint> {
    parse_within(text, LONGEST)
}

/// Reads a duration of at most `longest`.
///
/// # Errors
/// The text is not a duration, or a longer one.
pub fn parse_within(text: &str, longest: Duration) -> Result<Duration, Complaint> {
    let text_end = text.len();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(
            Complaint::new("a duration is missing").help("write one like `30s`, `5m` or `1h30m`")
        );
    }
    if trimmed.parse::<f64>().is_ok() {
        return Err(
            Complaint::new(format!("`{trimmed}` has no unit")).help(format!(
                "write `{trimmed}s` for seconds, `{trimmed}m` for minutes, or `h`, `d`, `w`, `ms`"
            )),
        );
    }
    let base = text.len() - text.trim_start().len();
    let mut total_ms: u64 = 0;
    let mut smallest = UNITS_MS.len();
    let mut at = 0;
    while at < trimmed.len() {
        let (taken, unit, ms) =
            part(&trimmed[at..]).map_err(|complaint| complaint.shifted(base + at))?;
        if smallest != UNITS_MS.len() && unit <= smallest {
            return Err(
                Complaint::new(format!("the units of `{trimmed}` are not in order"))
                    .help("write each unit once, the largest first, such as `1h30m`")
                    .range(base + at..text_end),
            );
        }
        smallest = unit;
        total_ms = total_ms.saturating_add(ms);
        at += taken;
    }
    let total = Duration::from_millis(total_ms);
    if total > longest {
        return Err(Complaint::new(format!(
            "`{trimmed}` is more than the longest allowed, {}",
            write(longest)
        )));
    }
    Ok(total)
}

/// Writes a duration as it is read, in the largest units that fit: `90s` is `1m30s`.
#[must_use]
pub fn write(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, ms) in UNITS_MS {
        // 14 days are better said as days than as weeks when more follows.
        if unit == "w" && left % ms != 0 {
            continue;
        }
        if left >= ms {
            text.push_str(&format!("{}{unit}", left / ms));
            left %= ms;
        }
    }
    text
}

/// One number and its unit at the start of the text: bytes taken, the unit's place in the list, milliseconds.
fn part(text: &str) -> Result<(usize, usize, u64), Complaint> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let letters = text[digits..]
        .bytes()
        .take_while(u8::is_ascii_alphabetic)
        .count();
    let (number, word) = (&text[..digits], &text[digits..digits + letters]);
    let end = (digits + letters).max(1);
    if digits == 0 {
        return Err(not_a_duration(text).range(0..text.len()));
    }
    let Some(unit) = UNITS_MS.iter().position(|(name, _)| *name == word) else {
        return Err(unknown_unit(number, word, &text[digits + letters..]).range(0..end));
    };
    let number: u64 = number.parse().unwrap_or(u64::MAX);
    Ok((
        digits + letters,
        unit,
        number.saturating_mul(UNITS_MS[unit].1),
    ))
}

fn not_a_duration(text: &str) -> Complaint {
    Complaint::new(format!("`{text}` is not a duration"))
        .help("write one like `30s`, `5m`, `1h30m` or `3d`")
}

fn unknown_unit(number: &str, word: &str, rest: &str) -> Complaint {
    let known = "write `ms`, `s`, `m`, `h`, `d` or `w`";
    let meant = match word.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" | "h" => "h",
        "day" | "days" | "d" => "d",
        "week" | "weeks" | "w" => "w",
        "month" | "months" | "mo" => {
            return Complaint::new(format!("`{number}{word}`: months differ in length"))
                .help("write days, such as `30d`");
        }
        "" if rest.starts_with('.') => {
            return Complaint::new("a duration has no fractions")
                .help("write the smaller unit too, such as `1h30m` or `1500ms`");
        }
        "" => return Complaint::new(format!("`{number}` has no unit")).help(known),
        _ => return Complaint::new(format!("`{word}` is not a unit of time")).help(known),
    };
    Complaint::new(format!("`{word}` is not a unit of time"))
        .help(format!("write `{number}{meant}`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_in_all_units() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("3d", 259_200_000),
            ("2w", 1_209_600_000),
            ("1h30m", 5_400_000),
            (" 1m30s500ms ", 90_500),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_says_what_to_write() {
        for (text, message, help) in [
            ("30", "`30` has no unit", "write `30s`"),
            ("1.5", "`1.5` has no unit", "`1.5s`"),
            ("5min", "`min` is not a unit of time", "write `5m`"),
            ("1.5h", "a duration has no fractions", "`1h30m`"),
            (
                "30m1h",
                "the units of `30m1h` are not in order",
                "largest first",
            ),
            ("1h1h", "the units of `1h1h` are not in order", "once"),
            ("soon", "`soon` is not a duration", "`30s`"),
            ("-5m", "`-5m` is not a duration", "`30s`"),
            ("1mo", "`1mo`: months differ in length", "30d"),
            ("", "a duration is missing", "`30s`"),
        ] {
            let complaint = parse(text).expect_err(text);
            assert_eq!(complaint.message, message);
            assert!(
                complaint.help.as_deref().unwrap_or_default().contains(help),
                "{text}: {complaint}"
            );
        }
        assert_eq!(
            parse("367d").expect_err("too long").message,
            "`367d` is more than the longest allowed, 366d"
        );
        assert!(parse("99999999999999999999w").is_err());
    }

    proptest! {
        #[test]
        fn a_written_duration_is_read_back(ms in 0..366_u64 * 24 * 60 * 60 * 1000) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&write(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let _ = parse(&text);
        }
    }
}
