//! Tests of reading: kinds, spans, aliases, merge keys, limits, traps.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::problem::draw;

fn read(text: &str) -> (Vec<Node>, Vec<Problem>) {
    let mut problems = Vec::new();
    let nodes = parse(&Source::new("x.yaml", text), &mut problems);
    (nodes, problems)
}

fn one(text: &str) -> Node {
    let (mut nodes, problems) = read(text);
    assert_eq!(problems, [], "{text}");
    assert_eq!(nodes.len(), 1, "{text}");
    nodes.remove(0)
}

fn codes(text: &str) -> Vec<(&'static str, u32, u32)> {
    read(text)
        .1
        .iter()
        .map(|problem| (problem.code, problem.span.line, problem.span.column))
        .collect()
}

#[test]
fn scalars_follow_the_core_schema() {
    let node = one(
        "[~, null, true, FALSE, 12, -3, 0x1f, 0o17, 1.10, .5, 1e3, '12', \"a\\n\", text, 22:30, 1_000]",
    );
    assert_eq!(
        node.to_json().to_string(),
        r#"[null,null,true,false,12,-3,31,15,1.10,0.5,1e+3,"12","a\n","text","22:30","1_000"]"#
    );
}

#[test]
fn numbers_that_would_change_are_text_and_say_so() {
    for text in [
        "02134",
        "+4912345",
        "-007",
        "+1.5",
        "99999999999999999999",
        "-9223372036854775809",
        "1e999",
        ".inf",
        "0xffffffffffffffffff",
    ] {
        let node = one(&format!("a: {text}"));
        let value = node.get("a").expect("a");
        assert_eq!(value.to_json(), json!(text));
        assert!(value.altered().is_some(), "{text}");
    }
    for text in [
        "0",
        "0.5",
        "18446744073709551615",
        "-9223372036854775808",
        "1-2",
        "x",
        "+",
        ".",
    ] {
        let node = one(&format!("a: {text}"));
        assert_eq!(node.get("a").and_then(Node::altered), None, "{text}");
    }
    assert_eq!(one("'02134'").altered(), None);
}

#[test]
fn every_key_and_value_knows_its_place() {
    let text = "name: Grüße 日本\nlist:\n  - { deep: 'va lue' }\n";
    let source = Source::new("x", text);
    let node = one(text);
    let list = node.entry("list").expect("list");
    assert_eq!((list.key_span.line, list.key_span.column), (2, 1));
    let deep = list.value.as_list().expect("a list")[0]
        .entry("deep")
        .expect("deep");
    assert_eq!(source.slice(deep.key_span), "deep");
    assert_eq!(source.slice(deep.value.span), "'va lue'");
    assert_eq!((deep.value.span.line, deep.value.span.column), (3, 13));
    let inner = deep.value.inside(&source, 3..6);
    assert_eq!(source.slice(inner), "lue");
    let name = node.get("name").expect("name");
    assert_eq!(source.slice(name.inside(&source, 8..14)), "日本");
    assert_eq!(
        source.slice(list.value.span).trim_end(),
        "- { deep: 'va lue' }"
    );
}

#[test]
fn aliases_and_merge_keys_repeat_what_they_name_and_stand_where_they_are_used() {
    let text = "a: &x { p: 1, q: 2 }\nb: { <<: *x, q: 3 }\nc: *x\n";
    let node = one(text);
    assert_eq!(
        node.to_json(),
        json!({"a": {"p": 1, "q": 2}, "b": {"q": 3, "p": 1}, "c": {"p": 1, "q": 2}})
    );
    let copy = node.get("c").and_then(|c| c.entry("q")).expect("c.q");
    assert_eq!((copy.value.span.line, copy.value.span.column), (3, 4));
    assert_eq!(codes("a: &x 1\nb: { <<: *x }\n"), [("K0014", 2, 10)]);
}

#[test]
fn a_broken_document_does_not_hide_the_next() {
    let (nodes, problems) = read("a: 1\n---\nb: [1\n---\nc: 3\n---\nd: 'x' y\n");
    assert_eq!(
        nodes.iter().map(Node::to_json).collect::<Vec<_>>(),
        [json!({"a": 1}), json!({"c": 3})]
    );
    let lines: Vec<_> = problems.iter().map(|problem| problem.span.line).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(lines[1], 7);
}

#[test]
fn empty_documents_are_left_out() {
    assert_eq!(read("").0, []);
    assert_eq!(read("# only a comment\n").0, []);
    assert_eq!(read("---\n---\na: 1\n---\n").0.len(), 1);
}

