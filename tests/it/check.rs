//! The language reference is right and whole: its examples check clean, and it names everything there is.

use std::fs;

use kartwheel::kartra;
use kartwheel::problem::{CODES, Source, draw_all};
use kartwheel::rule::op::OPERATORS;
use kartwheel::rule::template::filter::FILTERS;
use kartwheel::rule::{self, SourceFacts, Surroundings, step};

fn reference() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    fs::read_to_string(path).expect("the reference is there")
}

#[test]
fn the_examples_of_the_reference_check_clean() {
    let text = reference();
    let examples: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() >= 4);
    let source = |name: &str| SourceFacts {
        name: name.into(),
        reports_account: name == "kartra",
        unknown_event: Box::new(|_| None),
    };
    let around = Surroundings {
        sources: Some(vec![source("stripe"), source("shop"), source("kartra")]),
        ..Surroundings::of(kartra::catalog())
    };
    for example in examples {
        let source = Source::new("docs/rules.md", example);
        let mut problems = Vec::new();
        let rules = rule::read(&source, &around, &mut problems);
        assert!(
            problems.is_empty(),
            "{}",
            draw_all(&problems, &[source], false)
        );
        assert_eq!(rules.len(), 1);
    }
}

#[test]
fn the_reference_names_everything_there_is() {
    let text = reference();
    let names = kartra::catalog()
        .actions
        .iter()
        .map(|action| action.key)
        .chain(step::kinds().map(|(name, _)| name))
        .chain(OPERATORS.iter().map(|operator| operator.name()))
        .chain(FILTERS.iter().map(|filter| filter.name));
    let missing: Vec<&str> = names
        .filter(|name| {
            let forms = [
                format!("`{name}`"),
                format!("`{name}:"),
                format!("`{name} "),
            ];
            !forms.iter().any(|form| text.contains(form))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/rules.md does not name {missing:?}"
    );
}

#[test]
fn the_reference_lists_every_code() {
    let text = reference();
    let listed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| K0"))
        .collect();
    let expected: Vec<String> = CODES
        .iter()
        .map(|(code, title)| format!("| {code} | {title} |"))
        .collect();
    assert_eq!(listed, expected);
}
