//! What a seller sees of the examples: the account as it is after what each sender sends, and nothing more when it comes again.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::sandbox::{CONNECTION_ID, Lead};
use serde_json::{Value, json};
use uuid::Uuid;

use super::letter::{Letter, send};
use super::world as open;
use crate::world::{START, World, client};

const ADA: &str = "ada.lovelace@example.com";
const GRACE: &str = "grace.hopper@example.com";
const BUYER: &str = "buyer: Signature Course";
const DAY: Duration = Duration::from_secs(86_400);

/// Delivers it and lets everything happen that comes of it; the event.
async fn deliver(world: &World, source: &str, letter: &Letter) -> Uuid {
    let event = send(world, source, letter).await.event();
    world.settle().await;
    event
}

/// Delivers what changes nothing, and sees that it does not.
async fn deliver_in_vain(world: &World, source: &str, letter: &Letter) -> Uuid {
    let before = world.sandbox.world().effects_total();
    let event = deliver(world, source, letter).await;
    assert_eq!(world.sandbox.world().effects_total(), before);
    event
}

fn lead(world: &World, email: &str) -> Lead {
    let lead = world.sandbox.world().lead(email);
    lead.unwrap_or_else(|| panic!("no lead {email}"))
}

/// What it was because of that the rule did not take the event.
async fn because(world: &World, event: Uuid, rule: &str) -> String {
    let events = world.events().await;
    let stored = events.iter().find(|stored| stored.event.id == event);
    let mut verdicts = stored.expect("it is kept").verdicts.iter();
    let verdict = verdicts.find(|verdict| &*verdict.rule == rule);
    let verdict = verdict.unwrap_or_else(|| panic!("{rule} was not asked"));
    assert_eq!(verdict.decision, "declined", "{verdict:?}");
    verdict.path.clone().unwrap_or_default()
}

/// Changes something in the account as a person does who is at work there.
async fn by_hand(world: &World, verb: &str, input: &Value) {
    let url = format!("{}/act", world.sandbox.url());
    let body = json!({"key": verb, "connectionId": CONNECTION_ID, "input": input});
    let request = client().post(url).bearer_auth("sandbox-token").json(&body);
    let status = request.send().await.expect("the sandbox answers").status();
    assert!(status.is_success(), "{verb}: {status}");
}

/// Ends the story: so many runs did their work, and those of `once` that would have done it again were declined.
async fn close(world: World, done: usize) {
    let runs = world.runs().await;
    let of = |state: State| runs.iter().filter(move |run| run.state == state);
    assert_eq!(of(State::Done).count(), done, "{runs:#?}");
    for run in of(State::Declined) {
        let why = run.why.as_deref().unwrap_or_default();
        assert!(why.starts_with("once"), "{run:?}");
    }
    world.end(&[State::Done, State::Declined]).await;
}

#[tokio::test]
async fn a_paypal_payment_opens_the_course_for_whoever_approved_its_order() {
    let world = open("paypal-course", START).await;
    let payment = Letter::sample("paypal/PAYMENT.CAPTURE.COMPLETED");
    let approved = Letter::json(&json!({
        "id": "WH-1FAKE", "event_type": "CHECKOUT.ORDER.APPROVED", "resource_type": "checkout-order",
        "resource": {"id": "5O190127TN364715T", "status": "APPROVED", "payer": {
            "email_address": "Ada.Lovelace@Example.com", "payer_id": "FAKEPAYER01",
            "name": {"given_name": "Ada", "surname": "Lovelace"},
        }},
    }));
    deliver(&world, "paypal", &approved).await;
    deliver(&world, "paypal", &payment).await;
    let ada = lead(&world, ADA);
    assert_eq!((&*ada.email, ada.field("first_name")), (ADA, "Ada"));
    assert!(ada.has_tag(BUYER) && ada.has_access("Signature Course", "Full"));

    let other_event = payment.replaced("WH-2FAKE58387TF", "WH-3FAKE58387TF");
    deliver_in_vain(&world, "paypal", &payment).await;
    deliver_in_vain(&world, "paypal", &other_event).await;
    close(world, 1).await;
}

#[tokio::test]
async fn a_cancelled_paypal_subscription_closes_the_academy() {
    let world = open("paypal-course", START).await;
    let member = json!({"email": ADA, "membership_name": "Academy", "level_name": "Gold"});
    by_hand(&world, "create-lead", &json!({"email": ADA})).await;
    by_hand(&world, "grant-membership-access", &member).await;
    assert!(lead(&world, ADA).has_access("Academy", "Gold"));
    let cancelled = Letter::sample("paypal/BILLING.SUBSCRIPTION.CANCELLED");
    deliver(&world, "paypal", &cancelled).await;
    let ada = lead(&world, ADA);
    assert!(ada.has_tag("cancelled") && !ada.has_access("Academy", "Gold"));
    deliver_in_vain(&world, "paypal", &cancelled).await;
    close(world, 1).await;
}

