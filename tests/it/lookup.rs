//! `trust: lookup`: nothing proves Kartra's events but the account, and what it does not show never acts.

mod more;

use std::time::Duration;

use kartwheel::clock::Clock;
use kartwheel::run::{CHECK, Run, State, StepState};
use kartwheel::sandbox::{Delay, Fault, FaultKind, Transaction};
use kartwheel::store::{AlertKind, HoldKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::kartwheel;
use crate::faults::effects;
use crate::guards::standing;
use crate::world::{SOURCES, START, World};

const ADA: &str = "ada@example.com";
const FORM: &str = "application/x-www-form-urlencoded";
/// Longer than a fact is looked for that is not there.
const PATIENCE: Duration = Duration::from_secs(5 + 30 + 120 + 1);

const SALE: &str = "
id: sale
trigger: { webhook: ipn, events: sale }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
";
/// Whoever makes this act on a made-up notification has somebody's money paid back.
const REFUND: &str = "
id: goodwill
trigger: { webhook: ipn, events: sale }
match: { $.body.transaction_full_amount: '1.00' }
once: ${{ body.transaction_id }}
actions:
  - refund-transaction: { transaction_id: '${{ body.transaction_id }}' }
    full: true
";
const TAGGED: &str = "
id: tagging
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: tagged
trigger: { webhook: kartra }
echo: true
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Buyers }
";

fn settings() -> String {
    format!(
        "sources:{SOURCES}
  kartra: {{ preset: kartra, verify: none, trust: lookup }}
  ipn: {{ preset: kartra-ipn, verify: none, trust: lookup }}
"
    )
}

async fn world(rules: &str) -> World {
    World::at(START, rules, &settings()).await
}

/// Kartra's notification of a payment, as it would send it.
fn notification(row: &Transaction, email: &str) -> Value {
    json!({
        "transaction_id": row.id.to_string(),
        "transaction_type": row.kind.word(),
        "transaction_full_amount": row.amount.to_string(),
        "transaction_parent_id": row.parent.to_string(),
        "transaction_quantity": "1",
        "transaction_jv": "N/A",
        "product_name": row.product,
        "lead_id": row.lead.to_string(),
        "lead_email": email,
        "lead_first_name": "Ada",
        "secret_key": "what-the-notification-was-set-up-with",
    })
}

/// A sale in the account, and the notification of it.
fn sell(world: &World, cents: i64) -> (u64, Value) {
    // The lead before its first sale, so that the numbers of sales follow one another.
    let now = world.clock.now();
    world
        .sandbox
        .world()
        .account(|account| account.ensure_lead(ADA, now));
    let id = world.sandbox.world().add_sale(ADA, cents);
    let rows = world.sandbox.world().transactions(ADA);
    let row = rows.into_iter().find(|row| row.id == id).expect("sold");
    (id, notification(&row, ADA))
}

async fn notify(world: &World, body: &Value) -> Uuid {
    let pairs = body.as_object().expect("fields").iter();
    let form: Vec<String> = pairs
        .map(|(name, value)| {
            let value = value.as_str().expect("a text");
            format!("{name}={}", value.replace('@', "%40").replace(' ', "+"))
        })
        .collect();
    let form = form.join("&");
    world.send_bytes("ipn", FORM, form.as_bytes()).await.event()
}

fn with(body: &Value, name: &str, value: &str) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}

fn why(run: &Run) -> &str {
    run.why.as_deref().unwrap_or_default()
}

/// What was sent but reads.
fn written(world: &World) -> Vec<String> {
    let reads = ["get-lead", "get-transaction-details"];
    let verbs = world.verbs().into_iter();
    verbs.filter(|verb| !reads.contains(&&**verb)).collect()
}

