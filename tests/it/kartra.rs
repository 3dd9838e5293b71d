//! Kartra's catalogue over the stand-in's account: what a call leaves behind is found again, by looking and in what is reported.

use std::sync::Arc;

use kartwheel::action::{Class, Evidence, Look, Outcome, Seen};
use kartwheel::kartra::catalog;
use kartwheel::sandbox::{CONNECTION_ID, Lead, Options, Sandbox};
use serde_json::{Value, json};

/// The only lead of the account at its start, with one sale that began a subscription.
const GRACE: &str = "grace.hopper@example.com";
const ADA: &str = "ada@example.com";

struct World {
    sandbox: Sandbox,
    client: reqwest::Client,
}

impl World {
    async fn start() -> Self {
        let client = reqwest::Client::builder().no_proxy().build();
        Self {
            sandbox: Sandbox::start(Options::default())
                .await
                .expect("the sandbox starts"),
            client: client.expect("a client"),
        }
    }

    async fn call(&self, verb: &str, input: &Value) -> Outcome {
        let body = json!({ "key": verb, "connectionId": CONNECTION_ID, "input": input });
        let url = format!("{}/act", self.sandbox.url());
        let request = self.client.post(url).bearer_auth("sandbox-token");
        let answer = request.json(&body).send().await.expect(verb);
        assert_eq!(answer.status(), 200, "{verb}");
        let bytes = answer.bytes().await.expect("a whole body");
        let mut answer: Value = serde_json::from_slice(&bytes).expect("JSON");
        (catalog().read_output)(verb, input, answer["output"].take())
    }

    async fn look_back(&self, verb: &str, input: &Value) -> Evidence {
        let mut seen = Vec::new();
        loop {
            match (catalog().look_back)(verb, input, &seen) {
                Look::Found(evidence) => return evidence,
                Look::Read { verb, input } => seen.push(Seen {
                    verb: Arc::from(verb),
                    outcome: self.call(verb, &input).await,
                    input,
                }),
            }
        }
    }

    fn lead(&self) -> Lead {
        self.sandbox.world().lead(GRACE).expect("she is there")
    }
}

