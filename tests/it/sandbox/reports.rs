//! Kartra's reports of changes: one for each, in its documented form, and posted when somebody wants them.

use kartwheel::kartra;
use kartwheel::sandbox::Nesting;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{ADA, World, read, tag_input};

const GRACE: &str = "grace.hopper@example.com";

/// What was reported: the word for it, and what it names.
fn told(world: &World) -> Vec<(String, Value)> {
    let reports = world.state().reports().into_iter();
    let told = |event: Value| {
        let action = event["action"].as_str().expect("an action").to_owned();
        (action, event["action_details"].clone())
    };
    reports.map(told).collect()
}

async fn perform(world: &World, verb: &str, input: Value) {
    let output = world.output(verb, input).await;
    assert_eq!(output["status"], "Success", "{verb}: {output}");
}

#[tokio::test]
async fn what_changes_is_reported_once_and_what_does_not_is_not() {
    let world = World::start().await;
    world.add_ada();
    world
        .state()
        .set(|settings| settings.nesting = Some(Nesting::Flat));
    let list = json!({ "email": ADA, "list_name": "Newsletter" });
    let mut sequence = json!({ "email": ADA, "sequence_name": "Welcome", "step": "1" });
    let access =
        |level: &str| json!({ "email": ADA, "membership_name": "Academy", "level_name": level });
    for _ in 0..2 {
        perform(&world, "assign-tag", tag_input()).await;
        perform(&world, "subscribe-lead-to-list", list.clone()).await;
    }
    perform(&world, "subscribe-lead-to-sequence", sequence.clone()).await;
    perform(&world, "grant-membership-access", access("Gold")).await;
    perform(&world, "grant-membership-access", access("Silver")).await;
    perform(&world, "unassign-tag", tag_input()).await;
    perform(&world, "unassign-tag", tag_input()).await;
    perform(&world, "unsubscribe-lead-from-list", list).await;
    sequence["step"].take();
    perform(&world, "unsubscribe-lead-from-sequence", sequence).await;
    let all_levels = json!({ "email": ADA, "membership_name": "Academy" });
    perform(&world, "revoke-membership-access", all_levels).await;
    perform(
        &world,
        "edit-lead",
        json!({ "email": ADA, "first_name": "Ada" }),
    )
    .await;
    let actions: Vec<_> = told(&world).into_iter().map(|(action, _)| action).collect();
    let expected = [
        "assign_tag",
        "list_subscription",
        "sequence_subscription",
        "membership_granted",
        "membership_granted",
        "unassign_tag",
        "list_unsubscription",
        "sequence_unsubscription",
        "membership_revoked",
        "membership_revoked",
    ];
    assert_eq!(actions, expected);
    let details = |place: usize, what: &str| told(&world)[place].1[what].clone();
    assert_eq!(details(0, "tag")["tag_name"], "vip");
    assert!(details(0, "tag")["tag_id"].is_string());
    assert_eq!(details(1, "list")["list_name"], "Newsletter");
    assert_eq!(details(2, "sequence")["sequence_name"], "Welcome");
    let granted = details(3, "membership");
    assert_eq!(granted["membership_name"], "Academy");
    assert_eq!(granted["level_name"], "Gold");
    assert!(granted["membership_id"].is_string() && granted["level_id"].is_string());
}

#[tokio::test]
async fn money_that_goes_back_and_subscriptions_that_end_are_reported_with_their_payment() {
    let world = World::start().await;
    let part = json!({ "transaction_id": 792_354, "refund_amount": "97.00" });
    world.output("refund-transaction", part).await;
    let too_much = json!({ "transaction_id": 792_354, "refund_amount": "297.00" });
    world.output("refund-transaction", too_much).await;
    let end = json!({ "transaction_internal_subscription_id": 14_833 });
    world.output("cancel-subscription", end.clone()).await;
    world.output("cancel-subscription", end).await;
    let whole = world.state().add_sale(GRACE, 4_900);
    let all = json!({ "transaction_id": whole });
    world.output("refund-transaction", all).await;
    let told = told(&world);
    let short = |place: usize| {
        let (action, details) = &told[place];
        let details = &details["transaction_details"];
        let text = |name: &str| details[name].as_str().expect("text").to_owned();
        (
            action.as_str(),
            text("transaction_type"),
            text("transaction_full_amount"),
            text("transaction_parent_id"),
        )
    };
    let row = |action, kind: &str, amount: &str, parent: u64| {
        (
            action,
            kind.to_owned(),
            amount.to_owned(),
            parent.to_string(),
        )
    };
    assert_eq!(told.len(), 3);
    let partial = row("partial_refund_product", "partial_refund", "97.00", 792_354);
    assert_eq!(short(0), partial);
    assert_eq!(
        short(1),
        row("cancel_subscription", "cancellation", "0.00", 792_354)
    );
    assert_eq!(short(2), row("refund_product", "refund", "49.00", whole));
    let leads = world.state().reports();
    assert!(leads.iter().all(|event| event["lead"]["email"] == GRACE));
}

