//! Paths against documents, against the library, and what is refused.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn compile(text: &str) -> Path {
    Path::compile(text).unwrap_or_else(|complaint| panic!("{text}: {complaint}"))
}

fn refused(text: &str) -> Complaint {
    Path::compile(text).expect_err(text)
}

fn document() -> Value {
    json!({ "body": { "items": [ { "sku": "A", "price": 5 }, { "sku": "B", "price": 20 } ], "a-b": { "0": "zero" }, "": 1 } })
}

#[test]
fn singular_paths_find_names_and_indexes() {
    let tree = document();
    for (path, found) in [
        ("$.body.items[1].sku", Some(json!("B"))),
        ("$.body.items[-2]['price']", Some(json!(5))),
        ("$['body'][\"a-b\"]['0']", Some(json!("zero"))),
        ("$.body['']", Some(json!(1))),
        ("$.body.items[2]", None),
        ("$.body.items[-3]", None),
        ("$.body.items.sku", None),
        ("$.body[0]", None),
    ] {
        assert!(compile(path).is_singular(), "{path}");
        assert_eq!(compile(path).first(&tree).cloned(), found, "{path}");
        assert_eq!(
            compile(path).select(&tree).first().copied().cloned(),
            found,
            "{path}"
        );
    }
    assert_eq!(compile("$").first(&tree), Some(&tree));
}

#[test]
fn queries_select_many() {
    let tree = document();
    let skus = |path: &str| {
        compile(path)
            .select(&tree)
            .into_iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(skus("$.body.items[*].sku"), [json!("A"), json!("B")]);
    assert_eq!(skus("$..sku"), [json!("A"), json!("B")]);
    assert_eq!(skus("$.body.items[?@.price > 10].sku"), [json!("B")]);
    assert_eq!(
        skus("$.body.items[?match(@.sku, '[A-Z]') && length(@.sku) == 1].price"),
        [json!(5), json!(20)]
    );
    assert_eq!(
        compile("$.body['a\\u002db']").first(&tree),
        compile("$.body['a-b']").first(&tree)
    );
}

#[test]
fn what_could_cost_too_much_is_refused() {
    for (path, message) in [
        ("$..a..b", "a path may have one `..`"),
        ("$.body..a[?@..b]", "a path may have one `..`"),
        (
            "$.body[?@.a == $.body.b]",
            "a filter may not look from the root again",
        ),
        (
            "$.body[?$.body.b]",
            "a filter may not look from the root again",
        ),
        (
            "$.body[?count($.body[*]) > 0]",
            "a filter may not look from the root again",
        ),
        (
            "$.body[?match(@.a, @.b)]",
            "the regular expression of `match` must be written out",
        ),
        (
            "$.body[?search(@.a, $.body.r)]",
            "the regular expression of `search` must be written out",
        ),
        (
            "$.body[?search(@.a, '(')]",
            "`(` is not a regular expression",
        ),
        ("$.a[?@.b[?@.c[?@.d]]]", "filters may stand two levels deep"),
    ] {
        assert_eq!(refused(path).message, message, "{path}");
    }
    assert_eq!(
        refused(&format!("$.{}", "a".repeat(1024))).message,
        "a path is at most 1 kB long"
    );
    compile("$.a[?@.b[?@.c == 1]]");
}

#[test]
fn ill_typed_queries_are_refused() {
    for path in [
        "$[?count(@..*)]",
        "$[?length(@.*)]",
        "$[?length(@.*) < 3]",
        "$[?value(@.*)]",
        "$[?match(@.a, 'a') == true]",
        "$[?search(@.a, 'a') != false]",
        "$[?length(@.a)]",
        "$[?count(1) > 2]",
        "$[?count(count(@.*)) > 2]",
        "$[?value('a') == 1]",
        "$[?match(@.*, 'a')]",
        "$[?length(match(@.a, 'a')) > 1]",
        "$[?in(@.a, @.b)]",
        "$[?@[?@ > 1]]",
        "$[?count(@[?@ > 1]) > 0]",
        "$[?@[0, ?@ > 1]]",
        "$[?@..[?@ > 1]]",
    ] {
        let complaint = refused(path);
        assert!(complaint.help.is_some(), "{path}: {complaint}");
    }
}

#[test]
fn a_broken_path_says_where_and_what_to_write() {
    for (path, message, help, start) in [
        (
            "body.id",
            "a path begins with `$`",
            "write `$.body.id`",
            None,
        ),
        (".id", "a path begins with `$`", "write `$.id`", None),
        (
            "$body.id",
            "a dot is missing after `$`",
            "write `$.body.id`",
            Some(1),
        ),
        (
            "$.headers.x-request-id",
            "a name with a dash stands in brackets",
            "write `$.headers['x-request-id']`",
            Some(11),
        ),
        (
            "$.body.items.0.sku",
            "an index stands in brackets",
            "write `$.body.items[0].sku`",
            Some(13),
        ),
        ("$.body.", "the path ends too early", "missing", Some(6)),
        (
            "$.body[?@.a = 1]",
            "`= 1]` cannot stand here in a JSONPath",
            "paths look like",
            Some(12),
        ),
    ] {
        let complaint = refused(path);
        assert_eq!(complaint.message, message, "{path}");
        assert!(
            complaint.help.as_deref().unwrap_or_default().contains(help),
            "{path}: {complaint}"
        );
        assert_eq!(complaint.range.map(|range| range.start), start, "{path}");
    }
}

#[test]
fn the_first_name_is_checked_against_the_branches() {
    let complaint = |path: &str| compile(path).check_branch(&BRANCHES).expect_err(path);
    assert_eq!(complaint("$.bdy.id").help.as_deref(), Some("write `body`"));
    assert_eq!(
        complaint("$.data.object.id").help.as_deref(),
        Some("what arrived is under `$.body`: write `$.body.data.object.id`")
    );
    assert_eq!(complaint("$['data'][*]").range, Some(3..7));
    assert_eq!(
        complaint("$.headers['X-Id']").help.as_deref(),
        Some("write `$.headers['x-id']`")
    );
    for path in ["$", "$..id", "$.*", "$.env.STAGE", "$.headers['x-id']"] {
        assert_eq!(compile(path).check_branch(&BRANCHES), Ok(()), "{path}");
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..9_i32).prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[ab\u{e9}'-]{0,2}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn steps() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        "[ab\u{e9}]{1,2}".prop_map(|name| format!(".{name}")),
        "[ab\u{e9}-]{0,2}".prop_map(|name| format!("['{name}']")),
        "[ab'-]{0,2}".prop_map(|name| format!("[\"{name}\"]")),
        (-4..4_i32).prop_map(|index| format!("[{index}]")),
    ];
    prop::collection::vec(step, 0..5).prop_map(|steps| format!("${}", steps.concat()))
}

proptest! {
    #[test]
    fn the_walk_agrees_with_the_library(path in steps(), tree in values()) {
        let own = compile(&path);
        prop_assert!(own.is_singular());
        let query = parse_json_path(&path).expect("the library reads it too");
        let theirs: Vec<&Value> = js_path_process(&query, &tree).expect("it runs").into_iter().map(|node| node.val()).collect();
        prop_assert_eq!(own.select(&tree), theirs);
    }

    #[test]
    fn no_text_is_singular_here_and_wrong_there(path in "\\$([.\\[\\]a0'\"*-]|\\PC){0,8}") {
        if parse::singular(&path).is_some() {
            prop_assert!(parse_json_path(&path).is_ok(), "{}", path);
        }
        let _ = Path::compile(&path);
    }
}
