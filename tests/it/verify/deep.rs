//! The deeper look: events judged again, runs held against their rules' texts.

use super::story::Story;

#[tokio::test]
async fn what_was_changed_after_it_was_judged_is_found_by_judging_again() {
    let story = Story::told().await;
    let cases: &[(&str, &[&str])] = &[
        ("SELECT 1", &[]),
        // The body is another.
        (
            "UPDATE bodies SET raw = CAST(replace(CAST(raw AS TEXT), '\"vip\":false', '\"vip\":true') AS BLOB)
                WHERE event_seq = {event o1}",
            &["verdict-again: event o1"],
        ),
        // A verdict is another.
        (
            "UPDATE events SET verdicts = json_set(verdicts, '$[1].leaf', 3) WHERE seq = {event o1}",
            &["verdict-again: event o1"],
        ),
        // A rule that does not exclude the type has no verdict.
        (
            "UPDATE events SET verdicts = json_remove(verdicts, '$[1]') WHERE seq = {event o1}",
            &["verdict-again: event o1"],
        ),
        // A rule that excludes the type has one.
        (
            "UPDATE events SET kind = 'none' WHERE seq = {event o2}",
            &["verdict-again: event o2", "verdict-again: event o2"],
        ),
        (
            "UPDATE bodies SET raw = x'7b' WHERE event_seq = {event o1}",
            &["verdict-again: event o1"],
        ),
        (
            "UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".c', 9) WHERE seq = {s1}",
            &["attempts-policy: s1"],
        ),
        (
            "UPDATE rules SET text = 'id: [' WHERE rule = 'nap'",
            &["text-hash: rule nap", "text-readable: n1"],
        ),
    ];
    for (sql, expected) in cases {
        let found = story.with(sql).await.found(true).await;
        assert_eq!(found, *expected, "{sql}");
    }
}
