//! A connection's state: can it run actions, and if not, what must a person do?

use serde_json::Value;

use super::fault::short;
use super::help::Help;
use crate::action::{Class, Readiness};

/// The longest link that is shown.
const MAX_LINK_CHARS: usize = 2_000;
/// The most errors of a connection that are kept.
const MAX_ERRORS: usize = 10;

/// A connection as Membrane describes it; what is not needed is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Membrane's id of it.
    pub(super) id: String,
    /// Its name in Membrane.
    pub(super) name: String,
    /// One of Membrane's words, such as `READY`; one of ours where it says none.
    pub(super) state: String,
    connected: Option<bool>,
    tenant: Option<String>,
    action: Option<ClientAction>,
    errors: Vec<String>,
}

/// What a person must do for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAction {
    /// `connect` or `provide-input`; may be another word of a newer Membrane.
    pub kind: String,
    /// What to do, in Membrane's words; may be empty.
    pub description: String,
    /// Where to do it, if the link is a plain https one. It may carry a token: not for logs.
    pub link: Option<String>,
    /// Whether there was a link that is not shown, for it is not plain https.
    pub link_left_out: bool,
}

impl Connection {
    /// Reads it; None if it has no id.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let id = text("id").filter(|id| !id.is_empty())?;
        let flag = |name: &str| body.get(name).and_then(Value::as_bool);
        let connected = flag("connected").or(flag("disconnected").map(|flag| !flag));
        let state = match text("state") {
            Some(state) => short(state),
            // By its schema the state may be missing.
            None if connected == Some(true) => "READY".to_owned(),
            None => "not connected".to_owned(),
        };
        Some(Self {
            id: id.to_owned(),
            name: text("name").map(short).unwrap_or_default(),
            state,
            connected,
            tenant: text("tenantId").or(text("userId")).map(short),
            action: body.get("clientAction").and_then(read_action),
            errors: read_errors(body),
        })
    }

    /// Membrane's id of it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name in Membrane; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One of Membrane's words, such as `READY`; one of ours where it says none.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Whether it has credentials, where Membrane says so.
    #[must_use]
    pub fn connected(&self) -> Option<bool> {
        self.connected
    }

    /// Membrane's id of its tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// What a person must do.
    #[must_use]
    pub fn action(&self) -> Option<&ClientAction> {
        self.action.as_ref()
    }

    /// What went wrong, in Membrane's words.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// Its state, and after this what stands behind it: the first error, what is asked of a person, the link.
    #[must_use]
    pub fn described(&self, more: &str) -> String {
        let mut text = format!("connection {} is {}{more}", self.id, self.state);
        let action = self.action.as_ref().and_then(ClientAction::words);
        for more in self.errors.first().into_iter().chain(&action) {
            text.push_str(". ");
            text.push_str(more.trim_end_matches('.'));
        }
        text
    }

    /// Whether it can run actions, by its state alone; the text is for whoever knows it by this local name.
    #[must_use]
    pub fn readiness(&self, name: &str) -> Readiness {
        let help = self.help();
        let who = match help {
            Help::Nothing => return Readiness::Ready,
            Help::LogIn { .. } | Help::Answer { .. } => "a person must act: ",
            _ => "",
        };
        let to_do = help.to_do(name);
        let text = self.described(&format!(": {who}{to_do}"));
        Readiness::NotReady {
            class: Class::ConnectionDown,
            text,
        }
    }
}

impl ClientAction {
    /// The description, and the link.
    fn words(&self) -> Option<String> {
        let left_out = "(a link that is not https was left out)";
        let link = self.link.as_deref();
        let link = link.or(self.link_left_out.then_some(left_out));
        let description = (!self.description.is_empty()).then_some(&*self.description);
        let parts: Vec<_> = [description, link].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// What is meant for AI agents is left alone.
fn read_action(action: &Value) -> Option<ClientAction> {
    let text = |name: &str| action.get(name).and_then(Value::as_str);
    action.as_object()?;
    let link = text("uiUrl").filter(|link| !link.is_empty());
    let plain = link.filter(|link| is_plain_https(link));
    Some(ClientAction {
        kind: text("type").map(short).unwrap_or_default(),
        description: text("description").map(short).unwrap_or_default(),
        link: plain.map(str::to_owned),
        link_left_out: link.is_some() && plain.is_none(),
    })
}

/// A link that may be shown: https, and nothing in it that a terminal could take for something else.
pub(super) fn is_plain_https(link: &str) -> bool {
    link.starts_with("https://")
        && link.len() <= MAX_LINK_CHARS
        && link.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read_errors(body: &Value) -> Vec<String> {
    let listed = body.get("errors").and_then(Value::as_array);
    let single = [body.get("error"), body.get("requestError")];
    let mut errors: Vec<String> = Vec::new();
    for error in listed
        .into_iter()
        .flatten()
        .chain(single.into_iter().flatten())
        .take(MAX_ERRORS)
    {
        let words = error.get("message").and_then(Value::as_str).map(short);
        if let Some(words) = words.filter(|words| !words.is_empty() && !errors.contains(words)) {
            errors.push(words);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(body: &Value) -> String {
        let connection = Connection::read(body).expect("a connection");
        match connection.readiness("main") {
            Readiness::Ready => "ready".to_owned(),
            Readiness::NotReady { text, .. } | Readiness::Unknown(text) => text,
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
            "connection c1 is CLIENT_ACTION_REQUIRED: a person must act: log in where the link leads, or get a fresh link: \
             `kartwheel connection reconnect main`. The credentials were refused. Authenticate [31m again. https://ui.getmembrane.com/connect?connectionId=c1"
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
