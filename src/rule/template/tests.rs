//! What expressions make of a run's data.

mod strict;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::filter::FILTERS;
use super::*;
use crate::run::{Failure, Progress, StepProgress, StepState};

fn tree() -> Arc<Value> {
    Arc::new(json!({
        "event": { "id": "e1", "type": "order" },
        "body": {
            "text": "Grace", "live": true, "nothing": null, "evil": "${{ body.text }} {{ 1 }}", "n": 5, "form": "49.00",
            "items": [ { "sku": "A", "price": 5, "gift": true }, { "sku": "B", "price": 20 } ],
            "data": { "object": { "email": "Ada@Example.com", "a-b": 1 } },
        },
        "headers": { "x-id": "7" },
        "person": { "email": "ada@example.com", "first_name": null },
        "env": {},
    }))
}

fn progress() -> Progress {
    let step = |id: &str, state, output| StepProgress {
        id: Some(id.into()),
        state,
        output,
        ..StepProgress::default()
    };
    let tags = json!({ "lead_details": { "tags": [ { "tag_name": "vip" } ] } });
    Progress {
        vars: json!({ "email": "ada@example.com", "n": 1 })
            .as_object()
            .expect("a map")
            .clone(),
        steps: [
            ("0".into(), step("now", StepState::Ok, Some(tags))),
            ("1".into(), step("skipped", StepState::Skipped, None)),
        ]
        .into_iter()
        .collect(),
        failure: Some(Failure {
            step: "now".into(),
            class: "invalid".into(),
            message: "no".into(),
        }),
        ..Progress::default()
    }
}

fn render(text: &str) -> Result<Value, Complaint> {
    let (tree, progress) = (tree(), progress());
    Template::compile(text)?.render(&Scope::of_run(&tree, &progress))
}

fn value(text: &str) -> Value {
    render(text).unwrap_or_else(|complaint| panic!("{text}: {complaint}"))
}

fn refused(text: &str) -> Complaint {
    render(text).expect_err(text)
}

