//! What counts as the same: times, UUIDs and milliseconds by their form, all else letter by letter.

use std::sync::LazyLock;

use regex::Regex;

/// What changes from run to run, and what it is seen as.
static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "UUID",
        ),
        (
            r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( UTC|Z)?",
            "INSTANT",
        ),
        (r"\b\d{2} [A-Z][a-z]{2} \d{2}:\d{2}:\d{2}\b", "MOMENT"),
        (r"\b\d{2}:\d{2}:\d{2}\b", "CLOCK"),
        (r"\b\d+ ms\b", "LENGTH"),
        (r"\bcreq_\d{8}\b", "REQUEST"),
    ]
    .into_iter()
    .map(|(form, name)| (Regex::new(form).unwrap(), name))
    .collect()
});

fn form(line: &str) -> String {
    FORMS.iter().fold(line.to_owned(), |line, (form, name)| {
        form.replace_all(&line, *name).into_owned()
    })
}

/// The printed lines; those that differ from what stood in their place only in what always changes are left as they stood.
pub(super) fn merge(stood: &[String], printed: &[String]) -> Vec<String> {
    let same = |stood: &&String, line: &String| form(stood) == form(line);
    printed
        .iter()
        .enumerate()
        .map(|(place, line)| match stood.get(place) {
            Some(stood) if same(&stood, line) => stood.clone(),
            _ => line.clone(),
        })
        .collect()
}

#[test]
fn times_and_numbers_of_requests_may_differ_and_words_may_not() {
    let lines = |text: &str| vec![text.to_owned()];
    let stood = lines("at 2026-10-05T12:00:00Z, 12:00:01, 5 ms");
    let printed = lines("at 2027-01-01T00:00:00.123Z, 13:14:15, 17 ms");
    assert_eq!(merge(&stood, &printed), stood);
    let printed = lines("At 2027-01-01T00:00:00.123Z, 13:14:15, 17 ms");
    assert_eq!(merge(&stood, &printed), printed);
}
