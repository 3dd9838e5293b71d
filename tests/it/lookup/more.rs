//! The rest of the stories: leads, the pace, identity, what cannot be looked up.

use super::*;

/// Kartra's reports of what was done to a lead, as the sandbox makes them.
#[tokio::test]
async fn what_a_lead_shows_is_acted_on_and_what_it_does_not_show_is_forged() {
    let world = world(TAGGED).await;
    world.order("1", ADA).await.event();
    world.settle().await;
    let reports = world.sandbox.world().reports();
    let [report] = &reports[..] else {
        panic!("one report: {reports:?}")
    };
    let true_one = world.send("kartra", report).await.event();
    let text = report.to_string().replace("\"buyer\"", "\"vip\"");
    let other: Value = serde_json::from_str(&text).expect("JSON");
    let other_tag = world.send("kartra", &other).await.event();
    let mut other = report.clone();
    other["lead"]["id"] = "1".into();
    let other_lead = world.send("kartra", &other).await.event();
    let mut visit = report.clone();
    visit["action"] = "kartra_page_visit".into();
    let visit = world.send("kartra", &visit).await.event();
    world.advance(PATIENCE).await;

    assert_eq!(world.run_of(true_one).await.state, State::Done);
    let lead = world.sandbox.world().lead(ADA).expect("a lead");
    for (event, said) in [
        (other_tag, "forged: the account does not show the tag \"vip\" of the lead, and did not after 4 looks".to_owned()),
        (other_lead, format!("forged: `lead.id` is \"1\" in the event and \"{}\" in the account", lead.id)),
        (visit, "cannot be looked up: nothing that can be read in the account shows an event of type \"kartra_page_visit\"".to_owned()),
    ] {
        let run = world.run_of(event).await;
        assert_eq!((run.state, why(&run)), (State::Cancelled, &*said));
    }
    assert_eq!(effects(&world, "subscribe-lead-to-list"), 1);
    world.end(&[State::Done, State::Cancelled]).await;
}

#[tokio::test]
async fn checks_keep_the_pace() {
    let world = World::at_pace(START, SALE, "per_second: 1, at_once: 4", &settings()).await;
    for cents in 1..4 {
        let (_, body) = sell(&world, cents);
        notify(&world, &body).await;
    }
    world.advance(Duration::from_secs(60)).await;
    let calls = world.sandbox.world().calls().into_iter();
    let made: Vec<_> = calls
        .filter(|call| call.path == "/act")
        .map(|call| call.at)
        .collect();
    assert_eq!(
        made.len(),
        1 + 3 + 3,
        "the read at start, then two for each"
    );
    for pair in made.windows(2) {
        let apart = kartwheel::clock::between(pair[0], pair[1]);
        assert!(apart >= Duration::from_secs(1), "{made:?}");
    }
    world.end(&[State::Done]).await;
}

/// What nothing proves uses up no limit, teaches no address, and is asked about in `mode: observe` too.
#[tokio::test]
async fn a_forged_event_leaves_nothing_behind() {
    let limited = SALE.replace("actions:", "limits: { per_hour: 1 }\nactions:");
    let observing = SALE.replace("id: sale", "id: watching\nmode: observe");
    let world = world(&format!("{limited}---{observing}")).await;
    let (_, body) = sell(&world, 29_700);
    notify(&world, &with(&body, "lead_id", "1")).await;
    notify(&world, &body).await;
    world.settle().await;
    let runs = world.runs().await;
    let states: Vec<_> = runs.iter().map(|run| (&*run.rule, run.state)).collect();
    let (sale, watching) = ("sale", "watching");
    let (done, cancelled) = (State::Done, State::Cancelled);
    let expected = [
        (sale, cancelled),
        (watching, cancelled),
        (sale, done),
        (watching, done),
    ];
    assert_eq!(states, expected);
    assert_eq!(effects(&world, "assign-tag"), 1);
    let lead = body["lead_id"].as_str().expect("a text").to_owned();
    for id in [lead, "1".to_owned()] {
        let known = world
            .reader()
            .known_person("ipn", &[("lead".to_owned(), id)])
            .await;
        assert_eq!(known.expect("read"), None);
    }
    world.end(&[State::Done, State::Cancelled]).await;
}

/// A forged report of our own call does not stand in the place of the true one, which is an echo still.
#[tokio::test]
async fn a_forged_echo_does_not_use_up_the_true_one() {
    let world = world(&TAGGED.replace("echo: true\n", "")).await;
    world.order("1", ADA).await.event();
    world.settle().await;
    let report = world.sandbox.world().reports().remove(0);
    let mut forged = report.clone();
    forged["lead"]["score"] = "99".into();
    world.send("kartra", &forged).await.event();
    world.send("kartra", &report).await.event();
    world.settle().await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn what_was_told_of_forged_events_is_over_with_the_next_start() {
    let mut world = world(SALE).await;
    let (_, body) = sell(&world, 29_700);
    notify(&world, &with(&body, "lead_id", "1")).await;
    world.settle().await;
    assert_eq!(standing(&world).await.len(), 1);
    world.restart().await;
    assert_eq!(standing(&world).await, []);
    notify(&world, &with(&body, "lead_id", "2")).await;
    world.settle().await;
    assert_eq!(standing(&world).await.len(), 1);
    world.end(&[State::Cancelled]).await;
}

/// What the account answers without showing it: the run gives up, and a person may let it go on.
#[tokio::test]
async fn an_answer_that_shows_nothing_is_no_proof() {
    let world = world(SALE).await;
    let (_, body) = sell(&world, 29_700);
    let event = notify(&world, &with(&body, "transaction_subscription_id", "I-EV7")).await;
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert!(why(&run).contains("step 0 (check)"), "{}", why(&run));
    assert_eq!(effects(&world, "assign-tag"), 0);
    let engine = world.app().engine();
    engine.resume(run.id, "look again").await.expect("resumed");
    world.settle().await;
    assert_eq!(
        world.run_of(event).await.state,
        State::Failed,
        "it is asked again"
    );
    assert_eq!(world.verbs(), ["get-transaction-details"; 2]);
    world.end(&[State::Failed]).await;
}