#[tokio::test]
async fn a_shopify_order_opens_its_course_once_and_a_test_order_none() {
    let world = open("shopify-order", START).await;
    let order = Letter::sample("shopify/orders/paid");
    let paid_with_nothing = order
        .changed(|body| body["test"] = true.into())
        .with_header("x-shopify-webhook-id", "of-a-test");
    let by_the_button = order
        .clone()
        .with_header("x-shopify-test", "true")
        .with_header("x-shopify-webhook-id", "of-the-button");
    for test in [paid_with_nothing, by_the_button] {
        let event = deliver_in_vain(&world, "shop", &test).await;
        assert_eq!(because(&world, event, "paid-order").await, "live");
    }

    let order = order.changed(|body| body["email"] = "Ada.Lovelace@Example.com".into());
    deliver(&world, "shop", &order).await;
    let ada = lead(&world, ADA);
    assert_eq!((&*ada.email, ada.field("last_name")), (ADA, "Lovelace"));
    assert!(ada.has_tag(BUYER) && ada.is_on_list("Newsletter"));
    assert!(ada.has_access("Signature Course", "Gold"));

    deliver_in_vain(&world, "shop", &order).await;
    let told_again = order.with_header("x-shopify-webhook-id", "of-another-delivery");
    deliver_in_vain(&world, "shop", &told_again).await;
    close(world, 1).await;
}

#[tokio::test]
async fn a_woocommerce_order_opens_the_course_once_it_is_completed_and_closes_it_when_refunded() {
    let world = open("woocommerce-order", START).await;
    let at = |status: &str, time: &str| {
        Letter::sample("woocommerce/order.updated").changed(|body| {
            body["status"] = status.into();
            body["date_modified"] = format!("2026-11-01T08:{time}").into();
        })
    };
    for (status, time) in [("pending", "01:00"), ("processing", "02:00")] {
        let event = deliver_in_vain(&world, "shop", &at(status, time)).await;
        let path = because(&world, event, "completed-order").await;
        assert_eq!(path, "$.body.status", "{status}");
    }
    deliver(&world, "shop", &at("completed", "03:00")).await;
    let ada = lead(&world, ADA);
    assert!(ada.has_tag(BUYER) && ada.is_on_list("Buyers"));
    assert!(ada.has_access("Signature Course", "Full"));
    for time in ["03:00", "04:00"] {
        deliver_in_vain(&world, "shop", &at("completed", time)).await;
    }
    deliver(&world, "shop", &at("refunded", "05:00")).await;
    let ada = lead(&world, ADA);
    assert!(ada.has_tag("refunded") && !ada.has_tag(BUYER));
    assert!(!ada.has_access("Signature Course", "Full"));
    close(world, 2).await;
}

#[tokio::test]
async fn a_call_that_is_moved_is_neither_booked_anew_nor_off() {
    let world = open("calendly-call", START).await;
    let booked = Letter::sample("calendly/invitee.created");
    let moved_away = Letter::sample("calendly/invitee.canceled");
    let moved_here = booked
        .replaced("FAKEEVT0001", "FAKEEVT0002")
        .replaced("FAKEINV0001", "FAKEINV0002")
        .changed(|body| body["payload"]["old_invitee"] = "https://api.calendly.com/x".into());
    let off = moved_away
        .replaced("FAKEEVT0001", "FAKEEVT0002")
        .replaced("FAKEINV0001", "FAKEINV0002")
        .changed(|body| {
            body["payload"]["rescheduled"] = false.into();
            body["payload"]["new_invitee"] = Value::Null;
        });

    deliver(&world, "calendly", &booked).await;
    let ada = lead(&world, ADA);
    assert!(ada.has_tag("applicant") && ada.step_in("Applicants") == Some(1));
    let event = deliver_in_vain(&world, "calendly", &moved_away).await;
    let path = because(&world, event, "cancelled-call").await;
    assert_eq!(path, "$.body.payload.rescheduled");
    let event = deliver_in_vain(&world, "calendly", &moved_here).await;
    let path = because(&world, event, "booked-call").await;
    assert_eq!(path, "$.body.payload.old_invitee");

    deliver(&world, "calendly", &off).await;
    let ada = lead(&world, ADA);
    assert!(ada.has_tag("cancelled") && !ada.has_tag("applicant"));
    assert_eq!(ada.step_in("Applicants"), None);
    deliver_in_vain(&world, "calendly", &off).await;
    close(world, 2).await;
}

