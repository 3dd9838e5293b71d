//! Layouts of kartwheel.yaml that are changed, and those that are left alone.

use super::yaml::{Edit, append, quoted, set};

const ID: &str = "68f0c1a20000000000000001";

fn pin(text: &str) -> Edit {
    set(text, &["connections", "main", "id"], ID, false)
}

#[test]
fn an_id_finds_its_place_in_every_layout_and_comments_stay() {
    let cases = [
        // None at all.
        (
            "timezone: UTC # here\n",
            "timezone: UTC # here\nconnections:\n  main: { id: 68f0c1a20000000000000001 }\n",
        ),
        (
            "timezone: UTC",
            "timezone: UTC\nconnections:\n  main: { id: 68f0c1a20000000000000001 }\n",
        ),
        // Flow in block, as `init` writes it.
        (
            "# a\nconnections:\n  main: { app: kartra.com } # b\n\n# c\nlisten: 127.0.0.1:1\n",
            "# a\nconnections:\n  main: { id: 68f0c1a20000000000000001, app: kartra.com } # b\n\n# c\nlisten: 127.0.0.1:1\n",
        ),
        // Block in block.
        (
            "connections:\n  main: # the shop\n    # found by\n    app: kartra.com\n    per_second: 5\nlisten: x:1\n",
            "connections:\n  main: # the shop\n    id: 68f0c1a20000000000000001\n    # found by\n    app: kartra.com\n    per_second: 5\nlisten: x:1\n",
        ),
        // Flow in flow.
        (
            "connections: { main: { app: kartra.com } }\n",
            "connections: { main: { id: 68f0c1a20000000000000001, app: kartra.com } }\n",
        ),
        (
            "connections: {}\n",
            "connections: { main: { id: 68f0c1a20000000000000001 } }\n",
        ),
        (
            "connections: { b: { id: x } }\nlisten: y:1\n",
            "connections: { b: { id: x }, main: { id: 68f0c1a20000000000000001 } }\nlisten: y:1\n",
        ),
        (
            "{ timezone: UTC }\n",
            "{ timezone: UTC, connections: { main: { id: 68f0c1a20000000000000001 } } }\n",
        ),
        // Nothing behind the key.
        (
            "connections:\n  main:\nlisten: x:1\n",
            "connections:\n  main: { id: 68f0c1a20000000000000001 }\nlisten: x:1\n",
        ),
        (
            "connections:\nlisten: x:1\n",
            "connections: { main: { id: 68f0c1a20000000000000001 } }\nlisten: x:1\n",
        ),
        (
            "connections:\n  main: ~ # later\n",
            "connections:\n  main: { id: 68f0c1a20000000000000001 } # later\n",
        ),
        (
            "connections:\n  main: { id: }\n",
            "connections:\n  main: { id: 68f0c1a20000000000000001 }\n",
        ),
        // Beside others.
        (
            "connections:\n  a:\n    app: kartra.com # last\n\n# next\nlisten: x:1\n",
            "connections:\n  a:\n    app: kartra.com # last\n  main: { id: 68f0c1a20000000000000001 }\n\n# next\nlisten: x:1\n",
        ),
        (
            "connections:\r\n  a: { id: x }\r\nlisten: x:1\r\n",
            "connections:\r\n  a: { id: x }\r\n  main: { id: 68f0c1a20000000000000001 }\r\nlisten: x:1\r\n",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(pin(before), Edit::New(after.to_owned()), "{before}");
    }
}

#[test]
fn another_id_is_only_replaced_when_that_is_wanted() {
    let text = "connections:\n  main: { id: 'other', app: kartra.com } # b\n";
    assert_eq!(pin(text), Edit::Other("other".to_owned()));
    let path = ["connections", "main", "id"];
    assert_eq!(
        set(text, &path, ID, true),
        Edit::New(format!(
            "connections:\n  main: {{ id: {ID}, app: kartra.com }} # b\n"
        ))
    );
    assert_eq!(
        pin(&format!("connections: {{ main: {{ id: {ID} }} }}")),
        Edit::Same
    );
}

#[test]
fn what_cannot_be_changed_safely_is_left_alone() {
    for text in [
        "a: [\n",
        "a: 1\n---\nb: 2\n",
        "connections: [main]\n",
        "connections:\n  main: kartra.com\n",
        "connections:\n  main:\n    id: [x]\n",
        "x: &base { app: kartra.com }\nconnections:\n  main: *base\n",
        "timezone: UTC\n...\n",
    ] {
        assert!(
            matches!(pin(text), Edit::ByHand(_)),
            "{text}: {:?}",
            pin(text)
        );
    }
}

#[test]
fn a_block_is_added_where_the_file_is_a_plain_one() {
    let lines = ["membrane:".to_owned(), "  token: env:T".to_owned()];
    assert_eq!(
        append("timezone: UTC\n# end", "membrane", &lines).as_deref(),
        Some("timezone: UTC\n# end\nmembrane:\n  token: env:T\n")
    );
    for text in ["{ timezone: UTC }\n", "membrane: {}\n", "a: 1\n...\n", ""] {
        assert_eq!(append(text, "membrane", &lines), None, "{text}");
    }
}

#[test]
fn ids_that_yaml_would_take_for_something_else_stand_in_quotes() {
    for (value, written) in [
        (ID, "68f0c1a20000000000000001"),
        ("12345", "\"12345\""),
        ("123e4", "\"123e4\""),
        ("true", "\"true\""),
        ("a: b", "\"a: b\""),
        ("-", "\"-\""),
    ] {
        assert_eq!(quoted(value), written);
    }
    let Edit::New(text) = set("a: b\n", &["connections", "main", "id"], "007", false) else {
        panic!("it can be set");
    };
    assert!(text.contains("{ id: \"007\" }"), "{text}");
}