#[tokio::test]
async fn what_the_account_shows_is_acted_on() {
    let world = world(SALE).await;
    let (_, body) = sell(&world, 29_700);
    let event = notify(&world, &body).await;
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    assert_eq!(run.progress.steps[CHECK].state, StepState::Ok);
    assert_eq!(world.verbs(), ["get-transaction-details", "assign-tag"]);
    let attempts = world.attempts(&run).await;
    let made = attempts.iter().map(|one| (&*one.step, one.number));
    assert_eq!(made.collect::<Vec<_>>(), [(CHECK, 1), ("0", 1)]);
    let stored = world.reader().event(event).await.expect("read");
    let kept = stored.expect("stored").event;
    assert!(!String::from_utf8_lossy(&kept.raw).contains("what-the-notification"));
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_forged_notification_pays_nothing_back_and_is_shown() {
    let world = world(REFUND).await;
    let (_, body) = sell(&world, 29_700);
    let forged = with(&body, "transaction_full_amount", "1.00");
    let event = notify(&world, &forged).await;
    notify(&world, &with(&forged, "lead_email", "eve@example.com")).await;
    world.settle().await;
    let run = world.run_of(event).await;
    let said = "`transaction_full_amount` is \"1.00\" in the event and \"297.00\" in the account";
    assert_eq!(
        (run.state, why(&run)),
        (State::Cancelled, &*format!("forged: {said}"))
    );
    assert_eq!(written(&world), [""; 0]);
    assert_eq!(effects(&world, "refund-transaction"), 0);
    let alerts = standing(&world).await;
    let [alert] = &alerts[..] else {
        panic!("told once: {alerts:?}")
    };
    assert_eq!((alert.kind, &*alert.subject), (AlertKind::Forged, "ipn"));
    assert!(
        !alert.text.contains("297") && !alert.text.contains("example.com"),
        "{}",
        alert.text
    );

    let whole = said.split(' ').next().expect("a word");
    for (command, id) in [("runs", run.id), ("events", event)] {
        let shown = kartwheel(world.dir.path(), &[command, "show", &id.to_string()]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        assert!(
            shown.out.contains("cancelled") && shown.out.contains("forged"),
            "{}",
            shown.out
        );
        assert!(shown.out.contains(whole), "{}", shown.out);
        let json = kartwheel(
            world.dir.path(),
            &[command, "show", &id.to_string(), "--json"],
        );
        assert!(
            json.out.contains("forged: `transaction_full_amount`"),
            "{}",
            json.out
        );
    }
    world.end(&[State::Cancelled]).await;
}

#[tokio::test]
async fn what_is_not_there_yet_is_looked_for_again_while_others_pass() {
    let others = "
id: others
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
";
    let mut world = world(&format!("{SALE}---{others}")).await;
    let (id, body) = sell(&world, 29_700);
    let early = with(&body, "transaction_id", &(id + 1).to_string());
    let event = notify(&world, &early).await;
    world.advance(Duration::from_secs(6)).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Waiting, "{run:?}");
    assert_eq!(
        run.progress.steps[CHECK].stage, 2,
        "asked at once and after 5 s"
    );
    let passing = world.order("1", ADA).await.event();
    world.settle().await;
    assert_eq!(world.run_of(passing).await.state, State::Done);

    world.restart().await;
    let (there, _) = sell(&world, 29_700);
    assert_eq!(there, id + 1);
    world.advance(PATIENCE).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    assert_eq!(world.attempts(&run).await.len(), 4);
    assert_eq!(effects(&world, "assign-tag"), 1);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn what_is_never_there_is_forged() {
    let world = world(SALE).await;
    let (id, body) = sell(&world, 29_700);
    let event = notify(
        &world,
        &with(&body, "transaction_id", &(id + 1).to_string()),
    )
    .await;
    world.advance(PATIENCE).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Cancelled, "{run:?}");
    let said = format!(
        "forged: the account does not show transaction {} (247), and did not after 4 looks",
        id + 1
    );
    assert_eq!(why(&run), said);
    assert_eq!(world.verbs(), ["get-transaction-details"; 4]);
    world.end(&[State::Cancelled]).await;
}

#[tokio::test]
async fn while_membrane_is_away_nothing_counts_as_forged() {
    let world = world(SALE).await;
    let mut events = Vec::new();
    for cents in 100..106 {
        let (_, body) = sell(&world, cents);
        events.push(body);
    }
    let away = Fault::new(FaultKind::DropBefore).always();
    world.sandbox.world().add_fault(away);
    for body in &events {
        notify(&world, body).await;
    }
    world.advance(Duration::from_secs(3_600)).await;
    let holds = world.app().engine().holds();
    assert_eq!(
        holds.iter().map(|hold| hold.kind).collect::<Vec<_>>(),
        [HoldKind::Broken]
    );
    world.sandbox.world().clear_faults();
    world.advance(Duration::from_secs(1_200)).await;
    assert_eq!(effects(&world, "assign-tag"), events.len());
    world.end(&[State::Done]).await;
}

/// With the id that the true one will have, before it and after it, and in other words.
#[tokio::test]
async fn a_forged_one_never_stands_in_the_place_of_the_true_one() {
    for once in ["", "once: ${{ body.transaction_id }}\n"] {
        let world = world(&SALE.replace("actions:", &format!("{once}actions:"))).await;
        let (id, body) = sell(&world, 29_700);
        let next = with(&body, "transaction_id", &(id + 1).to_string());
        let early = notify(&world, &with(&next, "product_name", "Another")).await;
        world.settle().await;
        assert_eq!(world.run_of(early).await.state, State::Waiting);

        sell(&world, 29_700);
        let event = notify(&world, &next).await;
        assert_eq!(notify(&world, &next).await, event, "the sender's repeat");
        let same = notify(&world, &with(&next, "ignored", "something else")).await;
        world.advance(PATIENCE).await;
        let states = [early, event, same].map(|event| world.run_of(event));
        let states = futures_util::future::join_all(states).await;
        let states: Vec<_> = states.iter().map(|run| run.state).collect();
        assert_eq!(
            states,
            [State::Cancelled, State::Done, State::Declined],
            "{once}"
        );
        assert_eq!(effects(&world, "assign-tag"), 1);
        world
            .end(&[State::Cancelled, State::Done, State::Declined])
            .await;
    }
}

#[tokio::test]
async fn a_crash_during_the_check_changes_nothing() {
    for forged in [false, true] {
        let mut world = world(SALE).await;
        world.start_to_crash().await;
        let (_, mut body) = sell(&world, 29_700);
        if forged {
            body = with(&body, "lead_id", "1");
        }
        let slow = FaultKind::DelayAfter(Delay::ClockMs(3_600_000));
        let slow = Fault::on_verb("get-transaction-details", slow);
        world.sandbox.world().add_fault(slow);
        let event = notify(&world, &body).await;
        while world.verbs().is_empty() {
            tokio::task::yield_now().await;
        }
        world.crash();
        world.start().await;
        world.advance(PATIENCE).await;
        let run = world.run_of(event).await;
        let (state, tags) = if forged {
            (State::Cancelled, 0)
        } else {
            (State::Done, 1)
        };
        assert_eq!(
            (run.state, effects(&world, "assign-tag")),
            (state, tags),
            "{run:?}"
        );
        world.end(&[state]).await;
    }
}
