//! What a connection offers and the account holds, read over the sandbox.

use kartwheel::action::{Actions, Class, Effects};
use kartwheel::kartra;
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind, Nesting};
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn everything_that_a_rule_can_name_is_read() {
    for nesting in [Nesting::Flat, Nesting::Command, Nesting::Actions] {
        let world = World::start().await;
        world
            .sandbox
            .world()
            .set(|settings| settings.nesting = Some(nesting));
        let survey = world.client.survey("main");
        let account = super::drive(&world.clock, survey)
            .await
            .expect("an account");
        let has = |names: &Option<Vec<String>>, count: usize, name: &str| {
            let names = names.as_ref().expect("names");
            assert_eq!(names.len(), count, "{names:?}");
            assert!(names.iter().any(|one| one == name), "{names:?}");
        };
        has(&account.tags, 12, "lead: newsletter");
        has(&account.lists, 4, "Newsletter");
        has(&account.sequences, 3, "Nudge");
        has(&account.pages, 2, "Checkout");
        let fields = account.custom_fields.as_ref().expect("fields");
        let plan = fields.iter().find(|field| field.identifier == "plan");
        let plan = plan.expect("a plan");
        assert_eq!(plan.kind, "drop_down");
        assert_eq!(plan.options[1], ("2".to_owned(), "Pro".to_owned()));
        let action = account.action("assign-tag").expect("offered");
        assert_eq!(action.name, "Assign Tag to Lead");
        assert_eq!(
            action.input_schema["properties"]["tag_name"]["type"],
            "string"
        );
        assert_eq!(action.output_schema["type"], "object");
        assert_eq!(account.actions.as_ref().map(Vec::len), Some(20));
        assert_eq!(world.sandbox.world().effects_total(), 0);
    }
}

#[tokio::test]
async fn actions_without_keys_are_known_by_the_verbs_that_a_rule_uses() {
    let world = World::start().await;
    world
        .sandbox
        .world()
        .set(|settings| settings.action_keys = false);
    let survey = world.client.survey("main");
    let account = super::drive(&world.clock, survey)
        .await
        .expect("an account");
    for spec in kartra::ACTIONS {
        assert!(account.action(spec.key).is_some(), "{}", spec.key);
    }
}

#[tokio::test]
async fn it_is_read_anew_each_time() {
    let world = World::start().await;
    let survey = async || super::drive(&world.clock, world.client.survey("main")).await;
    survey().await.expect("an account");
    let state = world.sandbox.world();
    state.set(|settings| {
        settings.action_generation = 2;
        settings.without_actions.insert("edit-lead".to_owned());
    });
    state.account(|account| account.add_tag("brand new"));
    let account = survey().await.expect("an account");
    assert_eq!(account.action("edit-lead"), None);
    assert!(
        account
            .tags
            .expect("tags")
            .contains(&"brand new".to_owned())
    );
    // Calls use the new ids at once.
    let call = super::call(
        &world.clock,
        "get-lead",
        json!({ "email": "grace.hopper@example.com" }),
    );
    let before = state.calls().len();
    assert_eq!(world.client.call(&call).await.class, Class::Done);
    assert_eq!(state.calls().len(), before + 1);
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_unknown_and_the_others_are_not() {
    let world = World::start().await;
    let state = world.sandbox.world();
    state.add_fault(Fault::on_verb(
        "retrieve-account-lists",
        FaultKind::Internal,
    ));
    state.add_fault(Fault::on_verb(
        "retrieve-account-pages",
        FaultKind::OutputText,
    ));
    let survey = world.client.survey("main");
    let account = super::drive(&world.clock, survey)
        .await
        .expect("an account");
    assert_eq!((&account.lists, &account.pages), (&None, &None));
    assert!(account.tags.is_some() && account.sequences.is_some());
    assert!(account.custom_fields.is_some() && account.actions.is_some());
}

#[tokio::test]
async fn an_account_of_which_nothing_can_be_read_is_an_error() {
    let world = World::start().await;
    let state = world.sandbox.world();
    let survey = async || super::drive(&world.clock, world.client.survey("main")).await;
    state.add_fault(Fault::on_path("/actions", FaultKind::Html502After).always());
    let failed = survey().await.expect_err("no list");
    assert_eq!(failed.class, Class::Transient, "{}", failed.message);
    state.clear_faults();

    state.add_fault(Fault::new(FaultKind::Internal).always());
    let failed = survey().await.expect_err("no read");
    assert_eq!(failed.class, Class::Unknown, "{}", failed.message);
    state.clear_faults();

    state.set_connection(CONNECTION_ID, ConnectionState::ClientActionRequired);
    let runs = || {
        state
            .calls()
            .iter()
            .filter(|call| call.path == "/act")
            .count()
    };
    let before = runs();
    let failed = survey().await.expect_err("a lapsed connection");
    assert_eq!(failed.class, Class::ConnectionDown, "{}", failed.message);
    assert_eq!(runs(), before + 1, "the others would fail the same way");
    let failed = world
        .client
        .survey("other")
        .await
        .expect_err("no connection");
    assert_eq!(failed.class, Class::ConnectionDown);
}

#[tokio::test]
async fn nothing_but_reads_is_sent() {
    let world = World::start().await;
    let survey = world.client.survey("main");
    super::drive(&world.clock, survey)
        .await
        .expect("an account");
    let calls = world.sandbox.world().calls();
    let verbs: Vec<_> = calls
        .iter()
        .filter_map(|call| call.verb.as_deref())
        .collect();
    assert_eq!(verbs.len(), 5);
    let catalog = kartra::catalog();
    for verb in verbs {
        assert_eq!(catalog.get(verb).expect(verb).effects, Effects::Read);
    }
    let meta = calls.iter().find_map(|call| call.meta.as_deref());
    assert_eq!(meta.expect("meta")["step"], "survey");
}