/// The lead of an event has the fields of Kartra's own example, all of them text but the custom fields.
#[tokio::test]
async fn an_event_has_the_form_of_kartras_example() {
    let world = World::start().await;
    let custom = json!([
        { "field_identifier": "company", "field_value": "Analytical" },
        { "field_identifier": "plan", "field_value": "2" },
    ]);
    let made = json!({ "email": ADA, "first_name": "Ada", "custom_fields": custom });
    world.output("create-lead", made).await;
    world.output("assign-tag", tag_input()).await;
    let reports = world.state().reports();
    assert_eq!(reports.len(), 1, "a new lead alone is no event");
    let example = include_str!("../../data/payloads/kartra-assign_tag.json");
    let example: Value = serde_json::from_str(example).expect("JSON");
    let event = &reports[0];
    let names = |value: &Value| {
        let fields = value.as_object().expect("an object");
        fields.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(event), names(&example));
    assert_eq!(
        names(&event["action_details"]),
        names(&example["action_details"])
    );
    let lead = event["lead"].as_object().expect("a lead");
    for (name, value) in lead {
        assert!(
            value.is_string() || name == "custom_fields",
            "{name}: {value}"
        );
        assert!(
            example["lead"].get(name).is_some(),
            "{name} is not Kartra's"
        );
    }
    let fields = lead["custom_fields"].as_array().expect("a list");
    assert_eq!(fields[0]["field_value"], "Analytical");
    let chosen = json!([{ "option_id": "2", "option_value": "Pro" }]);
    assert_eq!(fields[1]["field_value"], chosen);
}

/// What the daemon would have to know again as its own.
#[tokio::test]
async fn every_report_has_the_trace_of_the_call_that_it_is_of() {
    let world = World::start().await;
    world.add_ada();
    let ada = |name: &str, value: &str| json!({ "email": "Ada@example.com", name: value });
    let id = world.ada().id;
    let access = json!({ "id": id, "membership_name": "Academy", "level_name": "Gold" });
    let levels = json!({ "email": ADA, "membership_name": "Academy" });
    let sequence = json!({ "id": id, "sequence_name": "Welcome", "step": 1 });
    for (verb, input) in [
        ("assign-tag", ada("tag_name", "vip")),
        ("unassign-tag", json!({ "id": id, "tag_name": "vip" })),
        ("subscribe-lead-to-list", ada("list_name", "Newsletter")),
        ("unsubscribe-lead-from-list", ada("list_name", "Newsletter")),
        ("subscribe-lead-to-sequence", sequence),
        (
            "unsubscribe-lead-from-sequence",
            ada("sequence_name", "Welcome"),
        ),
        ("grant-membership-access", access),
        ("revoke-membership-access", levels),
        (
            "refund-transaction",
            json!({ "transaction_id": 792_354, "refund_amount": 1 }),
        ),
        ("cancel-subscription", json!({ "transaction_id": "792354" })),
    ] {
        let before = world.state().reports().len();
        world.output(verb, input.clone()).await;
        let reports = world.state().reports();
        assert_eq!(reports.len(), before + 1, "{verb}");
        let event = &reports[before];
        let kind = event["action"].as_str().expect("an action");
        let traces = (kartra::catalog().traces_of)(kind, event);
        let trace = (kartra::catalog().trace)(verb, &input).expect(verb);
        assert!(
            traces.contains(&trace),
            "{verb}: {trace} is not among {traces:?}"
        );
    }
}

#[tokio::test]
async fn a_raw_call_is_reported_as_well() {
    let world = World::start().await;
    world.add_ada();
    let tag = |name: &str| json!({ "cmd": "assign_tag", "tag_name": name });
    let raw =
        json!({ "lead": { "email": ADA }, "actions": [tag("vip"), tag("buyer"), tag("nope")] });
    let proxy = format!("/connections/{}/proxy/", kartwheel::sandbox::CONNECTION_ID);
    assert_eq!(world.post(&proxy, raw).await.0, 200);
    let (_, listed) = world.get("/_sandbox/reports?after=1&limit=5").await;
    assert_eq!(listed["items"].as_array().expect("a list").len(), 1);
    assert_eq!(listed["items"][0]["number"], 2);
    let details = &listed["items"][0]["event"]["action_details"];
    assert_eq!(details["tag"]["tag_name"], "buyer");
}

#[tokio::test]
async fn reports_are_posted_in_order_to_a_loopback_address_and_to_no_other() {
    let world = World::start().await;
    world.add_ada();
    let patch = |url: &str| {
        let body = json!({ "report_to": url });
        let request = world.request(Method::PATCH, "/_sandbox/settings");
        request.json(&body).send()
    };
    let refused = patch("http://example.com:80/hooks")
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 400);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let url = format!("http://{address}/hooks/kartra?key=x");
    let taken = patch(&url).await.expect("an answer");
    assert_eq!(read(taken).await.1["report_to"], url);
    world.output("assign-tag", tag_input()).await;
    world.output("assign-tag", tag_input()).await;
    world.output("unassign-tag", tag_input()).await;
    let mut actions = Vec::new();
    for _ in 0..2 {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let mut heard = Vec::new();
        let body: Value = loop {
            let mut piece = [0; 4096];
            let length = socket.read(&mut piece).await.expect("bytes");
            assert_ne!(length, 0, "it ended early");
            heard.extend_from_slice(&piece[..length]);
            let text = String::from_utf8_lossy(&heard);
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
            if let Some(body) = body.and_then(|body| serde_json::from_str(&body).ok()) {
                break body;
            }
        };
        let text = String::from_utf8_lossy(&heard);
        assert!(
            text.starts_with("POST /hooks/kartra?key=x HTTP/1.1\r\n"),
            "{text}"
        );
        assert!(text.contains("content-type: application/json"), "{text}");
        actions.push(body["action"].clone());
        let done = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        socket.write_all(done).await.expect("a reader");
    }
    assert_eq!(actions, ["assign_tag", "unassign_tag"]);
}
