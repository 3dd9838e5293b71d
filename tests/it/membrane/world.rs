//! The sandbox, and a client whose connection `main` is the sandbox's own, on one clock that stands still.

use std::sync::Arc;

use kartwheel::action::{Catalog, Evidence, Look, Seen};
use kartwheel::clock::{SettableClock, SharedClock};
use kartwheel::kartra;
use kartwheel::membrane::{Auth, Client, ConnectionSettings, Settings};
use kartwheel::sandbox::{CONNECTION_ID, Options, Sandbox};
use serde_json::Value;

pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) clock: Arc<SettableClock>,
    pub(super) client: Client,
}

impl World {
    /// With a catalogue that knows nothing to look at in the account.
    pub(super) async fn start() -> Self {
        Self::looking(nothing_to_see).await
    }

    /// With a catalogue that looks at the account so.
    pub(super) async fn looking(look_back: fn(&str, &Value, &[Seen]) -> Look) -> Self {
        let clock = super::clock();
        let sandbox = Sandbox::start(Options {
            clock: clock.clone(),
            ..Options::default()
        })
        .await
        .expect("a sandbox");
        let settings = Settings {
            url: sandbox.url(),
            ..Settings::new(Auth::Token("sandbox-token".into()))
        }
        .with_connection(
            "main",
            ConnectionSettings {
                id: Some(CONNECTION_ID.to_owned()),
                ..ConnectionSettings::default()
            },
        );
        let client = client_looking(settings, look_back, &clock);
        Self {
            sandbox,
            clock,
            client,
        }
    }
}

/// A client that looks at the account so.
pub(super) fn client_looking(
    settings: Settings,
    look_back: fn(&str, &Value, &[Seen]) -> Look,
    clock: &Arc<SettableClock>,
) -> Client {
    let catalog = Catalog {
        look_back,
        ..kartra::catalog()
    };
    let shared: SharedClock = clock.clone();
    Client::new(settings, catalog, shared).expect("good settings")
}

pub(super) fn nothing_to_see(_: &str, _: &Value, _: &[Seen]) -> Look {
    Look::Found(Evidence::Unclear("the account has nothing to see".into()))
}