#[tokio::test]
async fn a_jotform_application_counts_once_however_often_it_is_edited() {
    let world = open("jotform-application", START).await;
    let answers = Letter::sample("jotform/submission");
    deliver(&world, "application", &answers).await;
    let ada = lead(&world, ADA);
    assert_eq!(
        (ada.field("first_name"), ada.field("last_name")),
        ("Ada", "Lovelace")
    );
    assert!(ada.has_tag("applicant") && ada.has_tag("vip") && ada.is_on_list("Applicants"));
    assert_eq!(ada.step_in("Applicants"), Some(1));

    deliver_in_vain(&world, "application", &answers).await;
    let edited = answers.replaced(r#""q5_tier":"Gold""#, r#""q5_tier":"Silver""#);
    deliver_in_vain(&world, "application", &edited).await;
    let other_form = answers.replaced("203112345678901", "203112345678902");
    let event = deliver_in_vain(&world, "application", &other_form).await;
    let path = because(&world, event, "application").await;
    assert_eq!(path, "$.body.formID");
    close(world, 1).await;
}

#[tokio::test]
async fn a_new_member_is_welcomed_and_nudged_unless_the_course_is_begun() {
    for begins in [false, true] {
        let world = open("kartra-onboarding", START).await;
        let granted =
            Letter::sample("kartra/membership_granted").replaced(ADA, "Grace.Hopper@Example.com");
        deliver(&world, "kartra", &granted).await;
        let grace = lead(&world, GRACE);
        let steps = (grace.step_in("Welcome"), grace.step_in("Nudge"));
        assert_eq!(steps, (Some(1), None));
        deliver_in_vain(&world, "kartra", &granted).await;
        let other_level = granted.replaced("\"Gold\"", "\"Full\"");
        deliver_in_vain(&world, "kartra", &other_level).await;
        let flat = granted.changed(|body| {
            let membership = body["action_details"]["membership"].take();
            body["action_details"] = membership;
        });
        deliver_in_vain(&world, "kartra", &flat).await;
        let runs = world.runs().await;
        let keys: Vec<_> = runs.iter().map(|run| run.key.as_deref()).collect();
        assert_eq!(
            keys,
            [Some(GRACE); 3],
            "the welcome, and two of whom it had"
        );
        let academy = granted.replaced("\"Signature Course\"", "\"Academy\"");
        let event = deliver_in_vain(&world, "kartra", &academy).await;
        assert_eq!(
            because(&world, event, "begin-the-course").await,
            "$.body.action_details..membership_name"
        );
        if begins {
            let tag = json!({"email": GRACE, "tag_name": "onboarded"});
            by_hand(&world, "assign-tag", &tag).await;
        }
        world.advance(7 * DAY).await;
        let nudged = lead(&world, GRACE).step_in("Nudge");
        assert_eq!(nudged.is_none(), begins, "{nudged:?}");
        close(world, 1).await;
    }
}

#[tokio::test]
async fn a_payment_that_failed_in_kartra_is_looked_after_once() {
    let world = open("kartra-onboarding", START).await;
    let failed = Letter::sample("kartra-ipn/failed").replaced("ada.lovelace", "Grace.Hopper");
    deliver(&world, "payments", &failed).await;
    assert_eq!(lead(&world, GRACE).step_in("Nudge"), Some(1));
    deliver_in_vain(&world, "payments", &failed).await;
    let other = failed
        .replaced("Signature+Course", "Mug")
        .replaced("738700", "738701");
    let event = deliver_in_vain(&world, "payments", &other).await;
    let path = because(&world, event, "failed-payment").await;
    assert_eq!(path, "$.body.product_name");
    close(world, 1).await;
}

#[tokio::test]
async fn readers_that_kit_tags_become_leads_and_leave_when_they_unsubscribe() {
    let world = open("kit-subscriber", START).await;
    let tagged = Letter::sample("kit/subscriber.tag_added");
    let batch = send(&world, "kit", &tagged).await;
    assert_eq!(batch.body["new"], 2);
    world.settle().await;
    let charles = "charles.babbage@example.com";
    for email in [ADA, charles] {
        let reader = lead(&world, email);
        assert!(reader.has_tag("lead: newsletter") && reader.is_on_list("Newsletter"));
    }

    let before = world.sandbox.world().effects_total();
    let more = tagged.changed(|body| {
        let mut silver = body["events"][0].clone();
        silver["id"] = "another".into();
        silver["data"]["tag"] = json!({"id": 12, "name": "silver"});
        let events = body["events"].as_array_mut().expect("a batch");
        events.push(silver);
    });
    let batch = send(&world, "kit", &more).await;
    assert_eq!(
        (&batch.body["new"], &batch.body["seen_before"]),
        (&json!(1), &json!(2))
    );
    world.settle().await;
    assert_eq!(world.sandbox.world().effects_total(), before);
    let silver = world.events().await.pop().expect("events").event.id;
    let path = because(&world, silver, "tagged-reader").await;
    assert_eq!(path, "$.body.data.tag.name");

    let given_again = tagged.changed(|body| {
        let mut gold = body["events"][0].take();
        gold["id"] = "given again".into();
        body["events"] = json!([gold]);
    });
    deliver_in_vain(&world, "kit", &given_again).await;

    let gone = Letter::sample("kit/subscriber.activated")
        .replaced("subscriber.activated", "subscriber.unsubscribed");
    deliver(&world, "kit", &gone).await;
    assert!(!lead(&world, ADA).is_on_list("Newsletter"));
    assert!(lead(&world, charles).is_on_list("Newsletter"));
    close(world, 3).await;
}
