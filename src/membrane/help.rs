//! What helps a connection in its state: the one place that says so, for every text and every command.

use super::connect::Connection;

/// What makes a connection READY, or lets it stay so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// It is READY; it may be wanted with another login all the same.
    Nothing,
    /// A login, by Membrane's own link where it gives one.
    LogIn {
        /// Whether there is a link.
        has_link: bool,
    },
    /// An answer to what Membrane asks; a login changes nothing.
    Answer {
        /// Whether there is a link to give it by.
        has_link: bool,
    },
    /// Time.
    Wait,
    /// Another set-up, which Membrane's console takes.
    SetUp,
    /// Membrane's people.
    Support,
    /// Another connection, once this one is gone.
    Anew,
    /// Nobody knows: a state that is not published.
    Look,
}

impl Help {
    /// Whether a link to log in by may be asked for.
    #[must_use]
    pub const fn is_login(self) -> bool {
        matches!(self, Self::Nothing | Self::LogIn { .. } | Self::Look)
    }

    /// Whether waiting may see it READY: somebody may be at it, or Membrane is.
    #[must_use]
    pub const fn may_come(self) -> bool {
        !matches!(self, Self::SetUp | Self::Support | Self::Anew)
    }

    /// What to do about the connection with this local name: the rest of a sentence.
    #[must_use]
    pub fn to_do(self, name: &str) -> String {
        match self {
            Self::Nothing => "nothing is to be done".to_owned(),
            Self::LogIn { has_link: true } => format!(
                "log in where the link leads, or get a fresh link: `kartwheel connection reconnect {name}`"
            ),
            Self::LogIn { has_link: false } => {
                format!("get a link and log in: `kartwheel connection reconnect {name}`")
            }
            Self::Answer { has_link: true } => {
                "answer what is asked where the link leads; a login does not help".to_owned()
            }
            Self::Answer { has_link: false } => {
                "answer it in Membrane's console, at this connection: there is no link for it"
                    .to_owned()
            }
            Self::Wait => {
                "Membrane is still building its connector: wait a few minutes".to_owned()
            }
            Self::SetUp => "correct its set-up in Membrane's console".to_owned(),
            Self::Support => {
                "Membrane could not build its connector: ask Membrane's support, with the connection's id".to_owned()
            }
            Self::Anew => format!(
                "it is being removed. Once `kartwheel connection list` shows it no more, make another one: `kartwheel connect --connection {name} --replace`"
            ),
            Self::Look => "look at it in Membrane's console".to_owned(),
        }
    }
}

impl Connection {
    /// What helps it.
    #[must_use]
    pub fn help(&self) -> Help {
        let action = self.action();
        let has_link = action.is_some_and(|action| action.link.is_some());
        match self.state() {
            "READY" => Help::Nothing,
            "BUILDING" => Help::Wait,
            "CLIENT_ACTION_REQUIRED"
                if action.is_some_and(|action| action.kind == "provide-input") =>
            {
                Help::Answer { has_link }
            }
            "CLIENT_ACTION_REQUIRED" | "not connected" => Help::LogIn { has_link },
            "CONFIGURATION_ERROR" => Help::SetUp,
            "SETUP_FAILED" => Help::Support,
            "DISCONNECTING" => Help::Anew,
            _ => Help::Look,
        }
    }
}
