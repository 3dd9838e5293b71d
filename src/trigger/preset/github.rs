//! GitHub: what happens in repositories and organizations.

use serde_json::Value;

use super::{Answer, People, Preset, Row, Sample, payload};
use crate::trigger::signature::hmac::Hmac;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "github",
    title: "GitHub",
    doc: "Set a secret at the webhook; both content types do. The type is the name in `X-GitHub-Event`, such as `push`. \
          GitHub never tries again by itself: see Recent Deliveries after an outage.",
    verified: "`X-Hub-Signature-256` holds `sha256=` and the HMAC-SHA256 of the body. The older SHA-1 header is not looked at.",
    retries: "None; deliveries can be sent again by hand for three days. It waits ten seconds for the answer.",
    lost_after: "one request",
    handshakes: "the event `ping`",
    id: &[&["$.headers['x-github-delivery']"]],
    kind: &["$.headers['x-github-event']"],
    people: People::Rows(PEOPLE),
    samples: &[
        Sample::json("push", include_str!("samples/github-push.json")).with(&[
            ("x-github-event", "push"),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ]),
    ],
    scheme: |_| {
        Ok(Box::new(Hmac {
            header: "x-hub-signature-256".into(),
            prefix: "sha256=".into(),
            ..Hmac::default()
        }))
    },
    unfold: Some(|body| Ok(payload(body))),
    answer: Some(ping),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.pusher.email", "$.body.sender.email"],
    name: &["$.body.pusher.name"],
    ids: &[("login", &["$.body.sender.login"])],
    ..Row::NONE
}];

/// The delivery by which GitHub tries a new webhook.
fn ping(delivery: &Value, _: &super::Keys<'_>) -> Option<Answer> {
    let event = delivery.get("headers")?.get("x-github-event")?.as_str()?;
    (event == "ping").then(|| Answer::text("ping", ""))
}
