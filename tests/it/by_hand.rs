//! Actions by hand: what the commands call an action, and what they refuse before anything is sent.

use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind};
use serde_json::Value;

use crate::cli::Said;
use crate::setup::{TOKEN, house, piped};

const BY_TOKEN: [(&str, &str); 1] = [("MEMBRANE_TOKEN", TOKEN)];

/// A project whose connection is pinned.
fn settings() -> String {
    format!(
        "timezone: UTC\nmembrane: {{ url: URL, token: env:MEMBRANE_TOKEN }}\nconnections:\n  main: {{ id: {CONNECTION_ID} }}\n"
    )
}

fn json_of(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_without_a_key_is_listed_shown_and_run_by_the_verb_of_the_rules_too() {
    let (dir, sandbox, _) = house(&settings()).await;
    sandbox.world().set(|settings| settings.action_keys = false);
    let say = |arguments: &[&str]| piped(dir.path(), arguments, &BY_TOKEN, "");
    let listed = say(&["actions", "list"]);
    let row = listed
        .out
        .lines()
        .find(|line| line.starts_with("assign-tag "))
        .unwrap_or_else(|| panic!("{}", listed.out));
    assert!(row.contains(" assign-tag-to-lead "), "{row}");
    let listed = json_of(&say(&["actions", "list", "--json"]));
    let all = listed["actions"].as_array().unwrap();
    let tag = all.iter().find(|one| one["verb"] == "assign-tag").unwrap();
    assert_eq!(tag["key"], "assign-tag-to-lead");

    let input = r#"{"email": "grace.hopper@example.com", "tag_name": "vip"}"#;
    for name in [
        "assign-tag",
        "assign-tag-to-lead",
        tag["id"].as_str().unwrap(),
    ] {
        let shown = say(&["actions", "show", name]);
        assert_eq!(shown.code, 0, "{name}: {}", shown.err);
        for word in ["assign-tag\n", "assign-tag-to-lead\n", "changes a lead"] {
            assert!(shown.out.contains(word), "{name}: {}", shown.out);
        }
        let shown = json_of(&say(&["actions", "show", name, "--json"]));
        assert_eq!(shown["verb"], "assign-tag", "{name}");
        let run = json_of(&say(&[
            "actions", "run", name, "--input", input, "--yes", "--json",
        ]));
        assert_eq!(run["class"], "done", "{name}: {run}");
        assert_eq!(run["action"], "assign-tag", "{name}");
    }
    // Kartra's numbers are read by the verb.
    let input = input.replace("vip", "VIP");
    let run = say(&[
        "actions",
        "run",
        "assign-tag-to-lead",
        "--input",
        &input,
        "--yes",
    ]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(
        run.out.contains("Kartra has no tag \"VIP\" (212)"),
        "{}",
        run.out
    );
    let missing = say(&["actions", "show", "assign-tags"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.err.contains("Did you mean assign-tag?"),
        "{}",
        missing.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_for_the_whole_amount_is_refused_where_there_is_no_amount() {
    let (dir, sandbox, _) = house(&settings()).await;
    for (verb, input) in [
        (
            "assign-tag",
            r#"{"email": "grace.hopper@example.com", "tag_name": "vip"}"#,
        ),
        ("retrieve-account-lists", "{}"),
    ] {
        let all = ["actions", "run", verb, "--input", input, "--full", "--yes"];
        let said = piped(dir.path(), &all, &BY_TOKEN, "");
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert!(
            said.out.contains("this action has no amount"),
            "{}",
            said.out
        );
        assert!(
            !said.out.contains("--force"),
            "it would not help: {}",
            said.out
        );
    }
    assert_eq!(sandbox.world().calls_of("assign-tag").len(), 0);
    assert_eq!(sandbox.world().calls_of("retrieve-account-lists").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_not_work_says_what_to_do_and_not_two_things_at_once() {
    let (dir, sandbox, _) = house(&settings()).await;
    let read = ["actions", "run", "retrieve-account-lists"];
    for (state, to_do) in [
        (ConnectionState::ConfigurationError, "correct its set-up"),
        (ConnectionState::ClientActionRequired, "a person must act"),
    ] {
        sandbox.world().set_connection(CONNECTION_ID, state);
        let said = piped(dir.path(), &read, &BY_TOKEN, "");
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        for told in [to_do, "What to do: kartwheel connection status main"] {
            assert!(said.out.contains(told), "{told}: {}", said.out);
        }
        assert!(!said.out.contains("reconnect it"), "{}", said.out);
    }
}

/// No daemon is there to slow down and to try again what a person asked for once.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_by_hand_is_told_when_to_try_again() {
    let (dir, sandbox, _) = house(&settings()).await;
    let proxy = format!("/connections/{CONNECTION_ID}/proxy");
    for (retry_after, again) in [
        (Some(30), "try again in 30 s"),
        (None, "try again in a minute"),
    ] {
        let limited = FaultKind::RateLimited { retry_after };
        for (fault, arguments) in [
            (
                Fault::on_path(&proxy, limited.clone()),
                &["request", "/api"][..],
            ),
            (
                Fault::on_verb("retrieve-account-lists", limited),
                &["actions", "run", "retrieve-account-lists"],
            ),
        ] {
            sandbox.world().add_fault(fault.times(1));
            let said = piped(dir.path(), arguments, &BY_TOKEN, "");
            assert_eq!(said.code, 1, "{}{}", said.out, said.err);
            assert!(said.out.contains(again), "{arguments:?}: {}", said.out);
            assert!(!said.out.contains("by itself"), "{}", said.out);
        }
    }
}

/// Nobody is sent to log in again where that is refused: Membrane is building the connector.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_a_state_that_no_login_ends_does_not_advise_one() {
    let (dir, sandbox, _) = house(&settings()).await;
    let building = ConnectionState::Building;
    sandbox.world().set_connection(CONNECTION_ID, building);
    let said = piped(dir.path(), &["request", "/api"], &BY_TOKEN, "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(!said.out.contains("reconnect"), "{}", said.out);
    assert!(said.out.contains("connection status"), "{}", said.out);
}
