//! People: an id that came with an address leads to it later; the events of one delivery are stored together.

use kartwheel::event::{Event, Person};
use kartwheel::store::{KnownPerson, NewRun, StoreError};

use super::on_every_store;
use super::world::{Home, World};

on_every_store!(
    an_id_leads_to_the_address_that_came_with_it,
    the_last_address_counts_and_what_it_leaves_out_stays,
    an_address_that_was_looked_up_tells_nothing_new,
    a_repeat_tells_nothing,
    the_events_of_one_delivery_are_stored_together,
    of_one_delivery_all_is_stored_or_nothing,
);

fn about(world: &World, sender_id: &str, email: Option<&str>, first_name: Option<&str>) -> Event {
    let mut event = world.event(sender_id);
    event.person = Person {
        email: email.map(Into::into),
        first_name: first_name.map(Into::into),
        ..Person::default()
    };
    event.person.ids.insert("customer".into(), "cus_1".into());
    event
}

async fn accept(world: &World, event: Event) {
    let accepted = world.store.accept(world.accept(event, vec![])).await;
    accepted.unwrap();
}

async fn known(world: &World, source: &str, kind: &str, id: &str) -> Option<KnownPerson> {
    let ids = [("other".into(), "x".into()), (kind.into(), id.into())];
    world.reader().known_person(source, &ids).await.unwrap()
}

async fn an_id_leads_to_the_address_that_came_with_it(home: Home) {
    let world = home.open().await;
    let event = about(&world, "evt_1", Some("Ada@example.com"), Some("Ada"));
    accept(&world, event.clone()).await;
    let world = world.reopen().await;
    let source = &*event.source;
    let person = known(&world, source, "customer", "cus_1").await.unwrap();
    assert_eq!(person.email, "Ada@example.com");
    assert_eq!(person.first_name.as_deref(), Some("Ada"));
    assert_eq!(person.event, event.id);
    assert_eq!(known(&world, source, "customer", "cus_2").await, None);
    assert_eq!(known(&world, source, "lead", "cus_1").await, None);
    assert_eq!(known(&world, "other", "customer", "cus_1").await, None);
}

async fn the_last_address_counts_and_what_it_leaves_out_stays(home: Home) {
    let world = home.open().await;
    accept(
        &world,
        about(&world, "evt_1", Some("old@example.com"), Some("Ada")),
    )
    .await;
    let last = about(&world, "evt_2", Some("new@example.com"), None);
    accept(&world, last.clone()).await;
    accept(&world, about(&world, "evt_3", None, Some("Nobody"))).await;
    let person = known(&world, &last.source, "customer", "cus_1").await;
    let person = person.unwrap();
    assert_eq!(person.email, "new@example.com");
    assert_eq!(person.first_name.as_deref(), Some("Ada"));
    assert_eq!(person.event, last.id);
}

async fn an_address_that_was_looked_up_tells_nothing_new(home: Home) {
    let world = home.open().await;
    let first = about(&world, "evt_1", Some("ada@example.com"), None);
    accept(&world, first.clone()).await;
    let mut second = about(&world, "evt_2", Some("ada@example.com"), None);
    second.person.known_by = Some(first.id);
    second.person.ids.insert("card".into(), "card_1".into());
    accept(&world, second.clone()).await;
    let person = known(&world, &first.source, "customer", "cus_1").await;
    assert_eq!(person.unwrap().event, first.id);
    assert_eq!(known(&world, &first.source, "card", "card_1").await, None);
    let stored = world.reader().event(second.id).await.unwrap().unwrap();
    assert_eq!(stored.event.person, second.person);
}

async fn a_repeat_tells_nothing(home: Home) {
    let world = home.open().await;
    let first = about(&world, "evt_1", Some("ada@example.com"), None);
    accept(&world, first.clone()).await;
    accept(
        &world,
        about(&world, "evt_1", Some("other@example.com"), None),
    )
    .await;
    let person = known(&world, &first.source, "customer", "cus_1").await;
    assert_eq!(person.unwrap().email, "ada@example.com");
}

async fn the_events_of_one_delivery_are_stored_together(home: Home) {
    let world = home.open().await;
    accept(&world, world.event("evt_7")).await;
    let accepts: Vec<_> = (0..100)
        .map(|number| world.accept(world.event(&format!("evt_{number}")), vec![]))
        .collect();
    let ids: Vec<_> = accepts.iter().map(|accept| accept.event.id).collect();
    let accepted = world.store.accept_all(accepts).await.unwrap();
    let repeats = accepted.iter().filter(|accepted| accepted.duplicate);
    assert_eq!(repeats.count(), 1);
    assert!(accepted[7].duplicate);
    for (number, accepted) in accepted.iter().enumerate() {
        assert_eq!(accepted.event == ids[number], number != 7, "in order");
    }
    let counts = world.reader().counts(world.now()).await.unwrap();
    assert_eq!(counts.events, 100);
    assert!(world.store.accept_all(vec![]).await.unwrap().is_empty());
}

async fn of_one_delivery_all_is_stored_or_nothing(home: Home) {
    let world = home.open().await;
    let good = world.event("evt_1");
    let bad = world.event("evt_2");
    let run = NewRun {
        run: world.run(&good),
        take: false,
        intent: None,
    };
    // Two runs of one id: the store refuses the second.
    let accepts = vec![
        world.accept(good, vec![run.clone()]),
        world.accept(bad, vec![run]),
    ];
    let refused = world.store.accept_all(accepts).await;
    assert!(matches!(refused, Err(StoreError::Row(_))), "{refused:?}");
    let counts = world.reader().counts(world.now()).await.unwrap();
    assert_eq!(counts.events, 0);
}
