//! Running is one thing in two forms: we use `/act`, Membrane's own client the older ones. What they do is the same.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::action::{Actions, Call, Class};
use kartwheel::clock::{Clock, SettableClock, SystemClock, after};
use kartwheel::kartra::{self, ACTIONS};
use kartwheel::membrane::{Auth, Client, ConnectionSettings, Settings};
use kartwheel::sandbox::{CONNECTION_ID, Options, Sandbox};
use serde_json::{Value, json};

/// Every verb, and one call that Kartra refuses.
fn calls() -> Vec<(&'static str, Value)> {
    let ada = |name: &str, value: &str| json!({ "email": "ada@example.com", name: value });
    let sequence = json!({ "email": "ada@example.com", "sequence_name": "Welcome", "step": 2 });
    let access = json!({
        "email": "ada@example.com", "membership_name": "Academy", "level_name": "Gold",
    });
    let custom = json!([{ "field_identifier": "plan", "field_value": "2" }]);
    let sale = |amount: &str| json!({ "transaction_id": 792_354, "refund_amount": amount });
    vec![
        (
            "create-lead",
            json!({ "email": "ada@example.com", "custom_fields": custom }),
        ),
        ("edit-lead", ada("first_name", "Ada")),
        ("get-lead", json!({ "email": "ada@example.com" })),
        ("assign-tag", ada("tag_name", "vip")),
        ("assign-tag", ada("tag_name", "no such tag")),
        ("subscribe-lead-to-list", ada("list_name", "Newsletter")),
        ("subscribe-lead-to-sequence", sequence),
        ("grant-membership-access", access.clone()),
        ("retrieve-account-custom-fields", json!({})),
        ("retrieve-account-lists", json!({})),
        ("retrieve-account-pages", json!({})),
        ("retrieve-account-sequences", json!({})),
        ("retrieve-account-tags", json!({})),
        (
            "get-transaction-details",
            json!({ "transaction_id": 792_354 }),
        ),
        (
            "retrieve-transactions-from-lead",
            json!({ "email": "grace.hopper@example.com" }),
        ),
        ("refund-transaction", sale("10.00")),
        ("cancel-subscription", json!({ "transaction_id": 792_354 })),
        ("unassign-tag", ada("tag_name", "vip")),
        ("unsubscribe-lead-from-list", ada("list_name", "Newsletter")),
        (
            "unsubscribe-lead-from-sequence",
            ada("sequence_name", "Welcome"),
        ),
        ("revoke-membership-access", access),
    ]
}

/// One whose clock stands still at this instant.
async fn sandbox(start: Timestamp) -> (Sandbox, Arc<SettableClock>) {
    let clock = SettableClock::starting_at(start);
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    (Sandbox::start(options).await.expect("a sandbox"), clock)
}

/// All that the calls left behind: effects, leads, reports, and Membrane's log of the runs, without what names the caller.
async fn left(sandbox: &Sandbox) -> Value {
    let world = sandbox.world();
    let effects = world.effects().into_iter().map(|effect| {
        json!([
            effect.verb,
            *effect.input,
            effect.changed,
            effect.connection,
            effect.action_run
        ])
    });
    let effects: Vec<_> = effects.collect();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let get = async |path: &str| -> Value {
        let url = format!("{}{path}", sandbox.url());
        let answer = client.get(url).bearer_auth("sandbox-token").send().await;
        let body = answer.expect("an answer").text().await.expect("text");
        serde_json::from_str(&body).expect("JSON")
    };
    let leads = get("/_sandbox/leads").await;
    let mut logs = get("/action-run-logs?limit=1000").await;
    for run in logs["items"].as_array_mut().expect("runs") {
        run.as_object_mut().expect("a run").remove("meta");
    }
    json!({ "effects": effects, "leads": leads, "reports": world.reports(), "logs": logs })
}

/// The same calls, by our own client.
async fn by_us(sandbox: &Sandbox, clock: &Arc<SettableClock>) {
    let own = ConnectionSettings {
        id: Some(CONNECTION_ID.to_owned()),
        ..ConnectionSettings::default()
    };
    let settings = Settings {
        url: sandbox.url(),
        ..Settings::new(Auth::Token("sandbox-token".into()))
    };
    let settings = settings.with_connection("main", own);
    let client = Client::new(settings, kartra::catalog(), clock.clone()).expect("good settings");
    for (verb, input) in calls() {
        let is_refused = input["tag_name"] == "no such tag";
        let call = Call {
            run: clock.new_id(),
            step: "1".into(),
            attempt: 1,
            connection: "main".into(),
            verb: verb.into(),
            input: Arc::new(input),
            timeout: None,
            send_by: after(clock.now(), Duration::from_secs(5)),
        };
        let outcome = client.call(&call).await;
        let good = outcome.class == Class::Done;
        assert_eq!(good, !is_refused, "{verb}: {}", outcome.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_leaves_the_same_behind_by_their_forms_as_by_ours() {
    let all = calls();
    for action in ACTIONS {
        let is_there = all.iter().any(|(verb, _)| *verb == action.key);
        assert!(is_there, "{} is missing", action.key);
    }
    // The client signs its tokens by the machine's time.
    let start = SystemClock.now();
    let (ours, clock) = sandbox(start).await;
    by_us(&ours, &clock).await;
    let expected = left(&ours).await;
    assert_eq!(
        expected["logs"]["items"].as_array().map(Vec::len),
        Some(all.len())
    );
    for form in ["id", "key", "connection"] {
        let (theirs, _) = sandbox(start).await;
        let arguments = vec![form.to_owned(), json!(all).to_string()];
        let told = super::drive(&theirs, "runs.mjs", arguments).await;
        assert_eq!(told["ran"], all.len(), "{form}");
        assert_eq!(left(&theirs).await, expected, "{form}");
        let paths = theirs.world().calls();
        let runs = paths.iter().filter(|call| call.verb.is_some());
        let path = match form {
            "id" => "/actions/",
            "key" => "/action/run",
            _ => "/connections/",
        };
        assert!(
            runs.clone().all(|call| call.path.starts_with(path)),
            "{form}"
        );
        assert_eq!(runs.count(), all.len(), "{form}");
    }
    let calls = ours.world().calls();
    let runs = calls.iter().filter(|call| call.verb.is_some());
    assert!(runs.clone().all(|call| call.path == "/act"));
}
