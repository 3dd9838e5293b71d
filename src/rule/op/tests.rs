//! Every operator does what its examples say, and the list is the folder.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn arrived() -> Timestamp {
    "2026-03-08T12:00:00Z".parse().expect("a time")
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

#[test]
fn every_operator_does_what_its_examples_say() {
    for operator in OPERATORS {
        let name = operator.name();
        let outcomes: BTreeSet<bool> = operator
            .examples()
            .iter()
            .map(|example| example.2)
            .collect();
        assert_eq!(outcomes.len(), 2, "{name} needs examples of both kinds");
        assert!(
            operator
                .examples()
                .iter()
                .any(|example| example.1.is_none()),
            "{name} needs an example of nothing"
        );
        assert!(!operator.doc().is_empty(), "{name}");
        for (operand, subject, expected) in operator.examples() {
            let test = operator
                .compile(value(operand))
                .unwrap_or_else(|complaint| panic!("{name} {operand}: {complaint}"));
            let holds = match subject {
                Some(subject) => test.holds(&value(subject), arrived()),
                None => test.missing(),
            };
            assert_eq!(holds, *expected, "{name} {operand} of {subject:?}");
            let subject = subject.map(value);
            assert!(
                !test.expected(subject.as_ref()).is_empty(),
                "{name} {operand}"
            );
        }
    }
}

#[test]
fn the_list_is_sorted_and_is_the_folder() {
    let listed: Vec<String> = OPERATORS
        .iter()
        .map(|operator| operator.name().to_owned())
        .collect();
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/rule/op")).expect("the folder");
    let files: BTreeSet<String> = folder
        .filter_map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
                .strip_suffix(".rs")
                .map(str::to_owned)
        })
        .filter(|name| name != "mod" && name != "tests")
        // `in` is a word of Rust.
        .map(|name| name.replace("in_list", "in"))
        .collect();
    assert_eq!(listed, files.into_iter().collect::<Vec<_>>());
}

/// An operator, its operand, the value, what is expected and what is told of the value.
const REASONS: &[(&str, &str, &str, &str, &str)] = &[
    ("gte", r#"4900"#, r#""49.00""#, "a number", "text \"49.00\""),
    ("gte", r#"4900"#, r#"48"#, "at least 4900", "48"),
    (
        "lt",
        r#""2026-03-08T09:00:00Z""#,
        r#"5"#,
        "a time with a zone",
        "the number 5",
    ),
    ("eq", r#"5"#, r#""5""#, "the number 5", "text \"5\""),
    ("eq", r#""paid""#, r#""unpaid""#, "\"paid\"", "\"unpaid\""),
    (
        "in",
        r#"["a", "b"]"#,
        r#"1"#,
        "one of \"a\", \"b\"",
        "the number 1",
    ),
    ("ne", r#""a""#, r#""a""#, "anything but \"a\"", "\"a\""),
    ("regex", r#""^a""#, r#"7"#, "text", "the number 7"),
    (
        "starts_with",
        r#""a""#,
        r#""b""#,
        "text that begins with \"a\"",
        "\"b\"",
    ),
    ("contains", r#""a""#, r#"true"#, "text or a list", "true"),
    ("contains", r#"1"#, r#""1""#, "a list", "text \"1\""),
    (
        "older_than",
        r#""1d""#,
        r#""soon""#,
        "a time with a zone, or seconds since 1970",
        "text \"soon\"",
    ),
    (
        "older_than",
        r#""1d""#,
        r#""2026-03-08T11:00:00Z""#,
        "a time more than 1d before the arrival",
        "\"2026-03-08T11:00:00Z\"",
    ),
    (
        "every",
        r#"{ "gte": 1, "lt": 5 }"#,
        r#"7"#,
        "in every place less than 5",
        "7",
    ),
];

#[test]
fn a_wrong_type_is_a_reason() {
    for (name, operand, subject, expected, actual) in REASONS {
        let subject = value(subject);
        let test = find(name).expect(name).compile(value(operand)).expect(name);
        assert!(!test.holds(&subject, arrived()), "{name}");
        assert_eq!(test.expected(Some(&subject)), *expected, "{name}");
        assert_eq!(test.actual(&subject), *actual, "{name}");
    }
}

#[test]
fn a_wrong_operand_says_what_to_write() {
    for (name, operand, message, help) in [
        (
            "gte",
            json!("4900"),
            "a number or a time with a zone is needed, not text \"4900\"",
            Some("write 4900 without quotes"),
        ),
        (
            "gt",
            json!("2026-03-08"),
            "a number or a time with a zone is needed, not text \"2026-03-08\"",
            Some("times look like `2026-03-08T09:00:00-05:00`"),
        ),
        (
            "in",
            json!("a"),
            "a list is needed, not text \"a\"",
            Some("write `[\"a\"]`, or use `eq`"),
        ),
        (
            "exists",
            json!("yes"),
            "`true` or `false` is needed, not text \"yes\"",
            None,
        ),
        (
            "starts_with",
            json!(4),
            "text is needed, not the number 4",
            Some("write \"4\", in quotes"),
        ),
        (
            "regex",
            json!("(?=a)"),
            "`(?=a)` is not a regular expression: look-around, including look-ahead and look-behind, is not supported",
            Some("patterns cannot look around; use two conditions"),
        ),
        (
            "regex",
            json!("a{900}{900}"),
            "the regular expression is too large once compiled",
            Some("use smaller repetitions"),
        ),
        (
            "older_than",
            json!(30),
            "`30` has no unit",
            Some("write `30s` for seconds, `30m` for minutes, or `h`, `d`, `w`, `ms`"),
        ),
        (
            "every",
            json!([1]),
            "a map of operators is needed, not the list [1]",
            Some("write one such as `every: { gte: 1 }`"),
        ),
    ] {
        let complaint = find(name).expect(name).compile(operand).expect_err(name);
        assert_eq!(complaint.message, message);
        assert_eq!(complaint.help.as_deref(), help, "{name}");
    }
}
