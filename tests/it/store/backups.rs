//! A backup is whole and of one moment, nothing is ever written over, and nothing is sent after a restore until a person says so.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use kartwheel::run::State;
use kartwheel::store::{
    self, BackedUp, Content, Doing, EventFilter, Hold, RunFilter, Step, StoreError,
};

use super::on_every_store;
use super::world::{Home, World};

on_every_store!(
    a_backup_under_load_is_one_moment_and_restores_elsewhere,
    what_a_restore_replaces_is_kept_beside_it,
    nothing_is_written_over,
    a_damaged_backup_replaces_nothing,
    a_restore_waits_for_no_daemon,
);

const REASON: &str = "restored";

impl Home {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    async fn backup(&self, to: &Path) -> Result<BackedUp, StoreError> {
        store::backup(&self.url, to, &|_| {}).await
    }

    async fn restore(&self, from: &Path) -> Result<BackedUp, StoreError> {
        store::restore(&self.url, from, REASON, self.clock.clone(), &|_| {}).await
    }
}

impl World {
    async fn held_by(&self) -> Vec<Hold> {
        self.reader().holds().await.unwrap()
    }
}

fn said(result: Result<BackedUp, StoreError>) -> String {
    match result.expect_err("it is refused") {
        StoreError::Unusable(text) | StoreError::Locked(text) => text,
        other => panic!("another kind of refusal: {other:?}"),
    }
}

/// Accepts one event after another until it is told to stop; each has a run.
async fn load(world: &World, stop: &AtomicBool) -> u32 {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        world.start(false, |_| {}).await;
        number += 1;
    }
    number
}

async fn a_backup_under_load_is_one_moment_and_restores_elsewhere(home: Home) {
    let world = home.open().await;
    for _ in 0..200 {
        world.start(false, |_| {}).await;
    }
    let (_, lease) = world.start_keyed("ada").await;
    world.begin(lease.unwrap(), 1, false).await;
    let to = world.home.file("backup.db");
    let stop = AtomicBool::new(false);
    let steps = Mutex::new(Vec::new());
    let told = |step| steps.lock().unwrap().push(step);
    let backup = async {
        let backup = store::backup(&world.home.url, &to, &told).await;
        stop.store(true, Ordering::SeqCst);
        backup
    };
    let (written, during) = tokio::join!(backup, load(&world, &stop));
    let written = written.unwrap();
    assert!(during > 0, "others write meanwhile");
    let Content { events, runs, .. } = written.content;
    assert!(
        (201..=201 + u64::from(during)).contains(&events),
        "{written:?}"
    );
    assert_eq!(runs, events, "an event and its run are one commit");
    assert_eq!(
        (written.content.unfinished, written.content.calls),
        (events, 1)
    );
    assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(to.metadata().unwrap().len(), written.bytes);
    let last = steps.into_inner().unwrap().pop().unwrap();
    assert!(matches!(last, Step { doing: Doing::Verify, done, of } if done == of && of > 10));

    let elsewhere = world.home.another();
    let moved = elsewhere.file("moved.db");
    std::fs::copy(&to, &moved).unwrap();
    let restored = elsewhere.restore(&moved).await.unwrap();
    assert_eq!((restored.content, restored.kept), (written.content, None));
    assert_eq!(
        elsewhere.files(),
        ["kartwheel.db", "kartwheel.db.lock", "moved.db"]
    );
    let there = elsewhere.open().await;
    let of_both = EventFilter {
        before: Some(i64::try_from(events).unwrap() + 1),
        ..EventFilter::default()
    };
    let mut seen = Vec::new();
    for place in [&world, &there] {
        let events = place.reader().events(&of_both, true).await.unwrap();
        let runs = RunFilter {
            before: of_both.before,
            ..RunFilter::default()
        };
        let runs = place.reader().runs(&runs).await.unwrap();
        let runs: Vec<_> = runs
            .iter()
            .map(|run| (run.id, run.progress.clone()))
            .collect();
        let events: Vec<_> = events
            .iter()
            .map(|stored| (stored.event.id, stored.event.raw.clone()))
            .collect();
        seen.push((events, runs));
    }
    assert!(seen[0] == seen[1], "the same events and runs");
}

