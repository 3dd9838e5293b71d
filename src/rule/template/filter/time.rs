//! Filters for times.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use minijinja::Error;
use minijinja::value::{Kwargs, Value, ValueKind};

use super::super::engine::failed;
use super::super::view::article;
use super::Filter;
use crate::rule::duration;

/// Numbers from here on are milliseconds since 1970, smaller ones seconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

pub(super) const FILTERS: &[Filter] = &[Filter {
    name: "date",
    doc: "A time (RFC 3339, or seconds or milliseconds since 1970) written in a format such as `%Y-%m-%d`; without one as RFC 3339. \
          Named arguments: `zone=` in which it is written, `parse=` the format it is read in, `add=` a duration such as `3d` or `-2h`.",
    examples: &[
        (
            "'2026-03-08T01:59:00-05:00' | date",
            "\"2026-03-08T06:59:00Z\"",
        ),
        (
            "'2026-03-08T01:59:00-05:00' | date('%d.%m.%Y %H:%M', zone='Europe/Berlin')",
            "\"08.03.2026 07:59\"",
        ),
        ("1772953140 | date('%Y-%m-%d')", "\"2026-03-08\""),
        ("1772953140000 | date", "\"2026-03-08T06:59:00Z\""),
        (
            "'08/03/2026' | date('%Y-%m-%d', parse='%d/%m/%Y')",
            "\"2026-03-08\"",
        ),
        (
            "'2026-03-08T06:59:00Z' | date(add='1d12h')",
            "\"2026-03-09T18:59:00Z\"",
        ),
        (
            "'2026-03-08T06:59:00Z' | date('%H:%M', add='-2h')",
            "\"04:59\"",
        ),
        (
            "'2026-03-08 10:00' | date(parse='%Y-%m-%d %H:%M', zone='America/New_York')",
            "\"2026-03-08T10:00:00-04:00\"",
        ),
    ],
    register: |environment| environment.add_filter("date", date),
}];

#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands arguments by value"
)]
fn date(value: &Value, format: Option<&str>, named: Kwargs) -> Result<String, Error> {
    let format = match format {
        Some(format) => Some(format),
        None => named.get::<Option<&str>>("format")?,
    };
    let zone = match named.get::<Option<&str>>("zone")? {
        Some(name) => TimeZone::get(name).map_err(|_| {
            failed(format!(
                "`{name}` is no time zone; write one such as `Europe/Berlin`"
            ))
        })?,
        None => TimeZone::UTC,
    };
    let instant = match named.get::<Option<&str>>("parse")? {
        Some(pattern) => read_as(value, pattern, &zone)?,
        None => read(value)?,
    };
    let instant = match named.get::<Option<&str>>("add")? {
        Some(text) => shifted(instant, text)?,
        None => instant,
    };
    named.assert_all_used()?;
    write(&instant.to_zoned_datetime(zone), format)
}

/// A time with a zone, or a number since 1970.
fn read(value: &Value) -> Result<Timestamp, Error> {
    let instant = match value.kind() {
        ValueKind::Undefined => return Err(failed("")),
        ValueKind::String => value.as_str().and_then(|text| text.trim().parse().ok()),
        ValueKind::Number => value.as_i64().and_then(since_1970),
        _ => None,
    };
    instant.ok_or_else(|| match value.kind() {
        ValueKind::String => {
            failed("this text is no time with a zone; `parse='%d/%m/%Y'` says how to read it")
        }
        kind => failed(format!("{} is no time", article(kind))),
    })
}

fn since_1970(number: i64) -> Option<Timestamp> {
    if number.abs() < MILLISECONDS_FROM {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}

/// A time in a given format; where it has no zone, the given one.
fn read_as(value: &Value, pattern: &str, zone: &TimeZone) -> Result<Timestamp, Error> {
    let text = super::text(value)?;
    let wrong = |_| failed(format!("this text cannot be read as `{pattern}`"));
    let parsed = strtime::parse(pattern, text.trim()).map_err(wrong)?;
    if let Ok(instant) = parsed.to_timestamp() {
        return Ok(instant);
    }
    let civil = parsed
        .to_datetime()
        .or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0)))
        .map_err(wrong)?;
    zone.to_ambiguous_zoned_datetime(civil)
        .compatible()
        .map(|zoned| zoned.timestamp())
        .map_err(wrong)
}

fn shifted(instant: Timestamp, text: &str) -> Result<Timestamp, Error> {
    let (sign, length) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.trim().trim_start_matches('+')),
    };
    let length = duration::parse(length).map_err(|complaint| failed(complaint.to_string()))?;
    let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    instant
        .checked_add(SignedDuration::from_millis(sign * millis))
        .map_err(|_| failed("the time is beyond what a calendar knows"))
}

fn write(zoned: &ZonedDateTime, format: Option<&str>) -> Result<String, Error> {
    match format {
        Some(format) => strtime::format(format, zoned)
            .map_err(|error| failed(format!("`{format}` is no format for a time: {error}"))),
        None if *zoned.time_zone() == TimeZone::UTC => Ok(zoned.timestamp().to_string()),
        None => Ok(zoned
            .timestamp()
            .display_with_offset(zoned.offset())
            .to_string()),
    }
}