#[test]
fn one_expression_keeps_its_type_and_text_around_it_makes_text() {
    for (text, expected) in [
        ("plain {{ x }}", json!("plain {{ x }}")),
        ("${{ body.n }}", json!(5)),
        (" ${{ body.live }}\n", json!(true)),
        ("${{ body.nothing }}", json!(null)),
        (
            "${{ body.items[0] }}",
            json!({ "sku": "A", "price": 5, "gift": true }),
        ),
        ("${{ body.items | length }}", json!(2)),
        ("n=${{ body.n }}", json!("n=5")),
        ("${{ body.n }}${{ body.live }}", json!("5true")),
        ("buyer: ${{ body.text | lower }}!", json!("buyer: grace!")),
        ("${{ '${{' }}", json!("${{")),
        ("${{ '}}' }}", json!("}}")),
        ("${{ {'a': {'b': 1}} }}", json!({ "a": { "b": 1 } })),
        ("${{ vars.email }}", json!("ada@example.com")),
        ("${{ steps.now.state }}", json!("ok")),
        ("${{ steps['skipped'].state }}", json!("skipped")),
        (
            "${{ 'vip' not in (steps.now.output.lead_details.tags | map(attribute='tag_name')) }}",
            json!(false),
        ),
        ("${{ failure.class }}", json!("invalid")),
        ("${{ body.data.object['a-b'] }}", json!(1)),
        ("${{ headers['x-id'] }}", json!("7")),
        ("${{ body.items[-1].sku }}", json!("B")),
        ("${{ body.items[vars.n].sku }}", json!("B")),
        ("${{ 'big' if body.n > 3 else 'small' }}", json!("big")),
        ("${{ 'a' ~ body.n ~ body.live }}", json!("a5true")),
        ("${{ jsonpath('$.body.items[*].sku') }}", json!(["A", "B"])),
        (
            "${{ jsonpath('$.steps.now.output..tag_name') | first }}",
            json!("vip"),
        ),
        ("${{ jsonpath('$.body.none') }}", json!([])),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn text_from_outside_is_never_evaluated() {
    assert_eq!(value("${{ body.evil }}"), json!("${{ body.text }} {{ 1 }}"));
    assert_eq!(
        value("x ${{ body.evil | trim }}"),
        json!("x ${{ body.text }} {{ 1 }}")
    );
}

#[test]
fn numbers_pass_through_whole() {
    let body = r#"{"body": {"big": 123456789012345678901234567890, "money": 49.00, "long": 0.12345678901234567890123}}"#;
    let tree = Arc::new(serde_json::from_str::<Value>(body).expect("JSON"));
    let render = |text: &str| {
        Template::compile(text).and_then(|template| template.render(&Scope::of_event(&tree)))
    };
    for (text, expected) in [
        ("${{ body.big }}", "123456789012345678901234567890"),
        ("${{ body.money }}", "49.00"),
        ("${{ body.long }}", "0.12345678901234567890123"),
        ("${{ body.money }} EUR", "\"49.00 EUR\""),
        ("${{ body.big + 1 }}", "123456789012345678901234567891"),
        ("${{ [body.big] }}", "[123456789012345678901234567890]"),
        ("${{ body.money * 2 }}", "98.0"),
    ] {
        assert_eq!(render(text).expect(text).to_string(), expected, "{text}");
    }
    let complaint = render("${{ body.long * 2 }}").expect_err("too many digits");
    assert!(
        complaint
            .message
            .contains("more digits than an expression can compute with"),
        "{complaint}"
    );
}

#[test]
fn work_is_bounded() {
    for text in [
        "${{ 'x' * 1000000000 }}",
        "${{ ('x' * 100000) | replace('x', 'x' * 100000) }}",
        "${{ [1] * 100000000 }}",
        "${{ [1] * 100000000 | join }}",
        "${{ ([1] * 100000000) | join }}",
        "${{ (['x' * 1000000] * 1000) | join }}",
        "${{ ['x' * 1000000] * 1000 }}",
        "${{ [body] * 100000 }}",
        "${{ ([1] * 100000000) | sort | first }}",
        "${{ ([1] * 100000000) | map('string') }}",
    ] {
        assert!(render(text).is_err(), "{text}");
    }
    let deep = format!("${{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500));
    Template::compile(&deep).expect_err("too deep");
}

#[test]
fn names_are_told_with_their_places() {
    let text = "a ${{ body.x | default(vars.y) }} ${{ jsonpath('$.steps.now.output[0]') | first }}";
    let names = Template::compile(text).expect(text).references();
    let shown: Vec<_> = names
        .iter()
        .map(|name| (name.path.as_str(), &text[name.range.clone()], name.optional))
        .collect();
    assert_eq!(
        shown,
        [
            ("body.x", "body.x", true),
            ("vars.y", "vars.y", false),
            ("steps.now.output", "'$.steps.now.output[0]'", true),
        ]
    );
    assert!(Template::compile("just text").expect("text").is_constant());
    assert!(
        !Template::compile("${{ 'all' }}")
            .expect("an expression")
            .is_constant()
    );
}

#[test]
fn every_filter_does_what_its_examples_say() {
    for filter in FILTERS.iter() {
        assert!(
            !filter.doc.is_empty() && !filter.examples.is_empty(),
            "{}",
            filter.name
        );
        for (expression, expected) in filter.examples {
            let expected: Value = serde_json::from_str(expected).expect("JSON");
            assert_eq!(
                value(&format!("${{{{ {expression} }}}}")),
                expected,
                "{expression}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\$\\{\\{ ?([a-c.|~<(\\[\\])'{}0-2 ]|body|default|is|not|in|\\PC){0,12} ?\\}\\}") {
        let (tree, progress) = (tree(), progress());
        if let Ok(template) = Template::compile(&text)
            && let Err(complaint) = template.render(&Scope::of_run(&tree, &progress))
        {
                let inside = complaint.range.is_none_or(|range| text.get(range).is_some());
                prop_assert!(inside, "{text}");
        }
    }

    #[test]
    fn any_text_passes_through_whole(text in "\\PC{0,20}") {
        let tree = Arc::new(json!({ "body": { "t": text } }));
        let render = |template: &str| Template::compile(template).expect("a template").render(&Scope::of_event(&tree)).expect("a value");
        prop_assert_eq!(render("${{ body.t }}"), json!(text));
        prop_assert_eq!(render("<${{ body.t }}>"), json!(format!("<{text}>")));
        prop_assert_eq!(render("${{ [body.t][0] }}"), json!(text));
    }
}
