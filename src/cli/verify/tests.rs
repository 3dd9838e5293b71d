//! What is printed of findings.

use uuid::Uuid;

use super::*;
use crate::cli::screen::tests::Paper;
use crate::store::verify::{Broken, CHECKS, Told};

fn checked(name: &str, rows: u64) -> Checked {
    let mut all = CHECKS.iter().flat_map(|checks| checks.iter());
    let check = all.find(|check| check.name == name).unwrap();
    Checked {
        rows,
        ..Checked::of(check)
    }
}

#[test]
fn a_finding_is_shown_with_its_ids_its_meaning_and_what_to_do() {
    let mut never = checked("attempt-never", 1_234_567);
    never.add(Broken {
        run: Some(Uuid::from_u128(0x5f0c_9a1e)),
        name: Some("step 1, attempt 2 (refund-transaction)".into()),
        what: "it was sent although nobody knows whether an earlier attempt was carried out".into(),
        ..Broken::default()
    });
    let mut unread = checked("event-body", 5_000);
    unread.unread = Some("events from row 5000: the disk cannot be read".into());
    let paper = Paper::default();
    let all = [checked("file", 19), unread, never];
    report::print(&all, false, &mut paper.screen(false)).unwrap();
    insta::assert_snapshot!(paper.text());
}

#[test]
fn a_sound_database_is_said_to_be_so_in_one_line_more_than_its_checks() {
    let paper = Paper::default();
    report::print(&[checked("file", 19)], false, &mut paper.screen(false)).unwrap();
    let text = paper.text();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("All 1 checks hold."), "{text}");
}

#[test]
fn of_many_rows_the_first_are_shown_and_all_are_counted() {
    let mut body = checked("event-body", 100);
    for number in 0..45 {
        body.add(Broken {
            event: Some(Uuid::from_u128(number)),
            ..Broken::default()
        });
    }
    let paper = Paper::default();
    report::print(&[body], false, &mut paper.screen(false)).unwrap();
    let text = paper.text();
    assert_eq!(text.matches("- event 000000").count(), 20, "{text}");
    assert!(text.contains("and 25 more"), "{text}");
    assert!(text.contains("45 findings in all"), "{text}");
}

#[test]
fn progress_is_told_in_rows_and_percent() {
    let told = |done, of| {
        progress::line(Told {
            what: "events",
            done,
            of,
        })
    };
    assert_eq!(
        told(340_000, 1_000_000),
        "events: 340,000 of 1,000,000 (34 %)"
    );
    assert_eq!(told(0, 0), "events: 0 of 0 (100 %)");
}

/// The list names every check, and tests that there are.
#[test]
fn the_list_names_every_check_and_every_invariant() {
    let paper = Paper::default();
    list::print(false, &mut paper.screen(false)).unwrap();
    let text = paper.text();
    for check in CHECKS.iter().flat_map(|checks| checks.iter()) {
        assert!(text.contains(check.name), "{}", check.name);
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
