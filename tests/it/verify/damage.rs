//! Files that are damaged, of which an index is gone, or that are no database of ours.

use std::fs::File;
use std::os::unix::fs::FileExt;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};

use super::story::Story;

/// A page that the disk has lost is said to be lost, and what does not stand in it is looked at all the same.
#[tokio::test]
async fn a_damaged_page_is_found_and_the_rest_is_looked_at() {
    let story = Story::told().await;
    let copy = story
        .with("DELETE FROM bodies WHERE event_seq = {event o1}")
        .await;
    let options = SqliteConnectOptions::new().filename(copy.database());
    let mut db = options.connect().await.unwrap();
    let sql =
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'attempts'";
    let row = sqlx::query(sql).fetch_one(&mut db).await.unwrap();
    let (page, size): (i64, i64) = (row.get(0), row.get(1));
    db.close().await.unwrap();
    let file = File::options().write(true).open(copy.database()).unwrap();
    let at = u64::try_from((page - 1) * size).unwrap();
    file.write_all_at(&[0x55; 512], at).unwrap();
    let found = copy.found(false).await;
    for name in [
        "file: table attempts",
        "event-body: event o1",
        "attempt-gap: unread",
    ] {
        assert!(
            found.iter().any(|found| found == name),
            "{name} in {found:?}"
        );
    }
}

/// Without its index a look-up would walk the table for each row.
#[tokio::test]
async fn a_missing_index_is_named_and_nothing_is_looked_up_without_it() {
    let story = Story::told().await;
    let copy = story
        .with("DROP INDEX attempts_number; DELETE FROM bodies WHERE event_seq = {event o1}")
        .await;
    let found = copy.found(false).await;
    assert_eq!(found[0], "schema: index attempts_number");
    assert!(
        found.contains(&"attempt-gap: unread".to_owned()),
        "{found:?}"
    );
    assert!(
        !found.contains(&"event-body: event o1".to_owned()),
        "{found:?}"
    );
}

/// Only the deeper look compares what an index holds with what its table holds.
#[tokio::test]
async fn the_deeper_look_finds_an_index_that_is_not_what_it_says() {
    let story = Story::told().await;
    let copy = story
        .with(
            "DROP INDEX events_short; CREATE INDEX events_short ON events (substr(id, 13, 3));
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = 'CREATE INDEX events_short ON events (substr(id, 13, 4))'
                WHERE name = 'events_short'",
        )
        .await;
    assert_eq!(copy.found(false).await, Vec::<String>::new());
    let found = copy.found(true).await;
    let wrong = found.iter().any(|found| found == "file: table events");
    assert!(wrong, "{found:?}");
}
