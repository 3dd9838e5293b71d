//! What `check` goes by: the language reference, which is right and whole, and what the project's database keeps of its accounts.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kartwheel::account::{Account, CustomField, OfferedAction, Place};
use kartwheel::clock::{Clock, SystemClock};
use kartwheel::kartra;
use kartwheel::membrane::DEFAULT_URL;
use kartwheel::problem::{CODES, Source, draw_all};
use kartwheel::rule::op::OPERATORS;
use kartwheel::rule::template::filter::FILTERS;
use kartwheel::rule::{self, SourceFacts, Surroundings, step};
use kartwheel::store::{self, OpenOptions, Snapshot};
use serde_json::{Value, json};

use crate::cli::kartwheel;

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
        lookup: None,
        lacks_address: Box::new(|_| false),
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

const SETTINGS: &str = "timezone: UTC\nmembrane: { token: env:MEMBRANE_TOKEN }\nsources:\n  shop: { verify: bearer, secret: env:SHOP_TOKEN, id: $.body.id, type: order }\n  account: { preset: kartra, secret: env:SHOP_TOKEN }\n";
const SECRETS: &str = "MEMBRANE_TOKEN=x\nSHOP_TOKEN=0123456789abcdef0123456789abcdef\nKARTWHEEL_TOKEN=0123456789abcdef\n";

/// A project with this file of rules.
fn project(rules: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("kartwheel.yaml", SETTINGS),
        (".env", SECRETS),
        ("rules.yaml", rules),
    ] {
        fs::write(dir.path().join(name), text).expect("written");
    }
    dir
}

/// What `check --json` finds: code, line and help of every problem, and the notes.
fn found(dir: &Path) -> (Vec<(String, u64, String)>, Vec<String>) {
    let said = kartwheel(dir, &["check", "--json"]);
    let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    let list = |key: &str| found[key].as_array().cloned().expect("a list");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let problems = list("problems");
    let problems = problems.iter().map(|problem| {
        let line = problem["line"].as_u64().expect("a line");
        (text(&problem["code"]), line, text(&problem["help"]))
    });
    (problems.collect(), list("notes").iter().map(text).collect())
}

/// Keeps what was read of the account behind `main`, from the Membrane at this address.
pub(crate) async fn keep(dir: &Path, from: &str, account: Account) {
    let url = format!("sqlite://{}", dir.join("kartwheel.db").display());
    let clock: Arc<SystemClock> = Arc::new(SystemClock);
    let store = store::open(&url, clock.clone(), OpenOptions::default()).await;
    let store = store.expect("a database");
    let snapshot = Snapshot {
        connection: "main".into(),
        from: Place {
            url: from.to_owned(),
            ..Place::default()
        },
        synced_at: clock.now(),
        account,
    };
    store.keep_snapshot(snapshot).await.expect("kept");
    store.close().await;
}

const MISFITS: &str = "id: r
trigger: { webhook: shop }
actions:
  - assign-tag: { email: a@example.com, tag_name: byer }
  - assign-tag: { email: a@example.com, tag_name: vip }
  - edit-lead: { email: a@example.com, custom_fields: [ { field_identifier: compny, field_value: x } ] }
  - assign-tag: { email: a@example.com }
  - refund-transaction: { transaction_id: 5, refund_amount: \"\" }
";

#[tokio::test]
async fn check_knows_the_account_that_was_synced() {
    let dir = project(MISFITS);
    let (before, notes) = found(dir.path());
    let codes = |found: &[(String, u64, String)]| -> Vec<(String, u64)> {
        found
            .iter()
            .map(|(code, line, _)| (code.clone(), *line))
            .collect()
    };
    let row = |code: &str, line| (code.to_owned(), line);
    assert_eq!(codes(&before), [row("K0502", 7), row("K0504", 8)]);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("connection main: no catalogue synced"));
    let account = Account {
        tags: Some(vec!["buyer".to_owned(), "VIP".to_owned()]),
        custom_fields: Some(vec![CustomField {
            identifier: "company".to_owned(),
            kind: "input_field".to_owned(),
            options: Vec::new(),
        }]),
        ..Account::default()
    };
    keep(dir.path(), "http://127.0.0.1:9", account.clone()).await;
    let (elsewhere, notes) = found(dir.path());
    assert_eq!(elsewhere, before, "another Membrane's account says nothing");
    assert!(
        notes[0].contains("kept from another connection"),
        "{notes:?}"
    );
    keep(dir.path(), DEFAULT_URL, account).await;
    let (after, notes) = found(dir.path());
    let said = |words: &str| notes.iter().any(|note| note.contains(words));
    assert!(said("what it offers could not be read"), "{notes:?}");
    assert!(said("its lists, sequences could not be read"), "{notes:?}");
    let expected = [
        row("K0801", 4),
        row("K0801", 5),
        row("K0802", 6),
        row("K0502", 7),
        row("K0504", 8),
    ];
    assert_eq!(codes(&after), expected);
    for (at, words) in [
        (0, "`buyer`"),
        (1, "`VIP`, which differs only by case"),
        (2, "`company`"),
    ] {
        assert!(after[at].2.contains(words), "{:?}", after[at]);
    }
}

