//! What a sender sees: every answer of the webhook listener, over real HTTP.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::{Arc, OnceLock};

use kartwheel::outside::Outside;
use kartwheel::run::State;
use kartwheel::web::{self, Hooks, Room, Tally};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::world::World;

const RULE: &str = "
id: tag
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
";
const STRIPE: &str = include_str!("../data/payloads/stripe-checkout.session.completed.json");
const TYPEFORM: &str = include_str!("../data/payloads/typeform-form_response.json");

#[tokio::test]
async fn a_delivery_is_answered_with_a_tiny_json_after_it_is_stored() {
    let world = World::with(RULE).await;
    let first = world.order("1", "ada@example.com").await;
    assert_eq!(
        (first.status, first.body["status"].as_str()),
        (200, Some("accepted"))
    );
    assert!(
        world
            .reader()
            .event(first.event())
            .await
            .expect("the store answers")
            .is_some()
    );
    let again = world.order("1", "ada@example.com").await;
    assert_eq!(
        (again.status, again.body["status"].as_str()),
        (200, Some("seen before"))
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_wrong_signature_is_refused_without_a_hint_and_counted() {
    let world = World::with(RULE).await;
    let body = json!({ "id": "1", "type": "order", "email": "ada@example.com" }).to_string();
    let wrong = world
        .request(
            "POST",
            "/hooks/shop",
            &[
                ("content-type", "application/json"),
                ("x-signature", &"0".repeat(64)),
            ],
            body.as_bytes(),
        )
        .await;
    let none = world
        .request(
            "POST",
            "/hooks/shop",
            &[("content-type", "application/json")],
            body.as_bytes(),
        )
        .await;
    for refused in [&wrong, &none] {
        assert_eq!(
            (refused.status, &refused.body),
            (401, &json!({ "status": "not verified" }))
        );
    }
    assert!(world.runs().await.is_empty());
    world.app().write_tally().await;
    let refusals = world
        .reader()
        .refusals(world.clock_start(), 10)
        .await
        .expect("the store answers");
    let mut reasons: Vec<_> = refusals
        .iter()
        .map(|refusal| (refusal.reason.as_str(), refusal.count))
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [("missing", 1), ("signature", 1)]);
    world.end(&[]).await;
}

#[tokio::test]
async fn other_requests_have_their_answers() {
    let world = World::with(RULE).await;
    assert_eq!(
        world
            .request("POST", "/hooks/nobody", &[], b"{}")
            .await
            .status,
        404
    );
    assert_eq!(
        world.request("GET", "/hooks/shop", &[], b"").await.status,
        200
    );
    assert_eq!(
        world.request("HEAD", "/hooks/shop", &[], b"").await.status,
        200
    );
    let put = world.request("PUT", "/hooks/shop", &[], b"{}").await;
    assert_eq!(
        (put.status, put.headers.get("allow").map(String::as_str)),
        (405, Some("GET, HEAD, POST"))
    );
    let large = vec![b' '; kartwheel::web::BODY_BYTES_MAX + 1];
    assert_eq!(
        world
            .request("POST", "/hooks/shop", &[], &large)
            .await
            .status,
        413
    );
    assert_eq!(world.request("GET", "/healthz", &[], b"").await.status, 200);
    assert_eq!(world.request("GET", "/readyz", &[], b"").await.status, 200);
    let unreadable = world
        .send_bytes("shop", "application/json", b"{ not json")
        .await;
    assert_eq!(unreadable.status, 400, "{}", unreadable.body);
    world.end(&[]).await;
}

#[tokio::test]
async fn while_stopping_senders_are_asked_to_come_again() {
    let world = World::with(RULE).await;
    world.app().engine().refuse_new();
    let answer = world.order("1", "ada@example.com").await;
    assert_eq!(
        (answer.status, answer.headers.contains_key("retry-after")),
        (503, true)
    );
    assert_eq!(world.request("GET", "/readyz", &[], b"").await.status, 503);
    world.end(&[]).await;
}

#[tokio::test]
async fn presets_know_their_senders() {
    let world = World::with(
        "
id: bought
trigger: { webhook: stripe, events: 'checkout.session.*' }
match:
  $.body.data.object.payment_status: paid
actions:
  - ensure-lead: { email: '${{ person.email }}', first_name: '${{ person.first_name }}' }
---
id: signed-up
trigger: { webhook: signup }
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Applicants }
",
    )
    .await;
    let bought = world
        .send_bytes("stripe", "application/json", STRIPE.as_bytes())
        .await
        .event();
    world.settle().await;
    let event = world
        .reader()
        .event(bought)
        .await
        .expect("the store answers")
        .expect("stored")
        .event;
    assert_eq!(
        (&*event.sender_id, event.kind.as_str(), event.live),
        (
            "evt_1SXkartraFake0001",
            "checkout.session.completed",
            Some(true)
        )
    );
    let lead = world
        .sandbox
        .world()
        .lead("ada.lovelace@example.com")
        .expect("a lead");
    assert_eq!(lead.field("first_name"), "Ada");
    world
        .send_bytes("signup", "application/json", TYPEFORM.as_bytes())
        .await
        .event();
    world.settle().await;
    assert!(
        world
            .sandbox
            .world()
            .lead("ada.lovelace@example.com")
            .expect("a lead")
            .is_on_list("Applicants")
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn any_of_several_secrets_will_do_while_they_rotate() {
    let settings = "  tool: { verify: bearer, secret: [env:STRIPE_SECRET, env:SHOP_SECRET], id: $.body.id, type: order }\n";
    let world = World::with_settings(
        "
id: tool
trigger: { webhook: tool }
actions:
  - stop: seen
",
        settings,
    )
    .await;
    for (id, token) in [
        ("1", "whsec_FakeStripeSigningSecret0123456789ab"),
        ("2", "shop-secret"),
    ] {
        let bearer = format!("Bearer {token}");
        let body = json!({ "id": id }).to_string();
        let answer = world
            .request(
                "POST",
                "/hooks/tool",
                &[
                    ("authorization", &bearer),
                    ("content-type", "application/json"),
                ],
                body.as_bytes(),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(
        world
            .request(
                "POST",
                "/hooks/tool",
                &[("authorization", "Bearer wrong")],
                b"{}"
            )
            .await
            .status,
        401
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_form_becomes_nested_objects_and_its_secret_is_not_kept() {
    let settings = "  cart: { verify: { field: $.body.thrivecart_secret }, secret: env:SHOP_SECRET, id: $.body.webhook_id, type: $.body.event, person: { email: $.body.customer.email } }\n";
    let world = World::with_settings(
        "
id: cart
trigger: { webhook: cart, events: order.success }
actions:
  - ensure-lead: { email: '${{ person.email }}', first_name: '${{ body.customer.first_name }}' }
",
        settings,
    )
    .await;
    let form = "event=order.success&webhook_id=7&thrivecart_secret=shop-secret&customer%5Bemail%5D=ada%40example.com&customer%5Bfirst_name%5D=Ada+L";
    let event = world
        .request(
            "POST",
            "/hooks/cart",
            &[("content-type", "application/x-www-form-urlencoded")],
            form.as_bytes(),
        )
        .await
        .event();
    world.settle().await;
    assert_eq!(
        world
            .sandbox
            .world()
            .lead("ada@example.com")
            .expect("a lead")
            .field("first_name"),
        "Ada L"
    );
    let stored = world
        .reader()
        .event(event)
        .await
        .expect("the store answers")
        .expect("stored")
        .event;
    assert!(!String::from_utf8_lossy(&stored.raw).contains("shop-secret"));
    world.end(&[State::Done]).await;
}

/// Without an id, equal bodies are one event for the length of `dedupe`, wherever its windows begin.
#[tokio::test]
async fn without_an_id_equal_bodies_are_one_event_within_dedupe() {
    let settings =
        "  plain: { verify: bearer, secret: env:SHOP_SECRET, type: order, dedupe: 1h }\n";
    let world = World::with_settings(
        "id: plain\ntrigger: { webhook: plain }\nactions:\n  - stop: seen\n",
        settings,
    )
    .await;
    let headers = [
        ("authorization", "Bearer shop-secret"),
        ("content-type", "application/json"),
    ];
    let deliver = async || {
        world
            .request("POST", "/hooks/plain", &headers, b"{\"n\":1}")
            .await
            .event()
    };
    let first = deliver().await;
    for _ in 0..5 {
        world.advance(std::time::Duration::from_secs(700)).await;
        assert_eq!(deliver().await, first);
    }
    world.advance(std::time::Duration::from_secs(200)).await;
    assert_ne!(deliver().await, first);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn white_space_around_an_address_is_nobodys() {
    let world = World::with(RULE).await;
    let event = world.order("1", " ada@example.com ").await.event();
    world.settle().await;
    let stored = world
        .reader()
        .event(event)
        .await
        .expect("answers")
        .expect("stored");
    assert_eq!(
        stored.event.person.email.as_deref(),
        Some("ada@example.com")
    );
    assert!(world.sandbox.world().lead("ada@example.com").is_some());
    world.end(&[State::Done]).await;
}

/// Before the engine is there, and when all places are taken, senders are asked to come again.
#[tokio::test]
async fn while_starting_and_when_full_senders_are_asked_to_come_again() {
    let world = World::with(RULE).await;
    for (engine, places, ready) in [(None, 8, 503), (Some(world.app().engine().clone()), 0, 200)] {
        let hooks = Hooks {
            engine: engine.map_or_else(OnceLock::new, OnceLock::from),
            sources: BTreeMap::new(),
            env: serde_json::Map::new(),
            trusted_proxies: Vec::new(),
            clock: world.clock.clone(),
            places: Semaphore::new(places),
            room: Room::default(),
            outside: Outside::usual().expect("an HTTP client"),
            tally: Tally::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, web::hooks(Arc::new(hooks))).into_future());
        let http = crate::world::client();
        let answer = http.post(format!("{url}/hooks/shop")).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        let asked = http.get(format!("{url}/readyz")).send().await;
        assert_eq!(asked.expect("an answer").status(), ready);
    }
    world.end(&[]).await;
}
