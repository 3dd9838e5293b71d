//! Every verb from a rule to its effect in the account, as the sandbox's model shows it.

use kartwheel::run::{State, StepState};
use kartwheel::sandbox::Lead;
use serde_json::json;

use crate::world::World;

const EMAIL: &str = "ada@example.com";

/// Runs one rule with these actions on one order of Ada's, who is a lead already; gives the world when all is done.
async fn run(actions: &str) -> World {
    let rule = format!("id: one\ntrigger: {{ webhook: shop }}\nactions:\n{actions}");
    let world = World::with(&rule).await;
    world.sandbox.world().add_sale(EMAIL, 29_700);
    let event = world.order("1", EMAIL).await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    world
}

fn ada(world: &World) -> Lead {
    world.sandbox.world().lead(EMAIL).expect("a lead")
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = run("
  - assign-tag: { email: ada@example.com, tag_name: buyer }
  - assign-tag: { email: ada@example.com, tag_name: vip }
  - unassign-tag: { email: ada@example.com, tag_name: buyer }
")
    .await;
    assert!(ada(&world).has_tag("vip") && !ada(&world).has_tag("buyer"));
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn lists_come_and_go() {
    let world = run("
  - subscribe-lead-to-list: { email: ada@example.com, list_name: Buyers }
  - subscribe-lead-to-list: { email: ada@example.com, list_name: Newsletter }
  - unsubscribe-lead-from-list: { email: ada@example.com, list_name: Newsletter }
")
    .await;
    assert!(ada(&world).is_on_list("Buyers") && !ada(&world).is_on_list("Newsletter"));
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn sequences_start_at_a_step_and_stop() {
    let world = run("
  - subscribe-lead-to-sequence: { email: ada@example.com, sequence_name: Welcome, step: 2 }
  - subscribe-lead-to-sequence: { email: ada@example.com, sequence_name: Nudge, step: '1' }
  - unsubscribe-lead-from-sequence: { email: ada@example.com, sequence_name: Nudge }
")
    .await;
    assert_eq!(ada(&world).step_in("Welcome"), Some(2));
    assert_eq!(ada(&world).step_in("Nudge"), None);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn access_is_granted_and_revoked_by_level() {
    let world = run("
  - grant-membership-access: { email: ada@example.com, membership_name: Signature Course, level_name: Gold }
  - grant-membership-access: { email: ada@example.com, membership_name: Academy, level_name: Silver }
  - revoke-membership-access: { email: ada@example.com, membership_name: Academy, level_name: Silver }
").await;
    assert!(ada(&world).has_access("Signature Course", "Gold"));
    assert!(!ada(&world).has_access("Academy", "Silver"));
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn leads_are_made_changed_and_read() {
    let world = run("
  - create-lead: { email: new@example.com, first_name: Grace }
  - edit-lead: { email: new@example.com, last_name: Hopper, custom_fields: [{ field_identifier: company, field_value: Navy }] }
  - id: found
    get-lead: { email: new@example.com }
  - edit-lead: { email: ada@example.com, company: '${{ steps.found.output.lead_details.last_name }}' }
  - ensure-lead: { email: new@example.com }
  - ensure-lead: { email: newest@example.com, first_name: Ada }
").await;
    let new = world
        .sandbox
        .world()
        .lead("new@example.com")
        .expect("a lead");
    assert_eq!(
        (new.field("first_name"), new.field("last_name")),
        ("Grace", "Hopper")
    );
    assert_eq!(
        ada(&world).field("company"),
        "Hopper",
        "the output of a read is known to later steps"
    );
    assert_eq!(
        world
            .sandbox
            .world()
            .lead("newest@example.com")
            .expect("a lead")
            .field("first_name"),
        "Ada"
    );
    assert_eq!(
        world.sandbox.world().effects_of("create-lead").len(),
        2,
        "a lead that exists is not made again"
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn the_account_is_read() {
    let world = run("
  - { id: pages, retrieve-account-pages: {} }
  - { id: fields, retrieve-account-custom-fields: {} }
  - { id: sequences, retrieve-account-sequences: {} }
  - { id: tags, retrieve-account-tags: {} }
  - { id: lists, retrieve-account-lists: {} }
")
    .await;
    let runs = world.runs().await;
    let output = |path: &str| {
        runs[0].progress.steps[path]
            .output
            .clone()
            .expect("an output is kept for a step with an id")
    };
    assert!(
        output("0")["account_pages"]
            .as_array()
            .is_some_and(|pages| pages.contains(&json!("Home"))),
        "{}",
        output("0")
    );
    assert!(
        output("1")["custom_fields"]
            .as_array()
            .is_some_and(|fields| !fields.is_empty()),
        "{}",
        output("1")
    );
    assert!(
        output("2")["account_sequences"]
            .as_array()
            .is_some_and(|names| names.contains(&json!("Welcome"))),
        "{}",
        output("2")
    );
    assert!(
        output("3")["account_tags"]
            .as_array()
            .is_some_and(|tags| tags.contains(&json!("buyer"))),
        "{}",
        output("3")
    );
    assert!(
        output("4")["account_lists"]
            .as_array()
            .is_some_and(|lists| lists.contains(&json!("Buyers"))),
        "{}",
        output("4")
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn money_is_read_refunded_in_part_and_in_full_and_a_subscription_is_cancelled() {
    let rule = "
id: money
trigger: { webhook: shop }
actions:
  - { id: all, retrieve-transactions-from-lead: { email: '${{ person.email }}' } }
  - { id: sale, get-transaction-details: { transaction_id: '${{ body.first }}' } }
  - refund-transaction: { transaction_id: '${{ body.first }}', refund_amount: 10.5 }
  - refund-transaction: { transaction_id: '${{ body.second }}' }
    full: true
  - cancel-subscription: { transaction_internal_subscription_id: 14833 }
";
    let world = World::with(rule).await;
    let first = world.sandbox.world().add_sale(EMAIL, 29_700);
    let second = world.sandbox.world().add_sale(EMAIL, 4_900);
    let body =
        json!({ "id": "1", "type": "order", "email": EMAIL, "first": first, "second": second });
    let event = world.send("shop", &body).await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    assert_eq!(
        run.progress.steps["0"].output.as_ref().expect("kept")["transaction_list"]
            .as_array()
            .map(Vec::len),
        Some(2),
        "{run:?}"
    );
    let refunded: Vec<_> = world
        .sandbox
        .world()
        .effects_of("refund-transaction")
        .iter()
        .map(|effect| effect.input["transaction_id"].to_string())
        .collect();
    assert_eq!(refunded, [first.to_string(), second.to_string()]);
    assert_eq!(
        world
            .sandbox
            .world()
            .effects_of("cancel-subscription")
            .len(),
        1
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn what_was_done_before_is_as_good_as_done() {
    let world = run("
  - create-lead: { email: ada@example.com }
  - cancel-subscription: { transaction_internal_subscription_id: 14833 }
  - cancel-subscription: { transaction_internal_subscription_id: 14833 }
")
    .await;
    let runs = world.runs().await;
    let states: Vec<_> = runs[0]
        .progress
        .steps
        .values()
        .map(|step| step.state)
        .collect();
    assert_eq!(
        states,
        [StepState::Already, StepState::Ok, StepState::Already]
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn vars_conditions_set_and_stop_steer_a_run() {
    let world = World::with(
        "
id: steer
trigger: { webhook: shop }
match:
  $.body.type: order
vars:
  email: ${{ person.email | lower }}
actions:
  - ensure-lead: { email: '${{ vars.email }}' }
  - set: { tag: \"${{ 'vip' if body.id == '1' else 'churned' }}\" }
  - if: ${{ body.id != '1' }}
    stop: only the first
  - assign-tag: { email: '${{ vars.email }}', tag_name: '${{ vars.tag }}' }
",
    )
    .await;
    let first = world.order("1", "ADA@example.com").await.event();
    let second = world.order("2", "grace@example.com").await.event();
    world.settle().await;
    assert!(ada(&world).has_tag("vip"));
    let stopped = world.run_of(second).await;
    assert_eq!(
        (stopped.state, stopped.why.as_deref()),
        (State::Done, Some("stopped: only the first"))
    );
    assert_eq!(
        world.run_of(first).await.progress.steps["2"].state,
        StepState::Skipped
    );
    world.end(&[State::Done]).await;
}

/// What sends nothing has nothing to be approved.
#[tokio::test]
async fn what_is_only_observed_asks_for_no_approval() {
    let rule = "
id: careful
mode: observe
trigger: { webhook: shop }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
    approve: true
";
    let world = World::with(rule).await;
    world.order("1", EMAIL).await.event();
    world.settle().await;
    assert_eq!(world.verbs(), Vec::<String>::new());
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn observe_sends_only_reads_and_shows_the_rest() {
    let world = World::with(
        "
id: careful
mode: observe
trigger: { webhook: shop }
actions:
  - { id: all, retrieve-account-tags: {} }
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
",
    )
    .await;
    let event = world.order("1", EMAIL).await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done);
    assert_eq!(world.verbs(), ["retrieve-account-tags"]);
    let attempts = world.attempts(&run).await;
    assert_eq!(
        (
            attempts[1].input["tag_name"].as_str(),
            attempts[1].message.as_deref()
        ),
        (Some("vip"), Some("observe: not sent"))
    );
    world.end(&[State::Done]).await;
}
