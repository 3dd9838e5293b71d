//! Lists, counts and look-ups.

use kartwheel::run::State;
use kartwheel::store::{EventFilter, Handshake, Refused, RunFilter};
use uuid::Uuid;

use super::on_every_store;
use super::world::{Home, World};

on_every_store!(
    events_are_listed_newest_first_and_page_by_page,
    events_are_found_by_what_they_are,
    events_are_followed_oldest_first,
    runs_are_found_by_what_they_are,
    runs_are_followed_by_their_changes,
    a_short_id_finds_events_and_runs,
    refusals_are_counted_by_the_minute,
    made_up_names_do_not_fill_the_table,
    counts_tell_what_is_there,
);

async fn deliver(world: &World, source: &str, kind: &str, email: &str) -> Uuid {
    let mut event = world.event(&world.id().to_string());
    event.source = source.into();
    event.kind = kind.into();
    event.person.email = Some(email.into());
    let accepted = world.store.accept(world.accept(event, vec![])).await;
    accepted.unwrap().event
}

async fn listed(world: &World, filter: EventFilter) -> Vec<Uuid> {
    let events = world.reader().events(&filter, false).await.unwrap();
    events.iter().map(|stored| stored.event.id).collect()
}

async fn events_are_listed_newest_first_and_page_by_page(home: Home) {
    let world = home.open().await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(deliver(&world, "shop", "order.paid", "ada@example.com").await);
    }
    ids.reverse();
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let filter = EventFilter {
            before,
            limit: 3,
            ..EventFilter::default()
        };
        let page = world.reader().events(&filter, true).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(!last.event.raw.is_empty(), "bodies were asked for");
        before = Some(last.seq);
        pages.push(
            page.iter()
                .map(|stored| stored.event.id)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(pages.concat(), ids);
    let without = world.reader().events(&EventFilter::default(), false).await;
    assert!(
        without
            .unwrap()
            .iter()
            .all(|stored| stored.event.raw.is_empty())
    );
}

async fn events_are_found_by_what_they_are(home: Home) {
    let world = home.open().await;
    let paid = deliver(&world, "shop", "order.paid", " ADA@example.com ").await;
    let noon = world.advance(60);
    let refunded = deliver(&world, "shop", "order.refunded", "ada@example.com").await;
    let form = deliver(&world, "forms", "order[x]", "grace@example.com").await;
    let all = EventFilter::default;
    let by_source = EventFilter {
        source: Some("forms".into()),
        ..all()
    };
    let by_kind = |kind: &str| EventFilter {
        kind: Some(kind.into()),
        ..all()
    };
    let by_email = EventFilter {
        email: Some("Ada@Example.com".into()),
        ..all()
    };
    let since = EventFilter {
        since: Some(noon),
        ..all()
    };
    let later = EventFilter {
        since: Some(world.advance(1)),
        ..all()
    };
    assert_eq!(listed(&world, by_source).await, [form]);
    assert_eq!(listed(&world, by_kind("order.paid")).await, [paid]);
    assert_eq!(listed(&world, by_kind("order.*")).await, [refunded, paid]);
    assert_eq!(listed(&world, by_kind("order[x*")).await, [form]);
    assert_eq!(listed(&world, by_email).await, [refunded, paid]);
    assert_eq!(listed(&world, since).await, [form, refunded]);
    assert!(listed(&world, later).await.is_empty());
}

async fn events_are_followed_oldest_first(home: Home) {
    let world = home.open().await;
    let first = deliver(&world, "shop", "a", "ada@example.com").await;
    let seq = world.reader().event(first).await.unwrap().unwrap().seq;
    let second = deliver(&world, "shop", "b", "ada@example.com").await;
    let third = deliver(&world, "shop", "c", "ada@example.com").await;
    let after = EventFilter {
        after: Some(seq),
        ..EventFilter::default()
    };
    assert_eq!(listed(&world, after).await, [second, third]);
}

async fn runs_are_found_by_what_they_are(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    world.rest(lease.unwrap(), State::Done, None).await;
    let (second, _) = world
        .start(true, |run| {
            run.rule = "receipt".into();
            run.connection = "other".into();
        })
        .await;
    let all = RunFilter::default;
    let filters = [
        (all(), vec![second.id, first.id]),
        (RunFilter { limit: 1, ..all() }, vec![second.id]),
        (
            RunFilter {
                before: Some(second.seq),
                ..all()
            },
            vec![first.id],
        ),
        (
            RunFilter {
                rule: Some("receipt".into()),
                ..all()
            },
            vec![second.id],
        ),
        (
            RunFilter {
                connection: Some("main".into()),
                ..all()
            },
            vec![first.id],
        ),
        (
            RunFilter {
                key: Some("ada".into()),
                ..all()
            },
            vec![first.id],
        ),
        (
            RunFilter {
                event: Some(second.event),
                ..all()
            },
            vec![second.id],
        ),
        (
            RunFilter {
                state: Some(State::Done),
                ..all()
            },
            vec![first.id],
        ),
        (
            RunFilter {
                state: Some(State::Failed),
                ..all()
            },
            vec![],
        ),
    ];
    for (filter, expected) in filters {
        assert_eq!(found(&world, &filter).await, expected, "{filter:?}");
    }
    assert_eq!(world.reader().run(world.id()).await.unwrap(), None);
}