async fn what_a_restore_replaces_is_kept_beside_it(home: Home) {
    let world = home.open().await;
    let (before, _) = world.start(false, |_| {}).await;
    let backup = world.home.file("backup.db");
    world.home.backup(&backup).await.unwrap();
    let (after, _) = world.start(false, |_| {}).await;
    world.store.close().await;
    let restored = world.home.restore(&backup).await.unwrap();
    let kept = restored.kept.unwrap();
    let name = kept.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "kartwheel.db.before-restore-20270115T080000Z");
    assert_eq!(
        world.home.files(),
        ["backup.db", "kartwheel.db", name, "kartwheel.db.lock"]
    );

    let clock = world.home.clock.clone();
    let old = store::open_read_only(kept.to_str().unwrap(), clock)
        .await
        .unwrap();
    assert!(
        old.run(after.id).await.unwrap().is_some(),
        "nothing of it is lost"
    );

    let world = world.home.open().await;
    assert!(world.reader().run(after.id).await.unwrap().is_none());
    // What was open may have gone on since: nothing is taken before a person has looked.
    let held = world.held_by().await;
    assert_eq!((&*held[0].connection, &*held[0].reason), ("", REASON));
    assert_eq!(world.claim(10).await.len(), 0);
    let shown = world.reader().run(before.id).await.unwrap().unwrap();
    assert_eq!(shown.state, State::Held);
    world.release("", None).await;
    assert_eq!(world.claim(10).await.len(), 1);
}

async fn nothing_is_written_over(home: Home) {
    let world = home.open().await;
    let taken = world.home.file("notes.txt");
    std::fs::write(&taken, "mine").unwrap();
    let why = said(world.home.backup(&taken).await);
    assert!(why.contains("there already"), "{why}");
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");

    let to = world.home.file("backup.db");
    let partial = world.home.file("backup.db.partial");
    std::fs::write(&partial, "another's").unwrap();
    let why = said(world.home.backup(&to).await);
    assert!(why.contains("cut off"), "{why}");
    assert_eq!(std::fs::read_to_string(&partial).unwrap(), "another's");
    std::fs::remove_file(&partial).unwrap();

    let why = said(
        world
            .home
            .backup(&world.home.file("nowhere/backup.db"))
            .await,
    );
    assert!(why.contains("nowhere"), "{why}");
    world.home.backup(&to).await.unwrap();
    let why = said(world.home.backup(&to).await);
    assert!(why.contains("there already"), "{why}");
    assert!(!partial.exists());
    let none = world.home.another();
    let why = said(none.backup(&none.file("backup.db")).await);
    assert!(why.contains("no database"), "{why}");
    assert_eq!(none.files().len(), 0, "asking makes nothing");
}

async fn a_damaged_backup_replaces_nothing(home: Home) {
    let world = home.open().await;
    for _ in 0..50 {
        world.start(false, |_| {}).await;
    }
    let whole = world.home.file("whole.db");
    world.home.backup(&whole).await.unwrap();
    let (later, _) = world.start(false, |_| {}).await;
    world.store.close().await;
    let before = world.home.files();
    let bytes = std::fs::read(&whole).unwrap();

    let broken = world.home.file("whole.db");
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "not a database",
            b"notes, and nothing else, but many of them ".repeat(300),
        ),
        ("nothing", Vec::new()),
        ("cut off", bytes[..bytes.len() / 2].to_vec()),
    ];
    for page in [3, 9, bytes.len() / 4096 - 2] {
        let mut flipped = bytes.clone();
        for byte in &mut flipped[page * 4096..page * 4096 + 4096] {
            *byte ^= 0x5a;
        }
        cases.push(("a page is damaged", flipped));
    }
    for (what, bytes) in cases {
        std::fs::write(&broken, bytes).unwrap();
        let why = said(world.home.restore(&broken).await);
        assert!(!why.is_empty(), "{what}");
        assert_eq!(world.home.files(), before, "{what}");
    }
    let itself = world.home.file("kartwheel.db");
    let why = said(world.home.restore(&itself).await);
    assert!(why.contains("itself"), "{why}");
    let world = world.home.open().await;
    assert_eq!(world.state(&later).await, State::Ready, "all is as it was");
    assert!(world.held_by().await.is_empty());
}

async fn a_restore_waits_for_no_daemon(home: Home) {
    let world = home.open().await;
    let backup = world.home.file("backup.db");
    world.home.backup(&backup).await.unwrap();
    let why = said(world.home.restore(&backup).await);
    assert!(why.contains("in use by"), "{why}");
    let (run, _) = world.start(false, |_| {}).await;
    assert_eq!(world.state(&run).await, State::Ready, "it serves on");
    // A database in use is no backup, however it was copied.
    let another = world.home.another();
    let why = said(another.restore(&world.home.file("kartwheel.db")).await);
    assert!(why.contains("database in use"), "{why}");
}
