//! A database is a file of its owner's with one daemon: what is refused, and in which words.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use kartwheel::run::State;
use kartwheel::store::{self, OpenOptions, StoreError};

use super::world::{Home, ids};

fn database(home: &Home) -> &Path {
    Path::new(home.url.strip_prefix("sqlite://").unwrap())
}

async fn refused(home: &Home, url: &str) -> String {
    let opened = store::open(url, home.clock.clone(), OpenOptions::default()).await;
    match opened.expect_err("it is refused") {
        StoreError::Unusable(text) | StoreError::Locked(text) => text,
        other => panic!("another kind of refusal: {other:?}"),
    }
}

#[tokio::test]
async fn a_second_daemon_is_refused_and_told_who_is_there() {
    let home = Home::sqlite();
    let link = home.dir.path().join("alias.db");
    let another = home.another();
    let options = OpenOptions {
        holder: "kartwheel serve".into(),
        ..OpenOptions::default()
    };
    let first = store::open(&home.url, home.clock.clone(), options).await;
    let first = first.unwrap();
    symlink(database(&home), &link).unwrap();
    for url in [home.url.clone(), link.display().to_string()] {
        let text = refused(&another, &url).await;
        let holder = format!("kartwheel serve, process {}", std::process::id());
        assert!(text.contains(&holder), "{text}");
        assert!(text.contains("stop that one first"), "{text}");
    }
    first.close().await;
    let second = store::open(&home.url, home.clock.clone(), OpenOptions::default()).await;
    second.unwrap().close().await;
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let home = Home::sqlite();
    let path = home.dir.path().join("new/deep/kartwheel.db");
    let url = path.display().to_string();
    let store = store::open(&url, home.clock.clone(), OpenOptions::default()).await;
    let store = store.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for ending in ["", "-wal", "-shm", ".lock"] {
        let file = format!("{url}{ending}");
        assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
    }
    store.close().await;
    assert!(
        !Path::new(&format!("{url}-wal")).exists(),
        "the log is put away"
    );
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_left_as_it_was() {
    let home = Home::sqlite();
    let path = home.dir.path().join("notes.txt");
    let text = "not a database, but long enough to have a header where one would be ".repeat(20);
    std::fs::write(&path, &text).unwrap();
    let why = refused(&home, &path.display().to_string()).await;
    assert!(why.contains("notes.txt"), "{why}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    let other = home.dir.path().join("other.db");
    change(&other, "CREATE TABLE notes (text TEXT)").await;
    let before = std::fs::read(&other).unwrap();
    let why = refused(&home, &other.display().to_string()).await;
    assert!(why.contains("not one of Kartwheel"), "{why}");
    assert_eq!(std::fs::read(&other).unwrap(), before);
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let world = Home::sqlite().open().await;
    world.store.close().await;
    let sql = "INSERT INTO schema_versions (version, name, applied_at) VALUES (999, 'later', 0)";
    change(database(&world.home), sql).await;
    let why = refused(&world.home, &world.home.url).await;
    assert!(why.contains("newer version (999)"), "{why}");
    let read = store::open_read_only(&world.home.url, world.home.clock.clone()).await;
    assert!(matches!(read.err(), Some(StoreError::Unusable(text)) if text.contains("newer")));
}

#[tokio::test]
async fn a_reader_of_an_older_database_says_what_mends_it() {
    let world = Home::sqlite().open().await;
    world.store.close().await;
    let sql =
        "DELETE FROM schema_versions WHERE version = (SELECT max(version) FROM schema_versions)";
    change(database(&world.home), sql).await;
    let read = store::open_read_only(&world.home.url, world.home.clock.clone()).await;
    assert!(matches!(read.err(), Some(StoreError::Older(text)) if text.contains("serve")));
}

async fn change(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut db = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    sqlx::Connection::close(db).await.unwrap();
}

#[tokio::test]
async fn addresses_that_are_not_in_this_version_are_refused_without_their_password() {
    let home = Home::sqlite();
    for (url, word) in [
        (
            "postgres://kart:hunter2@db/kart",
            "PostgreSQL is not in this version",
        ),
        ("mysql://kart:hunter2@db/kart", "`mysql`"),
        ("sqlite://:memory:", "not the path of a database file"),
        ("sqlite://kart.db?mode=ro", "without options"),
        ("", "not the path of a database file"),
    ] {
        let text = refused(&home, url).await;
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn commands_read_beside_the_daemon_and_after_it() {
    let world = Home::sqlite().open().await;
    let (first, _) = world.start(false, |_| {}).await;
    let beside = store::open_read_only(&world.home.url, world.home.clock.clone()).await;
    let beside = beside.unwrap();
    assert!(beside.run(first.id).await.unwrap().is_some());
    let (second, _) = world.start(false, |_| {}).await;
    assert!(
        beside.run(second.id).await.unwrap().is_some(),
        "it sees what is new"
    );
    drop(beside);
    world.store.close().await;
    let later = store::open_read_only(&world.home.url, world.home.clock.clone()).await;
    assert!(later.unwrap().run(second.id).await.unwrap().is_some());
    let nowhere = world.home.dir.path().join("nowhere.db");
    let url = nowhere.display().to_string();
    let missing = store::open_read_only(&url, world.home.clock.clone()).await;
    assert!(
        matches!(missing.err(), Some(StoreError::Unusable(text)) if text.contains("no database"))
    );
    assert!(!nowhere.exists(), "reading makes nothing");
}

/// Invariant 1: what was answered is on disk, not only in the process: the files as they lie there tell it.
#[tokio::test]
async fn what_was_answered_survives_a_process_that_ends_without_a_word() {
    let world = Home::sqlite().open().await;
    let (first, _) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let after = Home::sqlite();
    after.clock.advance(std::time::Duration::from_secs(1));
    for ending in ["", "-wal"] {
        let file = |home: &Home| format!("{}{ending}", database(home).display());
        std::fs::copy(file(&world.home), file(&after)).unwrap();
    }
    let found = after.open().await;
    assert_eq!(found.state(&first).await, State::Running);
    let rescued = found.store.rescue(found.node, found.now(), true).await;
    assert_eq!(rescued.unwrap(), 1);
    let claimed = found.claim(10).await;
    assert_eq!(ids(&claimed), [first.id]);
    found.rest(claimed[0].lease, State::Done, None).await;
    assert_eq!(ids(&found.claim(10).await), [second.id]);
}

#[tokio::test]
async fn after_close_nothing_is_taken_any_more() {
    let world = Home::sqlite().open().await;
    let kept = world.store.clone();
    world.store.close().await;
    kept.close().await;
    let accept = world.accept(world.event("evt_1"), vec![]);
    let late = kept.accept(accept).await;
    assert!(matches!(late, Err(StoreError::Busy)), "{late:?}");
    let renewed = kept.renew(world.node, world.now()).await;
    assert!(matches!(renewed, Err(StoreError::Busy)), "{renewed:?}");
}