#[test]
fn duplicate_keys_tags_and_bad_keys_are_all_reported() {
    let text = "a: 1\na: 2\nb: !secret x\n? [c]\n: 1\nd: yes\n";
    assert_eq!(
        codes(text),
        [
            ("K0005", 2, 1),
            ("K0006", 3, 4),
            ("K0014", 4, 3),
            ("K0013", 6, 4)
        ]
    );
}

#[test]
fn traps_are_named_before_yaml_complains() {
    for (text, expected) in [
        ("cron: */5 * * * *\n", ("K0007", 1, 7)),
        ("cron: * * * * *\n", ("K0007", 1, 7)),
        ("name: & co\n", ("K0007", 1, 7)),
        ("tag_name: #vip\nx: 1\n", ("K0008", 1, 11)),
        ("- a\n- #vip\n", ("K0008", 2, 3)),
        ("email: {{ person.email }}\n", ("K0009", 1, 8)),
        ("email: {{ person.email | lower }}@x\n", ("K0009", 1, 8)),
        ("a: b: c\n", ("K0010", 1, 4)),
        ("name: Course: the second\nid: x\n", ("K0010", 1, 7)),
        ("cron: @daily\n", ("K0011", 1, 7)),
        ("a:\n\tb: 1\n", ("K0004", 2, 1)),
        ("a: { email: ${{ vars.email }} }\n", ("K0016", 1, 13)),
        ("a: ${{ x ? {'k': 1} }}\n", ("K0016", 1, 4)),
        ("a: ${{ 'x #1' }}\n", ("K0016", 1, 4)),
    ] {
        let (_, problems) = read(text);
        let first = problems
            .first()
            .map(|problem| (problem.code, problem.span.line, problem.span.column));
        assert_eq!(first, Some(expected), "{text}");
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].help.is_some(), "{text}");
    }
}

#[test]
fn comments_with_a_space_are_only_comments() {
    assert_eq!(codes("a: # later\nb: 1 #x\nc:\n  - 1\n"), []);
    assert_eq!(codes("a: ${{ b }} # c\n"), []);
}

#[test]
fn yaml_errors_come_in_our_words_at_the_right_place() {
    for (text, line, words) in [
        ("a: [1, 2\nb: 1\n", 1, "never closed"),
        ("a: 'x\n", 1, "quote is never closed"),
        ("a: \"x\" y\n", 1, "follows the closing quote"),
        ("a: \"\\q\"\n", 1, "escape"),
        ("a:\n    b: 1\n  c: 2\n", 3, "indentation"),
    ] {
        let (_, problems) = read(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert_eq!(problems[0].code, "K0003", "{text}");
        assert_eq!(
            problems[0].span.line, line,
            "{text}: {}",
            problems[0].message
        );
        assert!(
            problems[0].message.contains(words),
            "{text}: {}",
            problems[0].message
        );
    }
}

#[test]
fn limits_hold() {
    let deep = "[".repeat(40) + &"]".repeat(40);
    assert_eq!(codes(&deep)[0].0, "K0002");
    let very_deep = "[".repeat(100_000);
    assert_eq!(codes(&very_deep).len(), 1);
    let dashes = "- ".repeat(20_000) + "x";
    assert_eq!(codes(&dashes).len(), 1);
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for step in 1..12 {
        let before = format!("*a{}", step - 1);
        laughs += &format!("a{step}: &a{step} [{}]\n", vec![before; 10].join(", "));
    }
    assert_eq!(codes(&laughs)[0].0, "K0002");
    assert_eq!(codes("a: &a [*a]\n")[0].0, "K0002");
    let many =
        "a: &a 1\n".to_owned() + &(0..101).map(|n| format!("b{n}: *a\n")).collect::<String>();
    assert_eq!(codes(&many), [("K0002", 102, 7)]);
    let wide = "- 1\n".repeat(20_001);
    assert_eq!(codes(&wide)[0].0, "K0002");
    let large = "#".repeat(1_000_001);
    assert_eq!(codes(&large)[0].0, "K0002");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\\n\\t日é]{0,200}") {
        let (_, problems) = read(&text);
        for problem in problems {
            let _ = draw(&problem, &text, false);
        }
    }

    #[test]
    fn no_yaml_like_text_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "a", ": ", "- ", "\n", "  ", "{{", "}}", "${{", "[", "]", "{", "}", ",", "#", " #", "*x", "&x ", "!t ", "'", "\"", "|", ">", "---\n",
        "<<: ", "\t", "@", "%", "日", "\r\n", "? ", "~", "\u{feff}", "007", "yes",
    ]), 0..40)) {
        let text = parts.concat();
        let (_, problems) = read(&text);
        for problem in problems {
            let _ = draw(&problem, &text, false);
        }
    }
}
