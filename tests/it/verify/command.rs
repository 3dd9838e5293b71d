//! The command: its screen, its JSON, its exit codes, with and without a daemon.

use serde_json::Value;

use super::story::Story;
use crate::cli::{Said, kartwheel};

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
}

#[tokio::test]
async fn it_looks_beside_a_daemon_and_without_one() {
    let mut story = Story::told().await;
    story.world.start().await;
    for arguments in [&["verify"][..], &["verify", "--deep"]] {
        let said = kartwheel(story.world.dir.path(), arguments);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        assert!(said.out.contains("checks hold."), "{}", said.out);
        assert!(
            !said.out.contains('\x1b') && said.err.is_empty(),
            "{}",
            said.err
        );
    }
    story.world.stop().await;
    let said = kartwheel(story.world.dir.path(), &["verify", "--json"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let view = json(&said);
    assert_eq!(view["ok"], true);
    let checks = view["checks"].as_array().unwrap();
    let body = checks
        .iter()
        .find(|check| check["check"] == "event-body")
        .unwrap();
    assert_eq!((&body["invariant"], &body["rows"]), (&1.into(), &8.into()));
}

#[tokio::test]
async fn what_is_broken_is_shown_by_its_short_id_and_ends_with_1() {
    let story = Story::told().await;
    let copy = story
        .with("DELETE FROM bodies WHERE event_seq = {event s1}")
        .await;
    for file in ["kartwheel.yaml", "rules/rules.yaml"] {
        let to = copy.dir.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(story.world.dir.path().join(file), to).unwrap();
    }
    let said = kartwheel(copy.dir.path(), &["verify", "--json"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let view = json(&said);
    assert_eq!((&view["ok"], &view["broken"]), (&false.into(), &2.into()));
    let checks = view["checks"].as_array().unwrap();
    let run = checks
        .iter()
        .find(|check| check["check"] == "run-body")
        .unwrap();
    let id = run["found"][0]["run"].as_str().unwrap();
    let said = kartwheel(copy.dir.path(), &["verify"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let short = format!("run {}", &id[id.len() - 8..]);
    for text in [&*short, "2 findings in all", "means: ", "→ "] {
        assert!(said.out.contains(text), "{text} in {}", said.out);
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_ends_with_2_and_says_why() {
    let story = Story::told().await;
    let dir = story.world.dir.path();
    let newer = story
        .with("INSERT INTO schema_versions VALUES (9999, 'later', 0)")
        .await;
    std::fs::copy(newer.database(), dir.join("kartwheel.db")).unwrap();
    let said = kartwheel(dir, &["verify"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("newer version (9999)"), "{}", said.err);
    let older = story
        .with("DELETE FROM schema_versions WHERE version > 1")
        .await;
    std::fs::copy(older.database(), dir.join("kartwheel.db")).unwrap();
    let said = kartwheel(dir, &["verify"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("older version"), "{}", said.err);
    std::fs::remove_file(dir.join("kartwheel.db")).unwrap();
    let said = kartwheel(dir, &["verify"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("there is no database"), "{}", said.err);
    // What is looked at is told all the same.
    let said = kartwheel(dir, &["verify", "--list"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("not to be seen in a database"),
        "{}",
        said.out
    );
}
