//! Tests of rules against accounts: how names resemble each other, what a schema says, where a name is used.

use serde_json::json;

use super::name::{Likeness, likeness};
use super::*;
use crate::account::{CustomField, OfferedAction};
use crate::rule::tests::catalog::catalog;
use crate::rule::{Surroundings, read};

fn offered(key: &str, input_schema: serde_json::Value) -> OfferedAction {
    OfferedAction {
        id: format!("id-{key}"),
        key: key.to_owned(),
        name: key.to_owned(),
        description: String::new(),
        input_schema,
        output_schema: serde_json::Value::Null,
    }
}

fn account() -> Account {
    let properties = json!({
        "email": { "type": "string" },
        "leadId": { "type": "string" },
        "tagName": { "type": "string", "description": "The tag." },
        "notify": { "type": "boolean" },
    });
    Account {
        actions: Some(vec![
            offered(
                "assign-tag",
                json!({ "type": "object", "properties": properties, "required": ["tagName"] }),
            ),
            offered("get-lead", json!(null)),
            offered("create-lead", json!({ "type": "object" })),
        ]),
        tags: Some(vec!["buyer".to_owned(), "Buyer: Gold".to_owned()]),
        custom_fields: Some(vec![CustomField {
            identifier: "company".to_owned(),
            kind: "input_field".to_owned(),
            options: Vec::new(),
        }]),
        ..Account::default()
    }
}

fn around(misfit: Severity) -> Surroundings {
    Surroundings {
        accounts: HashMap::from([("main".into(), account())]),
        misfit,
        ..Surroundings::of(catalog())
    }
}

/// The rule with these steps, when it can be used, and what is said of it.
fn checked(steps: &str, misfit: Severity) -> (Option<Arc<Rule>>, Vec<Problem>) {
    let text = format!("id: r\ntrigger: {{ webhook: shop }}\nactions:\n{steps}");
    let source = Source::new("rules/r.yaml", text);
    let mut problems = Vec::new();
    let rules = read(&source, &around(misfit), &mut problems);
    (rules.into_iter().next(), problems)
}

fn said(steps: &str) -> Vec<(&'static str, u32)> {
    let (_, problems) = checked(steps, Severity::Error);
    problems
        .iter()
        .map(|problem| (problem.code, problem.span.line))
        .collect()
}

#[test]
fn a_name_that_differs_in_little_is_told_so() {
    let known = ["buyer", "Early Bird"];
    for (name, expected) in [
        ("Buyer", Likeness::Case("buyer")),
        (" buyer", Likeness::Space("buyer")),
        ("buyer\u{a0}", Likeness::Space("buyer")),
        ("Early  Bird", Likeness::Space("Early Bird")),
        ("early bird ", Likeness::CaseAndSpace("Early Bird")),
        ("buyr", Likeness::Near("buyer")),
        ("wholesale", Likeness::None),
    ] {
        assert_eq!(likeness(name, &known), expected, "{name:?}");
    }
    assert_eq!(likeness("x", &[]), Likeness::None);
}

#[test]
fn the_synced_schema_wins_over_the_table() {
    assert_eq!(
        said("  - assign-tag: { email: a@example.com, tagName: buyer }\n"),
        [],
        "the account's own names"
    );
    assert_eq!(
        said("  - assign-tag: { email: a@example.com, tag_name: buyer }\n"),
        [("K0502", 4), ("K0501", 4)],
        "the table's names"
    );
    assert_eq!(
        said("  - assign-tag: { email: a@example.com, tagName: byer, notify: sometimes }\n"),
        [("K0801", 4), ("K0503", 4)]
    );
    assert_eq!(
        said("  - create-lead: { first_name: Ada }\n"),
        [("K0502", 4)],
        "a schema that says nothing leaves the table to judge"
    );
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    let steps =
        "  - assign-tag: { email: a@example.com, tag_name: nonsense }\n    connection: other\n";
    assert_eq!(said(steps), []);
    let mut unread = account();
    (unread.tags, unread.actions, unread.custom_fields) = (None, None, None);
    let text = "id: r\ntrigger: { webhook: shop }\nactions:\n  - edit-lead: { email: a, custom_fields: [ { field_identifier: x } ] }\n  - assign-tag: { email: a, tag_name: b }\n";
    let rule = crate::rule::from_text("r.yaml", text, catalog()).expect("a rule");
    let accounts = HashMap::from([("main".into(), unread)]);
    assert_eq!(problems(&rule, &accounts, "main", Severity::Error), []);
    let accounts = HashMap::from([("main".into(), account())]);
    let found = problems(&rule, &accounts, "main", Severity::Error);
    assert!(found.iter().any(|problem| problem.code == "K0802"));
}

#[test]
fn a_daemon_runs_a_rule_that_does_not_fit() {
    let steps = "  - assign-tag: { email: a@example.com, tagName: made just now }\n";
    let (rule, found) = checked(steps, Severity::Warning);
    assert!(rule.is_some());
    assert_eq!(found.len(), 1);
    assert!(!found[0].is_error());
    let (rule, found) = checked(steps, Severity::Error);
    assert!(rule.is_none());
    assert!(found[0].is_error());
}

