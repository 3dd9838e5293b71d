//! What the daemon knows of the accounts: read by itself, told when a name that a rule uses is gone, named when a call is refused.

use std::time::Duration;

use kartwheel::engine::{SYNC_AGE, SYNC_APART};
use kartwheel::run::State;
use kartwheel::sandbox::Kind;
use kartwheel::store::{AlertKind, Snapshot};

use crate::cli::kartwheel;
use crate::faults::TAG;
use crate::world::World;

pub(crate) async fn reading(rules: &str) -> World {
    let mut world = World::with(rules).await;
    world.restart_reading().await;
    world.until_read().await;
    world
}

impl World {
    async fn restart_reading(&mut self) {
        self.stop().await;
        self.start_reading().await;
    }

    /// Waits until what is due to be read has been; time goes on for the pace alone.
    async fn until_read(&self) {
        let now = self.reader();
        for _ in 0..5_000 {
            let kept = now.snapshots().await.expect("the store answers");
            let fresh = kept.first().is_some_and(|kept| {
                kartwheel::clock::between(
                    kept.synced_at,
                    kartwheel::clock::Clock::now(&*self.clock),
                ) < Duration::from_secs(60)
            });
            if fresh {
                return;
            }
            self.clock.advance(Duration::from_millis(2));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("the account is not read");
    }

    /// The alerts that stand, once they are these: they are told a moment after the account is kept.
    async fn until_told(&self, expected: &[(AlertKind, String)]) {
        for _ in 0..5_000 {
            if self.alerts().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.alerts().await, expected);
    }

    async fn alerts(&self) -> Vec<(AlertKind, String)> {
        let alerts = self.reader().alerts(true, 100).await.expect("alerts");
        alerts
            .into_iter()
            .map(|alert| (alert.kind, alert.subject))
            .collect()
    }
}

#[tokio::test]
async fn a_name_that_is_gone_is_told_once_and_over_when_it_is_back() {
    let world = reading(TAG).await;
    assert_eq!(world.alerts().await, []);
    world
        .sandbox
        .world()
        .account(|account| account.rename(Kind::Tags, "buyer", "Buyer"));
    world.clock.advance(SYNC_AGE);
    world.until_read().await;
    let gone = [(AlertKind::NameGone, "main tag buyer".to_owned())];
    world.until_told(&gone).await;
    world.clock.advance(SYNC_AGE);
    world.until_read().await;
    assert_eq!(world.alerts().await, gone, "once");
    let alert = &world.reader().alerts(true, 1).await.expect("alerts")[0];
    assert!(
        alert.text.contains("rules.yaml:6") && alert.text.contains("differs only by case"),
        "{}",
        alert.text
    );
    world
        .sandbox
        .world()
        .account(|account| account.rename(Kind::Tags, "Buyer", "buyer"));
    world.clock.advance(SYNC_AGE);
    world.until_read().await;
    world.until_told(&[]).await;
    let told = world.reader().alerts(false, 10).await.expect("alerts");
    assert_eq!(told.len(), 1, "once: {told:?}");
    world.end(&[]).await;
}

#[tokio::test]
async fn a_refused_name_is_met_with_the_nearest_and_the_account_is_read_again_soon() {
    let world = reading(TAG).await;
    world
        .sandbox
        .world()
        .account(|account| account.rename(Kind::Tags, "buyer", "buyers"));
    assert!(Duration::from_secs(120) < SYNC_APART);
    world.clock.advance(Duration::from_secs(120));
    let event = world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Failed);
    let why = run.why.expect("a reason");
    assert!(
        why.contains("had `buyer` when it was last read") && !why.contains("differs"),
        "{why}"
    );
    world.until_read().await;
    let gone = [(AlertKind::NameGone, "main tag buyer".to_owned())];
    world.until_told(&gone).await;
    // What is known by now is shown with the run that failed before it was known.
    let shown = kartwheel(world.dir.path(), &["runs", "show", &run.id.to_string()]);
    assert!(shown.out.contains("`buyers`"), "{}", shown.out);
    let second = world.order("2", "ada@example.com").await.event();
    world.settle().await;
    let why = world.run_of(second).await.why.expect("a reason");
    assert!(why.contains("212") && why.contains("`buyers`"), "{why}");
    world
        .until_told(&[(AlertKind::NameGone, "main tag buyer".to_owned())])
        .await;
    world.end(&[State::Failed]).await;
}

#[tokio::test]
async fn an_action_that_is_not_offered_is_told_at_the_start() {
    let rule = "
id: grant
trigger: { webhook: shop }
actions:
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
";
    let mut world = World::with(rule).await;
    world.sandbox.world().set(|settings| {
        settings
            .without_actions
            .insert("grant-membership-access".into());
    });
    world.restart_reading().await;
    world.until_read().await;
    let told = [(
        AlertKind::NotOffered,
        "main action grant-membership-access".to_owned(),
    )];
    world.until_told(&told).await;
    world.end(&[]).await;
}

/// What the store keeps of the account behind `main`, with one thing changed.
async fn keep_changed(world: &World, change: impl Fn(&mut Snapshot)) {
    let kept = world.reader().snapshots().await.expect("the store answers");
    let mut kept = kept.into_iter().next().expect("it was read");
    change(&mut kept);
    let store = world.app().store();
    store.keep_snapshot(kept).await.expect("kept");
}

#[tokio::test]
async fn what_was_read_from_another_connection_is_neither_believed_nor_mixed_in() {
    let mut world = reading(TAG).await;
    world.sandbox.world().set(|settings| {
        settings
            .without_actions
            .insert("retrieve-account-pages".into());
    });
    keep_changed(&world, |kept| {
        kept.from.connection = Some("another".into());
        kept.account.tags = Some(Vec::new());
        kept.account.pages = Some(vec!["theirs".into()]);
    })
    .await;
    world.restart().await;
    assert_eq!(world.alerts().await, [], "their tags are not ours");
    world.stop().await;
    world.clock.advance(Duration::from_secs(3600));
    world.start_reading().await;
    world.until_read().await;
    let kept = world.reader().snapshots().await.expect("the store answers");
    assert_eq!(
        kept[0].from.connection.as_deref(),
        Some(kartwheel::sandbox::CONNECTION_ID)
    );
    assert_eq!(kept[0].account.pages, None, "nor are their pages");
    world.end(&[]).await;
}

#[tokio::test]
async fn what_was_told_of_a_connection_that_left_the_settings_is_over() {
    let mut world = reading(TAG).await;
    keep_changed(&world, |kept| kept.account.tags = Some(Vec::new())).await;
    world.restart().await;
    let gone = [(AlertKind::NameGone, "main tag buyer".to_owned())];
    assert_eq!(world.alerts().await, gone);
    let settings = world.dir.path().join("kartwheel.yaml");
    let text = std::fs::read_to_string(&settings).expect("the settings");
    std::fs::write(&settings, text.replace("  main: {", "  renamed: {")).expect("written");
    world.restart().await;
    assert_eq!(world.alerts().await, []);
    world.end(&[]).await;
}
