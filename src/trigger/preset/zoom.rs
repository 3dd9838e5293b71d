//! Zoom: meetings, webinars and who came.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Answer, Keys, People, Preset, Row, Sample};
use crate::trigger::signature::hmac::{Hash, tag_of, versioned};

/// The longest token that is signed for Zoom.
const TOKEN_BYTES_MAX: usize = 512;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "zoom",
    title: "Zoom",
    doc: "The secret is the app's secret token. Zoom asks again and again whether the URL is still ours; that is answered. It has \
          no id of an event: meeting, time and participant together are one.",
    verified: "`x-zm-signature` holds `v0=` and the HMAC-SHA256 of version, time and body.",
    retries: "Three times: after 5, 20 and 60 minutes. It waits three seconds for the answer.",
    lost_after: "85 minutes",
    handshakes: "`endpoint.url_validation`",
    id: &[
        &[
            "$.body.event",
            "$.body.event_ts",
            "$.body.payload.object.uuid",
            "$.body.payload.object.participant.participant_uuid",
        ],
        &[
            "$.body.event",
            "$.body.event_ts",
            "$.body.payload.object.uuid",
            "$.body.payload.object.participant.user_id",
        ],
    ],
    kind: &["$.body.event"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "meeting.participant_joined",
        include_str!("samples/zoom-meeting.participant_joined.json"),
    )],
    scheme: |around| {
        Ok(Box::new(versioned(
            "x-zm-signature",
            "x-zm-request-timestamp",
            around,
        )))
    },
    answer: Some(validation),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &[
        "$.body.payload.object.participant.email",
        "$.body.payload.object.registrant.email",
    ],
    first_name: &["$.body.payload.object.registrant.first_name"],
    last_name: &["$.body.payload.object.registrant.last_name"],
    name: &["$.body.payload.object.participant.user_name"],
    phone: &["$.body.payload.object.registrant.phone"],
    ids: &[(
        "participant",
        &["$.body.payload.object.participant.participant_user_id"],
    )],
    ..Row::NONE
}];

/// `endpoint.url_validation`: Zoom wants its token back, and signed with the secret that only we and it know.
fn validation(delivery: &Value, keys: &Keys<'_>) -> Option<Answer> {
    let body = delivery.get("body")?;
    if body.get("event")?.as_str()? != "endpoint.url_validation" {
        return None;
    }
    let plain = body.get("payload")?.get("plainToken")?.as_str()?;
    let secret = keys
        .secrets
        .first()
        .filter(|_| plain.len() <= TOKEN_BYTES_MAX)?;
    let key = secret.expose_secret().as_bytes();
    let tag = tag_of(Hash::Sha256, key, std::iter::once(plain.as_bytes()))?;
    let answer = json!({"plainToken": plain, "encryptedToken": hex::encode(tag.bytes())});
    Some(Answer::json("url_validation", &answer))
}
