//! What somebody must be told once, and what is kept of accounts.

use kartwheel::account::{Account, CustomField, OfferedAction, Place};
use kartwheel::store::{Alert, AlertKind, Snapshot};
use serde_json::json;

use super::on_every_store;
use super::world::{Home, World};

on_every_store!(
    an_alert_is_raised_once_and_its_text_renewed,
    alerts_of_another_kind_or_subject_are_others,
    an_alert_that_is_over_can_be_raised_again,
    alerts_are_listed_newest_first,
    a_thousand_that_raise_the_same_raise_one,
    a_snapshot_replaces_the_one_before,
);

fn alert(world: &World, kind: AlertKind, subject: &str, text: &str) -> Alert {
    Alert {
        kind,
        subject: subject.into(),
        text: text.into(),
        since: world.now(),
        over_at: None,
    }
}

async fn raise(world: &World, kind: AlertKind, subject: &str, text: &str) -> bool {
    let alert = alert(world, kind, subject, text);
    world.store.raise(alert).await.unwrap()
}

async fn calm(world: &World, kind: AlertKind, subject: &str) -> bool {
    let calm = world.store.calm(kind, subject, world.now());
    calm.await.unwrap()
}

async fn standing(world: &World) -> Vec<Alert> {
    world.reader().alerts(true, 0).await.unwrap()
}

async fn an_alert_is_raised_once_and_its_text_renewed(home: Home) {
    let world = home.open().await;
    let first = alert(&world, AlertKind::ConnectionHeld, "main", "log in again");
    assert!(world.store.raise(first.clone()).await.unwrap());
    world.advance(60);
    for text in ["log in again", "log in at https://example.com/"] {
        assert!(!raise(&world, AlertKind::ConnectionHeld, "main", text).await);
    }
    let expected = Alert {
        text: "log in at https://example.com/".into(),
        ..first
    };
    assert_eq!(standing(&world).await[..], [expected]);
    let before = standing(&world).await;
    let world = world.reopen().await;
    assert_eq!(standing(&world).await, before);
}

async fn alerts_of_another_kind_or_subject_are_others(home: Home) {
    let world = home.open().await;
    for kind in AlertKind::ALL {
        for subject in ["main", "other"] {
            assert!(raise(&world, kind, subject, "").await);
        }
    }
    assert_eq!(standing(&world).await.len(), 2 * AlertKind::ALL.len());
    assert!(calm(&world, AlertKind::NameGone, "main").await);
    let left = standing(&world).await;
    assert_eq!(left.len(), 2 * AlertKind::ALL.len() - 1);
    let gone = |alert: &Alert| alert.kind == AlertKind::NameGone && alert.subject == "main";
    assert!(!left.iter().any(gone));
}

async fn an_alert_that_is_over_can_be_raised_again(home: Home) {
    let world = home.open().await;
    let kind = AlertKind::LimitReached;
    assert!(!calm(&world, kind, "refund").await, "none stands");
    assert!(raise(&world, kind, "refund", "3 a day").await);
    let over = world.advance(60);
    assert!(calm(&world, kind, "refund").await);
    world.advance(60);
    assert!(!calm(&world, kind, "refund").await);
    assert!(standing(&world).await.is_empty());
    assert!(raise(&world, kind, "refund", "3 a day").await);
    let all = world.reader().alerts(false, 10).await.unwrap();
    let over_at: Vec<_> = all.iter().map(|alert| alert.over_at).collect();
    assert_eq!(over_at, [None, Some(over)]);
}

async fn alerts_are_listed_newest_first(home: Home) {
    let world = home.open().await;
    for subject in ["a", "b", "c"] {
        raise(&world, AlertKind::NotOffered, subject, "").await;
        world.advance(1);
    }
    for which in [true, false] {
        let listed = world.reader().alerts(which, 2).await.unwrap();
        let subjects: Vec<_> = listed.iter().map(|alert| &*alert.subject).collect();
        assert_eq!(subjects, ["c", "b"]);
    }
}

async fn a_thousand_that_raise_the_same_raise_one(home: Home) {
    let world = home.open().await;
    let mut raising = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let alert = alert(&world, AlertKind::ConnectionHeld, "main", "log in again");
        let store = world.store.clone();
        raising.spawn(async move { store.raise(alert).await.unwrap() });
    }
    let new = raising.join_all().await;
    assert_eq!(new.iter().filter(|new| **new).count(), 1);
    assert_eq!(world.reader().alerts(false, 0).await.unwrap().len(), 1);
}

async fn a_snapshot_replaces_the_one_before(home: Home) {
    let world = home.open().await;
    assert!(world.reader().snapshots().await.unwrap().is_empty());
    let action = OfferedAction {
        id: "act_1".into(),
        key: "assign-tag".into(),
        name: "Assign tag".into(),
        description: String::new(),
        input_schema: json!({ "type": "object", "maximum": 49.10 }),
        output_schema: json!(null),
    };
    let account = Account {
        actions: Some(vec![action]),
        tags: Some(vec!["buyer\u{0}".into(), "Ä".into()]),
        lists: None,
        sequences: Some(Vec::new()),
        pages: None,
        custom_fields: Some(vec![CustomField {
            identifier: "size".into(),
            kind: "drop_down".into(),
            options: vec![("1".into(), "small".into())],
        }]),
    };
    let mut snapshot = Snapshot {
        connection: "main".into(),
        from: Place {
            url: "https://api.getmembrane.com".into(),
            tenant: None,
            connection: Some("c1".into()),
        },
        synced_at: world.now(),
        account,
    };
    let other = Snapshot {
        connection: "agency".into(),
        from: Place::default(),
        synced_at: world.now(),
        account: Account::default(),
    };
    for kept in [&snapshot, &other] {
        world.store.keep_snapshot(kept.clone()).await.unwrap();
    }
    let kept = world.reader().snapshots().await.unwrap();
    assert_eq!(kept, [other.clone(), snapshot.clone()]);
    snapshot.synced_at = world.advance(60);
    snapshot.from.connection = Some("c2".into());
    snapshot.account.tags = Some(Vec::new());
    world.store.keep_snapshot(snapshot.clone()).await.unwrap();
    let world = world.reopen().await;
    let kept = world.reader().snapshots().await.unwrap();
    assert_eq!(kept, [other, snapshot]);
}