#[test]
fn a_rule_that_the_account_took_is_read_again_from_its_text() {
    let steps =
        "  - assign-tag: { email: a@example.com, tagName: buyer, notify: \"${{ body.told }}\" }\n";
    let (rule, _) = checked(steps, Severity::Error);
    let rule = rule.expect("a rule");
    let again = crate::rule::from_text("rules/r.yaml", &rule.text, catalog()).expect("its text");
    assert_eq!(again.hash, rule.hash);
    assert_eq!(names_used(&again), names_used(&rule));
}

#[test]
fn names_that_are_written_out_are_known_with_their_places() {
    let text = "id: r\nconnection: client_b\ntrigger: { webhook: shop }\nactions:\n\
        \x20 - ensure-lead: { email: a@example.com, custom_fields: [ { field_identifier: company, field_value: x } ] }\n\
        \x20 - assign-tag: { email: a@example.com, tag_name: buyer }\n    connection: main\n\
        \x20 - assign-tag: { email: a@example.com, tag_name: \"${{ body.tag }}\" }\n\
        \x20 - grant-membership-access: { email: a@example.com, membership_name: M, level_name: L }\n    fallback: { assign-tag: gold }\n";
    let rule = crate::rule::from_text("rules/r.yaml", text, catalog()).expect("a rule");
    let used: Vec<_> = names_used(&rule)
        .into_iter()
        .map(|used| {
            let connection = used.connection.as_deref().map(str::to_owned);
            (
                used.kind,
                used.name,
                connection.unwrap_or_default(),
                used.place,
            )
        })
        .collect();
    let row = |kind, name: &str, connection: &str, line: u32| {
        let place = format!("rules/r.yaml:{line}");
        (kind, name.to_owned(), connection.to_owned(), place)
    };
    assert_eq!(
        used,
        [
            row(Inventory::Actions, "get-lead", "client_b", 5),
            row(Inventory::Actions, "create-lead", "client_b", 5),
            row(Inventory::CustomFields, "company", "client_b", 5),
            row(Inventory::Actions, "assign-tag", "main", 6),
            row(Inventory::Tags, "buyer", "main", 6),
            row(Inventory::Actions, "assign-tag", "client_b", 8),
            row(Inventory::Actions, "grant-membership-access", "client_b", 9),
            row(Inventory::Actions, "assign-tag", "client_b", 9),
            row(Inventory::Tags, "gold", "client_b", 10),
        ]
    );
    let is_in = |kind, name: &str| {
        let used = UsedName {
            kind,
            name: name.to_owned(),
            connection: None,
            place: String::new(),
        };
        used.is_in(&account())
    };
    assert_eq!(is_in(Inventory::Tags, "buyer"), Some(true));
    assert_eq!(is_in(Inventory::Tags, "Buyer"), Some(false));
    assert_eq!(is_in(Inventory::Lists, "News"), None);
    assert_eq!(is_in(Inventory::Actions, "refund-transaction"), Some(false));
    assert_eq!(is_in(Inventory::CustomFields, "company"), Some(true));
}

/// What `ensure-lead` looks with, and what a fallback sends, must be taken too.
#[test]
fn calls_beside_the_steps_own_are_held_against_their_actions() {
    let mut account = account();
    account.actions = Some(vec![
        offered("get-lead", json!({ "properties": { "leadEmail": {} } })),
        offered("create-lead", json!(null)),
        offered(
            "assign-tag",
            json!({ "properties": { "email": {}, "tagName": {} }, "required": ["tagName"] }),
        ),
        offered("grant-membership-access", json!(null)),
    ]);
    let around = Surroundings {
        accounts: HashMap::from([("main".into(), account)]),
        ..Surroundings::of(catalog())
    };
    let text = "id: r\ntrigger: { webhook: shop }\nactions:\n  - ensure-lead: { email: a@example.com }\n  \
                - grant-membership-access: { email: a@example.com, membership_name: Academy, level_name: Gold }\n    \
                fallback: { assign-tag: gold }\n";
    let source = Source::new("rules/r.yaml", text);
    let mut problems = Vec::new();
    assert!(read(&source, &around, &mut problems).is_empty());
    let found: Vec<_> = problems
        .iter()
        .filter(|problem| matches!(problem.code, "K0501" | "K0502"))
        .map(|problem| (problem.code, problem.span.line))
        .collect();
    assert_eq!(
        found,
        [("K0501", 4), ("K0501", 6), ("K0502", 6)],
        "{problems:#?}"
    );
    assert!(problems[0].message.contains("`get-lead`") && problems[0].message.contains("`email`"));
}

#[test]
fn an_equal_name_is_no_likeness() {
    assert_eq!(likeness("vip", &["vip"]), Likeness::None);
    assert_eq!(likeness("vip", &["vip", "Vip"]), Likeness::Case("Vip"));
}