#[tokio::test]
async fn what_is_kept_is_shown_with_what_is_missing_of_it_and_where_it_was_read() {
    let dir = project(MISFITS);
    let action = |key: &str, schema: Value| OfferedAction {
        id: key.to_owned(),
        key: key.to_owned(),
        name: key.to_owned(),
        description: String::new(),
        input_schema: schema,
        output_schema: Value::Null,
    };
    let account = Account {
        actions: Some(vec![
            action("assign-tag", json!({ "properties": { "tag_name": {} } })),
            action("get-lead", json!({ "type": "object" })),
            action("retrieve-account-tags", Value::Null),
        ]),
        tags: Some(vec!["buyer".to_owned()]),
        ..Account::default()
    };
    let shown = |line: &str| {
        let said = kartwheel(dir.path(), &line.split(' ').collect::<Vec<_>>());
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    };
    keep(dir.path(), DEFAULT_URL, account.clone()).await;
    let here = shown("catalog show");
    assert_eq!(
        here.lines().skip(1).collect::<Vec<_>>(),
        [
            "  not read: lists, sequences, pages, custom fields",
            "  no schema, so the built-in table is used: get-lead",
        ],
    );
    assert_eq!(shown("catalog show tags"), "buyer\n");
    let whole: Value = serde_json::from_str(&shown("catalog show --json")).expect("JSON");
    assert_eq!(
        whole["connections"][0]["without_schema"],
        json!(["get-lead"])
    );
    keep(dir.path(), "http://127.0.0.1:9", account).await;
    let warning = "  kept from another connection; run `kartwheel catalog sync`";
    assert_eq!(shown("catalog show").lines().nth(1), Some(warning));
    assert_eq!(shown("catalog show tags"), format!("{warning}\nbuyer\n"));
    let diff = kartwheel(dir.path(), &["catalog", "diff"]);
    assert_eq!(diff.code, 2);
    assert!(diff.err.contains("nothing is kept"), "{}", diff.err);
}

#[test]
fn a_database_that_cannot_be_read_is_told_and_is_no_problem() {
    let dir = project("id: r\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n");
    fs::write(
        dir.path().join("kartwheel.db"),
        "this is no database, whatever its name",
    )
    .expect("written");
    let (problems, notes) = found(dir.path());
    assert_eq!(problems, []);
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("the database could not be read"),
        "{notes:?}"
    );
    assert_eq!(kartwheel(dir.path(), &["check", "--deny-warnings"]).code, 0);
}

#[test]
fn a_circle_through_the_account_is_seen_from_its_preset() {
    let rules = "id: r\ntrigger: { webhook: account, events: assign_tag }\necho: true\nactions:\n  - assign-tag: { email: a@example.com, tag_name: vip }\n";
    let (problems, _) = found(project(rules).path());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!((&*problems[0].0, problems[0].1), ("K0206", 5));
    let other = rules.replace("webhook: account, events: assign_tag", "webhook: shop");
    assert_eq!(found(project(&other).path()).0, []);
}
