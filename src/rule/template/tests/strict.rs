//! What expressions refuse, with the message and the place.

use serde_json::json;

use super::{refused, value};
use crate::rule::template::Template;

#[test]
fn what_is_missing_is_named_with_what_is_near() {
    for (text, message) in [
        (
            "${{ body.data.object.emial }}",
            "body.data.object.emial is not there; nearest: email",
        ),
        (
            "${{ body.data.objct.email }}",
            "body.data.objct is not there; nearest: object",
        ),
        (
            "${{ body.data.objct.email | lower }}",
            "body.data.objct is not there; nearest: object",
        ),
        ("${{ bdy.data }}", "bdy is not there; nearest: body"),
        ("${{ var.email }}", "var is not there; nearest: vars"),
        (
            "${{ vars.emial | upper }}",
            "vars.emial is not there; nearest: email",
        ),
        (
            "${{ steps.nwo.output.x }}",
            "steps.nwo is not there; nearest: now",
        ),
        (
            "${{ steps.skipped.output.x }}",
            "steps.skipped.output is not there: the step was skipped",
        ),
        ("${{ body.items[5].sku }}", "body.items[5] is not there"),
        (
            "${{ body.items[0].skuu }}",
            "body.items[0].skuu is not there; nearest: sku",
        ),
    ] {
        assert_eq!(refused(text).message, message, "{text}");
    }
}

#[test]
fn no_operator_or_filter_takes_what_is_missing() {
    for (text, message) in [
        (
            "${{ item.x }}",
            "item is not there; there are: event, body, headers, person, env, vars, steps, failure",
        ),
        (
            "a ${{ body.zip }}",
            "body.zip is not there; there are: text, live, nothing, evil, n, form, items, data",
        ),
        ("${{ [body.txt] }}", "body.txt is not there; nearest: text"),
        (
            "${{ body.txt == 'a' }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ 1 if body.txt else 2 }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt ~ 'a' }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt < 'a' }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ 'a' in body.txt }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt | length }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt | first }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt | join }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.txt | date }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.n + body.txt }}",
            "body.txt is not there; nearest: text",
        ),
        (
            "${{ body.items | map(attribute='gift') }}",
            "item 1 has no `gift`; `map(attribute='gift', default=…)` says what stands in for it",
        ),
    ] {
        assert_eq!(refused(text).message, message, "{text}");
    }
    assert!(
        refused("${{ [] | first }}")
            .message
            .starts_with("the expression has no value")
    );
    assert!(
        refused("${{ 'a' if false }}")
            .message
            .starts_with("the expression has no value")
    );
}

#[test]
fn default_and_defined_take_missing_at_any_level() {
    for (text, expected) in [
        ("${{ body.a.b.c | default('y') }}", json!("y")),
        ("${{ schedule.at | default(none) }}", json!(null)),
        (
            "${{ body.items[9].sku | d('none') | upper }}",
            json!("NONE"),
        ),
        ("${{ person.first_name | default('') }}", json!("")),
        ("${{ body.a.b is defined }}", json!(false)),
        ("${{ body.items[0].sku is defined }}", json!(true)),
        ("${{ steps.skipped.output.x.y is undefined }}", json!(true)),
        ("${{ body.a.b | default(body.text) }}", json!("Grace")),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert_eq!(
        refused("${{ body.a.b | default(body.txt) }}").message,
        "body.txt is not there; nearest: text"
    );
}

#[test]
fn null_lists_and_objects_never_become_text() {
    for (text, message) in [
        (
            "a ${{ body.nothing }}",
            "body.nothing: null has no place in text",
        ),
        (
            "a ${{ body.items }}",
            "body.items: a list has no place in text",
        ),
        (
            "a ${{ body.data }}",
            "body.data: an object has no place in text",
        ),
        ("${{ body.nothing | lower }}", "null has no place in text"),
        ("${{ 'a' ~ body.nothing }}", "null has no place in text"),
        (
            "${{ ['a', body.nothing] | join }}",
            "null has no place in text",
        ),
        ("${{ body.items | string }}", "a list has no place in text"),
    ] {
        assert_eq!(refused(text).message, message, "{text}");
    }
}

#[test]
fn types_are_not_mixed_silently() {
    for (text, message) in [
        (
            "${{ body.form > 100 }}",
            "`>` cannot compare text with a number; `| float` makes a number of a text",
        ),
        (
            "${{ body.nothing <= 1 }}",
            "`<=` cannot compare null with a number",
        ),
        (
            "${{ 'x' | int }}",
            "this text is no number; a second value can stand in: `int(0)`",
        ),
        (
            "${{ body.text | date }}",
            "this text is no time with a zone; `parse='%d/%m/%Y'` says how to read it",
        ),
    ] {
        assert_eq!(refused(text).message, message, "{text}");
    }
    assert_eq!(value("${{ body.form | float < 100 }}"), json!(true));
}

#[test]
fn mistakes_are_found_when_the_rule_is_read() {
    for (text, message, range) in [
        (
            "a ${{ body.x | lowr }}",
            "there is no filter `lowr`",
            15..19,
        ),
        ("${{ x is nonesuch }}", "there is no test `nonesuch`", 9..17),
        ("${{ now() }}", "there is no function `now`", 4..7),
        (
            "${{ lookup('prices', 1) }}",
            "`lookup` is not in this version",
            4..10,
        ),
        ("${{ body.x.lower() }}", "values have no methods", 4..16),
        (
            "${{ jsonpath(body.x) }}",
            "the path of `jsonpath` must be written out",
            4..12,
        ),
        (
            "${{ jsonpath('$..a..b') }}",
            "a path may have one `..`",
            14..21,
        ),
        (
            "${{ jsonpath('$.data') }}",
            "`data` is no branch of the tree",
            16..20,
        ),
        ("${{ __maybe(1) }}", "`__maybe` is no name", 4..11),
        ("ab ${{  }}", "`${{ }}` is empty", 8..8),
        ("${{ a < b < c }}", "one comparison at a time", 6..7),
        ("${{ body.x", "`${{` is not closed", 0..10),
    ] {
        let complaint = Template::compile(text).expect_err(text);
        assert_eq!(complaint.message, message, "{text}");
        assert_eq!(complaint.range, Some(range), "{text}");
    }
    let long = format!("${{{{ '{}' }}}}", "a".repeat(5000));
    assert_eq!(
        Template::compile(&long).expect_err("long").message,
        "an expression is at most 4 kB long"
    );
    for text in [
        "${{ a b }}",
        "${{ a | }}",
        "${{ (a }}",
        "${{ {% if a %} }}",
        "${{ a[ }}",
        "${{ 1 + }}",
    ] {
        let complaint = Template::compile(text).expect_err(text);
        assert!(
            complaint.message.starts_with("this is no expression: "),
            "{text}: {complaint}"
        );
        assert!(
            complaint.range.is_some_and(|range| range.end <= text.len()),
            "{text}"
        );
    }
}

#[test]
fn a_place_is_told_for_what_goes_wrong_later() {
    assert_eq!(refused("to: ${{ body.txt | lower }}").range, Some(8..16));
    assert_eq!(
        refused("${{ body.a.b | default(1) }} ${{ 'x' | int }}").range,
        Some(39..42)
    );
}
