//! Cron expressions: what they mean to the crate, and what is refused.

use cron::TimeUnitSpec;
use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|complaint| panic!("{text}: {complaint}"))
}

/// Seconds, minutes, hours, days, months and weekdays (Sunday 1) of each schedule.
fn sets(cron: &Cron) -> Vec<[Vec<u32>; 6]> {
    let of = |schedule: &Schedule| {
        [
            schedule.seconds().iter().collect(),
            schedule.minutes().iter().collect(),
            schedule.hours().iter().collect(),
            schedule.days_of_month().iter().collect(),
            schedule.months().iter().collect(),
            schedule.days_of_week().iter().collect(),
        ]
    };
    cron.schedules().iter().map(of).collect()
}

fn all(range: std::ops::RangeInclusive<u32>) -> Vec<u32> {
    range.collect()
}

#[test]
fn five_fields_six_fields_and_nicknames_are_read() {
    let daily = [
        vec![0],
        vec![0],
        vec![0],
        all(1..=31),
        all(1..=12),
        all(1..=7),
    ];
    for text in [
        "0 0 * * *",
        " 0  0 * * * ",
        "0 0 0 * * *",
        "@daily",
        "@midnight",
        "@DAILY",
        "00 0 * * 0-7",
    ] {
        assert_eq!(sets(&parse(text)), std::slice::from_ref(&daily), "{text}");
    }
    let [seconds, minutes, hours, ..] = &sets(&parse("30 1-3,8 22-23 * * *"))[0];
    assert_eq!(
        (seconds, minutes, hours),
        (&vec![30], &vec![1, 2, 3, 8], &vec![22, 23])
    );
}

#[test]
fn sunday_is_0_and_7_and_names_are_known() {
    for (text, weekdays) in [
        ("0 9 * * 0", vec![1]),
        ("0 9 * * 7", vec![1]),
        ("0 9 * * 1-5", vec![2, 3, 4, 5, 6]),
        ("0 9 * * MON-FRI", vec![2, 3, 4, 5, 6]),
        ("0 9 * * mon,Wed", vec![2, 4]),
        ("0 9 * * 5-7", vec![1, 6, 7]),
        ("0 9 * * SAT-SUN", vec![1, 7]),
        ("0 9 * * SUN-MON", vec![1, 2]),
        ("0 9 * * */2", vec![1, 3, 5, 7]),
        ("0 9 * * 0-7", all(1..=7)),
    ] {
        assert_eq!(sets(&parse(text))[0][5], weekdays, "{text}");
    }
    assert_eq!(sets(&parse("0 0 1 JAN,jul *"))[0][4], [1, 7]);
    assert_eq!(sets(&parse("5/20 * * * *"))[0][1], [5, 25, 45]);
}

#[test]
fn two_restricted_day_fields_are_either_or() {
    let either = sets(&parse("0 9 13 * 5"));
    assert_eq!(either.len(), 2);
    assert_eq!((&either[0][3], &either[0][5]), (&vec![13], &all(1..=7)));
    assert_eq!((&either[1][3], &either[1][5]), (&all(1..=31), &vec![6]));
    let both = sets(&parse("0 9 */2 * 5"));
    assert_eq!(both.len(), 1, "what begins with `*` does not restrict");
    assert_eq!((both[0][3].len(), &both[0][5]), (16, &vec![6]));
}

#[test]
fn times_of_the_day_are_told_from_intervals() {
    assert!(parse("30 9 * * *").is_fixed_time());
    assert!(parse("0,30 9-17 * * *").is_fixed_time());
    assert!(!parse("*/10 * * * *").is_fixed_time());
    assert!(!parse("0 * * * *").is_fixed_time());
}