async fn found(world: &World, filter: &RunFilter) -> Vec<Uuid> {
    let runs = world.reader().runs(filter).await.unwrap();
    runs.iter().map(|run| run.id).collect()
}

async fn runs_are_followed_by_their_changes(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start(true, |_| {}).await;
    world.advance(1);
    let (second, _) = world.start(true, |_| {}).await;
    let since = world.advance(1);
    world.rest(lease.unwrap(), State::Done, None).await;
    world.advance(1);
    let (third, _) = world.start(true, |_| {}).await;
    let filter = RunFilter {
        changed_since: Some(since),
        ..RunFilter::default()
    };
    let runs = world.reader().runs(&filter).await.unwrap();
    let found: Vec<_> = runs.iter().map(|run| run.id).collect();
    assert_eq!(found, [first.id, third.id], "not {}", second.id);
}

async fn a_short_id_finds_events_and_runs(home: Home) {
    let world = home.open().await;
    let (run, _) = world.start(true, |_| {}).await;
    for id in [run.id, run.event] {
        let text = id.simple().to_string();
        let found = world.reader().by_short_id(&text[24..]).await.unwrap();
        assert_eq!(found, [id]);
        let upper = text[24..].to_uppercase();
        assert_eq!(world.reader().by_short_id(&upper).await.unwrap(), [id]);
        assert!(
            world
                .reader()
                .by_short_id(&text[25..])
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert!(
        world
            .reader()
            .by_short_id("+1234567")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        world
            .reader()
            .by_short_id("ffffffff")
            .await
            .unwrap()
            .is_empty()
    );
}

fn refusal(world: &World, source: &str, detail: &str) -> Refused {
    Refused {
        source: source.into(),
        reason: "signature".into(),
        detail: detail.into(),
        at: world.now(),
        count: 1,
    }
}

async fn refusals_are_counted_by_the_minute(home: Home) {
    let world = home.open().await;
    let since = world.now();
    for detail in ["first", "second"] {
        let refused = refusal(&world, "shop", detail);
        world.store.refused(refused).await.unwrap();
    }
    world.advance(60);
    let refused = refusal(&world, "shop", "third");
    world.store.refused(refused).await.unwrap();
    let shake = Handshake {
        source: "shop".into(),
        kind: "challenge".into(),
        at: world.now(),
        count: 2,
    };
    world.store.handshake(shake).await.unwrap();
    let counts = world.reader().refusals(since, 10).await.unwrap();
    let told: Vec<_> = counts
        .iter()
        .map(|count| (count.count, count.detail.as_str()))
        .collect();
    assert_eq!(told, [(1, "third"), (2, "second")]);
    assert_eq!(world.reader().refusals(since, 1).await.unwrap().len(), 1);
    let sums = world.reader().refusal_sums(since).await.unwrap();
    let [sum] = sums.as_slice() else {
        panic!("{sums:?}");
    };
    assert_eq!(
        (sum.word.as_str(), sum.count, sum.detail.as_str()),
        ("signature", 3, "third")
    );
    let shaken = world.reader().handshake_sums(since).await.unwrap();
    assert_eq!((shaken[0].word.as_str(), shaken[0].count), ("challenge", 2));
    // The minute that is asked for is told whole.
    let within = world.advance(30);
    assert_eq!(world.reader().refusals(within, 10).await.unwrap().len(), 1);
}

async fn made_up_names_do_not_fill_the_table(home: Home) {
    let world = home.open().await;
    let mut refusals = tokio::task::JoinSet::new();
    for number in 0..500 {
        let refused = refusal(&world, &format!("path {number}"), "unknown");
        let store = world.store.clone();
        refusals.spawn(async move { store.refused(refused).await.unwrap() });
    }
    refusals.join_all().await;
    let counts = world.reader().refusals(world.now(), 1000).await.unwrap();
    assert!(counts.len() <= 201, "{}", counts.len());
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 500);
}

async fn counts_tell_what_is_there(home: Home) {
    let world = home.open().await;
    let (_, lease) = world.start_keyed("ada").await;
    world.start_keyed("ada").await;
    world.start(false, |_| {}).await;
    let (_, done) = world.start(true, |_| {}).await;
    world.rest(done.unwrap(), State::Done, None).await;
    let counts = world.reader().counts(world.now()).await.unwrap();
    let expected = [(State::Ready, 2), (State::Running, 1), (State::Done, 1)];
    assert_eq!(counts.runs, expected);
    assert_eq!((counts.due, counts.events), (1, 4));
    world.rest(lease.unwrap(), State::Done, None).await;
    assert_eq!(world.reader().counts(world.now()).await.unwrap().due, 2);
}