#[tokio::test]
async fn looking_back_tells_a_call_that_was_carried_out_from_one_that_was_not() {
    for (verb, input, class) in [
        ("create-lead", json!({ "email": ADA }), Class::Already),
        (
            "edit-lead",
            json!({ "email": GRACE, "new_email": ADA }),
            Class::Done,
        ),
        (
            "grant-membership-access",
            json!({ "email": GRACE, "membership_name": "Academy", "level_name": "Gold" }),
            Class::Done,
        ),
        (
            "subscribe-lead-to-sequence",
            json!({ "email": GRACE, "sequence_name": "Welcome", "step": 2 }),
            Class::Done,
        ),
        (
            "cancel-subscription",
            json!({ "transaction_id": 792_354 }),
            Class::Done,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 792_354 }),
            Class::Done,
        ),
    ] {
        let world = World::start().await;
        let before = world.look_back(verb, &input).await;
        assert!(matches!(before, Evidence::NotDone(_)), "{verb}: {before:?}");
        assert_eq!(world.call(verb, &input).await.class, Class::Done, "{verb}");
        match world.look_back(verb, &input).await {
            Evidence::Outcome(outcome) => assert_eq!(outcome.class, class, "{verb}"),
            other => panic!("{verb}: {other:?}"),
        }
        world.sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_part_paid_back_is_seen_and_left_to_a_person() {
    let world = World::start().await;
    let input = json!({ "transaction_id": 792_354, "refund_amount": "29.00" });
    let verb = "refund-transaction";
    let before = world.look_back(verb, &input).await;
    assert!(matches!(before, Evidence::NotDone(_)), "{before:?}");
    assert_eq!(world.call(verb, &input).await.class, Class::Done);
    let Evidence::Unclear(text) = world.look_back(verb, &input).await else {
        panic!("only a person can tell");
    };
    assert!(text.contains("a partial refund of 29.00"), "{text}");
    let whole = json!({ "transaction_id": 792_354 });
    let after = world.look_back(verb, &whole).await;
    assert!(matches!(after, Evidence::Unclear(_)), "{after:?}");
    world.sandbox.stop().await;
}

/// What the account shows after a call, as the outbound event that the documentation gives for such a change.
fn reported(verb: &str, before: &Lead, after: &Lead, shown: &Value) -> Value {
    let row = |list: &str, name: &str, wanted: &str| {
        let rows = shown[list].as_array().expect(list);
        let row = rows.iter().find(|row| row[name] == wanted);
        row.cloned().unwrap_or_else(|| json!({ name: wanted }))
    };
    let gone = before.tags.iter().find(|tag| !after.has_tag(tag));
    let came = after.tags.iter().find(|tag| !before.has_tag(tag));
    let access = row("memberships", "membership_name", "Academy");
    let (action, details) = match verb {
        "assign-tag" => (
            "assign_tag",
            json!({ "tag": row("tags", "tag_name", came.expect("a tag")) }),
        ),
        "unassign-tag" => (
            "unassign_tag",
            json!({ "tag": { "tag_name": gone.expect("no tag") } }),
        ),
        "subscribe-lead-to-list" | "unsubscribe-lead-from-list" => (
            ["list_unsubscription", "list_subscription"]
                [usize::from(after.is_on_list("Newsletter"))],
            json!({ "list": row("lists", "list_name", "Newsletter") }),
        ),
        "subscribe-lead-to-sequence" | "unsubscribe-lead-from-sequence" => (
            ["sequence_unsubscription", "sequence_subscription"]
                [usize::from(after.step_in("Welcome").is_some())],
            json!({ "sequence": row("sequences", "sequence_name", "Welcome") }),
        ),
        "grant-membership-access" | "revoke-membership-access" => (
            ["membership_revoked", "membership_granted"]
                [usize::from(after.has_access("Academy", "Gold"))],
            json!({ "membership": access }),
        ),
        other => panic!("{other} is not about a lead"),
    };
    json!({ "lead": shown, "action": action, "action_details": details })
}

#[tokio::test]
async fn what_kartra_reports_of_a_lead_has_the_trace_of_the_call() {
    let world = World::start().await;
    let id = world.lead().id;
    for (verb, fields) in [
        ("assign-tag", json!({ "tag_name": "vip" })),
        ("unassign-tag", json!({ "tag_name": "vip" })),
        (
            "subscribe-lead-to-list",
            json!({ "list_name": "Newsletter" }),
        ),
        (
            "unsubscribe-lead-from-list",
            json!({ "list_name": "Newsletter" }),
        ),
        (
            "subscribe-lead-to-sequence",
            json!({ "sequence_name": "Welcome", "step": "1" }),
        ),
        (
            "unsubscribe-lead-from-sequence",
            json!({ "sequence_name": "Welcome" }),
        ),
        (
            "grant-membership-access",
            json!({ "membership_name": "Academy", "level_name": "Gold" }),
        ),
        (
            "revoke-membership-access",
            json!({ "membership_name": "Academy" }),
        ),
    ] {
        let mut inputs = [fields.clone(), fields];
        inputs[0]["email"] = GRACE.to_uppercase().into();
        inputs[1]["id"] = id.into();
        let before = world.lead();
        assert_eq!(world.call(verb, &inputs[0]).await.class, Class::Done);
        let shown = world.call("get-lead", &json!({ "id": id })).await.output;
        let shown = &shown.expect("an answer")["lead_details"];
        let event = reported(verb, &before, &world.lead(), shown);
        let kind = event["action"].as_str().expect("a word");
        let traces = (catalog().traces_of)(kind, &event);
        for input in &inputs {
            let trace = (catalog().trace)(verb, input).expect(verb);
            assert!(traces.contains(&trace), "{trace} is not in {traces:?}");
        }
    }
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_kartra_reports_of_money_has_the_trace_of_the_call() {
    for (verb, input, kinds, row_type) in [
        (
            "refund-transaction",
            json!({ "transaction_id": "792354" }),
            ["refund_product", "refund"],
            "refund",
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 792_354, "refund_amount": 5 }),
            ["partial_refund_product", "partial_refund"],
            "partial_refund",
        ),
        (
            "cancel-subscription",
            json!({ "transaction_id": 792_354 }),
            ["cancel_subscription", "cancellation"],
            "cancellation",
        ),
        (
            "cancel-subscription",
            json!({ "transaction_internal_subscription_id": "14833" }),
            ["cancel_subscription", "cancellation"],
            "cancellation",
        ),
    ] {
        let world = World::start().await;
        assert_eq!(world.call(verb, &input).await.class, Class::Done);
        let row = world.lead().transactions.last().copied();
        let asked = json!({ "transaction_id": row });
        let details = world.call("get-transaction-details", &asked).await.output;
        let details = &details.expect("an answer")["transaction_details"];
        assert_eq!(details["transaction_type"], row_type);
        let trace = (catalog().trace)(verb, &input).expect(verb);
        let outbound = json!({
            "lead": { "id": details["lead_id"], "email": GRACE },
            "action": kinds[0],
            "action_details": { "transaction_details": details },
        });
        for (kind, body) in kinds.iter().zip([&outbound, details]) {
            let traces = (catalog().traces_of)(kind, body);
            assert!(traces.contains(&trace), "{trace} is not in {traces:?}");
        }
        world.sandbox.stop().await;
    }
}