/// An expression; the message, the help and the bytes of its refusal.
const REFUSED: &[(&str, &str, &str, Option<Range<usize>>)] = &[
    (
        "0 0 L * *",
        "`L` is not known here",
        "write `28-31`, and in `match`",
        Some(4..5),
    ),
    (
        "0 0 * * 5L",
        "`L` is not known here",
        "a week later is another month",
        Some(8..10),
    ),
    (
        "0 0 15W * *",
        "`W` is not known here",
        "write a range of days",
        Some(4..7),
    ),
    (
        "0 0 LW * *",
        "`W` is not known here",
        "write a range of days",
        Some(4..6),
    ),
    (
        "0 0 * * MON#2",
        "`#` is not known here",
        "write `MON`, and check the day of the month",
        Some(8..13),
    ),
    (
        "0 0 ? * MON",
        "`?` is not known here",
        "write `*`",
        Some(4..5),
    ),
    (
        "0 0 * * FRI-MON",
        "the range `FRI-MON` runs backwards",
        "write `FRI,SAT,SUN,MON`",
        Some(8..15),
    ),
    (
        "0 22-2 * * *",
        "the range `22-2` runs backwards",
        "write `22-23,0-2`",
        Some(2..6),
    ),
    (
        "0 0 * 12-1 *",
        "the range `12-1` runs backwards",
        "write `12,1`",
        Some(6..10),
    ),
    (
        "*/90 * * * *",
        "the step 90 is beyond the range of minutes",
        "write `every: 90m` in place of `cron`",
        Some(1..4),
    ),
    (
        "*/60 * * * *",
        "the step 60 is beyond the range of minutes",
        "for every hour write `0`",
        Some(1..4),
    ),
    (
        "*/120 * * * *",
        "the step 120 is beyond the range of minutes",
        "`*/2` for the hours",
        Some(1..5),
    ),
    (
        "0 */24 * * *",
        "the step 24 is beyond the range of hours",
        "for once a day write `0`",
        Some(3..6),
    ),
    (
        "0 1-3/5 * * *",
        "the step 5 is beyond the range of hours",
        "write `1-3` without a step",
        Some(5..7),
    ),
    (
        "*/0 * * * *",
        "a step of 0 never moves",
        "write `*`",
        Some(1..3),
    ),
    (
        "60 * * * *",
        "there is no minute 60",
        "minutes go from 0 to 59",
        Some(0..2),
    ),
    (
        "0 0 0 * *",
        "there is no day of month 0",
        "days of the month go from 1 to 31",
        Some(4..5),
    ),
    (
        "0 0 1 13 *",
        "there is no month 13",
        "months go from 1 to 12",
        Some(6..8),
    ),
    (
        "0 0 * * 8",
        "there is no weekday 8",
        "weekdays go from 0 to 7",
        Some(8..9),
    ),
    (
        "0 0 * * MONDAY",
        "`MONDAY` is no weekday",
        "write `MON`",
        Some(8..14),
    ),
    (
        "0 MON * * *",
        "`MON` is no hour",
        "write a number from 0 to 23",
        Some(2..5),
    ),
    (
        "H 0 * * *",
        "`H` is no minute",
        "write a number from 0 to 59",
        Some(0..1),
    ),
    (
        "1,,3 * * * *",
        "a minute is missing beside a comma",
        "take the comma out",
        Some(2..2),
    ),
    (
        "0 0 * * MON,",
        "a weekday is missing beside a comma",
        "take the comma out",
        Some(12..12),
    ),
    (
        "0 0 30 2 *",
        "this never fires: none of these months has such a day",
        "write `28`",
        Some(4..8),
    ),
    (
        "0 0 31 2,4,6 *",
        "this never fires: none of these months has such a day",
        "write `28`",
        Some(4..12),
    ),
    (
        "0 0 * *",
        "a cron expression has five fields, or six with seconds first, not 4",
        "minute, hour, day of month, month, weekday",
        None,
    ),
    (
        "0 0 0 * * * 2026",
        "a cron expression has five fields, or six with seconds first, not 7",
        "leave out the year",
        None,
    ),
    (
        "",
        "a cron expression has five fields, or six with seconds first, not 0",
        "minute, hour",
        None,
    ),
    ("@dayly", "there is no `@dayly`", "write `@daily`", None),
    (
        "@reboot",
        "there is no `@reboot`",
        "when the daemon starts",
        None,
    ),
    (
        "@every 5m",
        "there is no `@every 5m`",
        "write `every: 15m` in place of `cron`",
        None,
    ),
];

#[test]
fn what_is_refused_says_what_to_write() {
    for (text, message, help, range) in REFUSED {
        let complaint = Cron::parse(text).expect_err(text);
        assert_eq!(complaint.message, *message, "{text}");
        assert!(
            complaint.help.as_deref().unwrap_or_default().contains(help),
            "{text}: {complaint}"
        );
        assert_eq!(complaint.range, *range, "{text}");
    }
}

#[test]
fn a_leap_day_and_either_or_do_fire() {
    parse("0 0 29 2 *");
    parse("0 0 30 2 MON");
}

proptest! {
    #[test]
    fn no_text_panics(text in "([*0-9,/?LW#@-]|MON|SUN| |\\PC){0,16}") {
        let _ = Cron::parse(&text);
    }

    #[test]
    fn lists_and_ranges_mean_their_numbers(from in 0..58_u32, length in 1..60_u32, step in 1..59_u32, more in 0..60_u32) {
        let to = (from + length).min(59);
        let step = step.min(to - from);
        let cron = parse(&format!("{from}-{to}/{step},{more} * * * *"));
        let mut expected: Vec<u32> = (from..=to).step_by(step as usize).chain([more]).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(&sets(&cron)[0][1], &expected);
    }
}
