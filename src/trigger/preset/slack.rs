//! Slack: events of its Events API, interactions and commands.

use serde_json::Value;

use super::{Answer, Keys, People, Preset, Row, Sample, payload};
use crate::trigger::signature::hmac::versioned;

/// The longest challenge that is given back.
const CHALLENGE_BYTES_MAX: usize = 1_024;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "slack",
    title: "Slack",
    doc: "The secret is the app's signing secret. The question that Slack asks when the URL is saved is answered. Events name \
          people by Slack's own id; their address is seldom there. A command's type is its name, such as `/grant`.",
    verified: "`X-Slack-Signature` holds `v0=` and the HMAC-SHA256 of version, time and body.",
    retries: "Three times: at once, after one minute, after five. It waits three seconds for the answer.",
    lost_after: "6 minutes",
    handshakes: "`url_verification`",
    id: &[&["$.body.event_id"], &["$.body.trigger_id"]],
    kind: &["$.body.event.type", "$.body.command", "$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "team_join",
        include_str!("samples/slack-team_join.json"),
    )],
    scheme: |around| {
        Ok(Box::new(versioned(
            "x-slack-signature",
            "x-slack-request-timestamp",
            around,
        )))
    },
    unfold: Some(|body| Ok(payload(body))),
    answer: Some(challenge),
    secret_fields: &[&["token"]],
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.event.user.profile.email"],
    first_name: &["$.body.event.user.profile.first_name"],
    last_name: &["$.body.event.user.profile.last_name"],
    name: &["$.body.event.user.real_name"],
    phone: &["$.body.event.user.profile.phone"],
    ids: &[(
        "user",
        &[
            "$.body.event.user.id",
            "$.body.event.user",
            "$.body.user.id",
            "$.body.user_id",
        ],
    )],
    ..Row::NONE
}];

/// `url_verification`: Slack wants its word back.
fn challenge(delivery: &Value, _: &Keys<'_>) -> Option<Answer> {
    let body = delivery.get("body")?;
    if body.get("type")?.as_str()? != "url_verification" {
        return None;
    }
    let word = body.get("challenge")?.as_str()?;
    (word.len() <= CHALLENGE_BYTES_MAX).then(|| Answer::text("url_verification", word))
}
