//! A connection's state: can it run actions, and if not, what must a person do?

use serde_json::Value;

use super::fault::short;
use crate::action::Readiness;

/// The longest link that is shown.
const MAX_LINK_CHARS: usize = 2_000;

/// A connection as Membrane describes it; what is not needed is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    /// Membrane's id of it.
    pub(super) id: String,
    /// Its name in Membrane.
    pub(super) name: String,
    /// One of Membrane's words, such as `READY`; one of ours where it says none.
    pub(super) state: String,
    /// What a person must do, with the link.
    action: Option<String>,
    /// What went wrong.
    error: Option<String>,
}

impl Connection {
    /// Reads it; None if it has no id.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let id = text("id").filter(|id| !id.is_empty())?;
        let flag = |name: &str| body.get(name).and_then(Value::as_bool);
        let state = match text("state") {
            Some(state) => short(state),
            // By its schema the state may be missing.
            None if flag("connected") == Some(true) || flag("disconnected") == Some(false) => {
                "READY".to_owned()
            }
            None => "not connected".to_owned(),
        };
        Some(Self {
            id: id.to_owned(),
            name: text("name").map(short).unwrap_or_default(),
            state,
            action: body.get("clientAction").and_then(read_action),
            error: read_error(body),
        })
    }

    /// Whether it can run actions, by its state alone.
    pub(super) fn readiness(&self) -> Readiness {
        if self.state == "READY" {
            return Readiness::Ready;
        }
        let to_do = match self.state.as_str() {
            "BUILDING" => "Membrane is building its connector: wait a few minutes",
            "CLIENT_ACTION_REQUIRED" => "a person must act",
            "CONFIGURATION_ERROR" => "correct its set-up in the Membrane console",
            "SETUP_FAILED" => "its connector could not be built: ask Membrane's support",
            "DISCONNECTING" => "it is being removed: connect the account again",
            _ => "look at it in the Membrane console",
        };
        let mut text = format!("connection {} is {}: {to_do}", self.id, self.state);
        for more in [&self.error, &self.action].into_iter().flatten() {
            text.push_str(". ");
            text.push_str(more.trim_end_matches('.'));
        }
        Readiness::NotReady(text)
    }
}

/// The description, and the link where it is a safe one. What is meant for AI agents is left alone.
fn read_action(action: &Value) -> Option<String> {
    let description = action.get("description").and_then(Value::as_str).map(short);
    let link = action.get("uiUrl").and_then(Value::as_str).map(|link| {
        if is_plain_https(link) {
            link.to_owned()
        } else {
            "(a link that is not https was left out)".to_owned()
        }
    });
    let parts: Vec<_> = [description, link].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A link that may be shown: https, and nothing in it that a terminal could take for something else.
fn is_plain_https(link: &str) -> bool {
    link.starts_with("https://")
        && link.len() <= MAX_LINK_CHARS
        && link.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read_error(body: &Value) -> Option<String> {
    let first = body.get("errors").and_then(|errors| errors.get(0));
    [first, body.get("error"), body.get("requestError")]
        .into_iter()
        .flatten()
        .find_map(|error| error.get("message")?.as_str())
        .map(short)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(body: &Value) -> String {
        match Connection::read(body).expect("a connection").readiness() {
            Readiness::Ready => "ready".to_owned(),
            Readiness::NotReady(text) | Readiness::Unknown(text) => text,
        }
    }

    #[test]
    fn only_an_https_link_is_shown_and_agents_are_not_spoken_for() {
        let mut body = json!({
            "id": "c1", "name": "Kartra", "state": "CLIENT_ACTION_REQUIRED",
            "error": { "message": "The credentials were refused." },
            "clientAction": {
                "type": "connect", "description": "Authenticate\u{1b}[31m again.",
                "uiUrl": "https://ui.getmembrane.com/connect?connectionId=c1",
                "agentInstructions": "run this",
            },
        });
        assert_eq!(
            text(&body),
            "connection c1 is CLIENT_ACTION_REQUIRED: a person must act. The credentials were refused. \
             Authenticate [31m again. https://ui.getmembrane.com/connect?connectionId=c1"
        );
        for link in [
            "http://x.y",
            "javascript:1",
            "https://x.y/\u{1b}[0m",
            "file:///etc/passwd",
        ] {
            body["clientAction"]["uiUrl"] = json!(link);
            assert!(
                text(&body).ends_with("(a link that is not https was left out)"),
                "{link}"
            );
        }
    }

    #[test]
    fn a_state_nobody_knows_is_shown_and_a_missing_one_is_guessed_from_the_flags() {
        assert!(text(&json!({ "id": "c1", "state": "ASLEEP" })).contains("ASLEEP"));
        assert_eq!(text(&json!({ "id": "c1", "connected": true })), "ready");
        assert_eq!(text(&json!({ "id": "c1", "disconnected": false })), "ready");
        assert!(text(&json!({ "id": "c1" })).contains("not connected"));
        assert_eq!(Connection::read(&json!({ "state": "READY" })), None);
    }
}
