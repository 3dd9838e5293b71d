//! One connection: its states, what a person must do about it, and the object that Membrane shows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::CONNECTION_ID;
use crate::sandbox::account::Account;
use crate::sandbox::state::{Tenant, object_id, stamp};

/// The connector of every connection here.
pub(in crate::sandbox) const CONNECTOR_ID: &str = "68e0aa11bb22cc33dd44ee55";
/// Kartra, as an application that Membrane knows.
pub(in crate::sandbox) const APP_ID: &str = "68d0aa11bb22cc33dd44ee66";

/// What a connection is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConnectionState {
    /// It can run actions.
    #[default]
    Ready,
    /// Its connector is being made.
    Building,
    /// A person must do something.
    ClientActionRequired,
    /// It is set up wrongly.
    ConfigurationError,
    /// Its connector could not be made.
    SetupFailed,
    /// It is being removed.
    Disconnecting,
}

/// What a person must do about a connection that asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToDo {
    /// Log in to the application.
    #[default]
    Connect,
    /// Answer a question; there is no page for that.
    ProvideInput,
}

/// One connection.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Connection {
    pub(in crate::sandbox) id: String,
    pub(super) name: String,
    /// A name for machines, beside the id.
    pub(super) key: Option<String>,
    pub(super) meta: Option<Value>,
    /// The app's domain, such as `kartra.com`.
    pub(super) domain: String,
    /// Its tenant's key; every tenant sees one that has none, unless it is an empty tenant.
    tenant: Option<String>,
    pub(in crate::sandbox) state: ConnectionState,
    pub(in crate::sandbox) to_do: ToDo,
    /// The state it will have, and when.
    pub(super) then: Option<(Timestamp, ConnectionState)>,
    /// Whether it was READY once.
    worked: bool,
    created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) archived: Option<Timestamp>,
    /// The account behind it, if the app is Kartra.
    pub(in crate::sandbox) account: Option<Account>,
}

impl Connection {
    /// The one that every tenant sees.
    pub(in crate::sandbox) fn of_everybody(now: Timestamp) -> Self {
        let mut one = Self::new(CONNECTION_ID, "Kartra", "kartra.com", None, now);
        one.put(ConnectionState::Ready, now);
        one
    }

    /// One to Kartra that comes of a request to a person.
    pub(in crate::sandbox) fn of_request(
        fresh: u64,
        name: &str,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Self {
        let id = Self::id_of(fresh);
        Self::new(&id, name, "kartra.com", Some(tenant.key.clone()), now)
    }

    /// The id of one that is made under this number.
    pub(super) fn id_of(fresh: u64) -> String {
        object_id(0x68f0_c1a2, fresh)
    }

    /// One that has not worked yet.
    pub(super) fn new(
        id: &str,
        name: &str,
        domain: &str,
        tenant: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            key: None,
            meta: None,
            domain: domain.to_owned(),
            tenant,
            state: ConnectionState::Building,
            to_do: ToDo::Connect,
            then: None,
            worked: false,
            created: now,
            updated: now,
            archived: None,
            account: (domain == "kartra.com").then(|| Account::of_the_examples(now)),
        }
    }

    /// Whether it is this tenant's, archived or not.
    pub(in crate::sandbox) fn belongs_to(&self, tenant: &Tenant) -> bool {
        match &self.tenant {
            Some(key) => *key == tenant.key,
            None => !tenant.empty,
        }
    }

    /// Whether this tenant can use it.
    pub(in crate::sandbox) fn is_visible_to(&self, tenant: &Tenant) -> bool {
        self.archived.is_none() && self.belongs_to(tenant)
    }

    /// Whether a request means this one.
    pub(in crate::sandbox) fn is_called(&self, id_or_key: &str) -> bool {
        self.id == id_or_key || self.key.as_deref() == Some(id_or_key)
    }

    /// The connection as it is at this instant.
    pub(in crate::sandbox) fn settled(&mut self, now: Timestamp) -> &mut Self {
        if let Some((at, state)) = self.then
            && now >= at
        {
            self.put(state, at);
        }
        self
    }

    /// Puts it into a state, from now on.
    pub(in crate::sandbox) fn put(&mut self, state: ConnectionState, now: Timestamp) {
        self.state = state;
        self.then = None;
        self.worked |= state == ConnectionState::Ready;
        self.updated = now;
    }

    /// Puts it into another state later.
    pub(in crate::sandbox) fn put_later(&mut self, state: ConnectionState, at: Timestamp) {
        self.then = Some((at, state));
    }

    /// The object that Membrane shows.
    pub(in crate::sandbox) fn show(&self, tenant: &str) -> Value {
        let ready = self.state == ConnectionState::Ready;
        let mut shown = json!({
            "id": self.id,
            "name": self.name,
            "userId": tenant,
            "tenantId": tenant,
            "type": "connector",
            "connectorId": CONNECTOR_ID,
            "externalAppId": APP_ID,
            "state": self.state,
            "connected": ready,
            "disconnected": !ready,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
            "connectorVersion": "1.0.0",
            "authOptionKey": "default",
            "canTest": true,
            "canRefreshCredentials": false,
            "isTest": false,
        });
        if let Some(key) = &self.key {
            shown["key"] = key.clone().into();
        }
        if let Some(meta) = &self.meta {
            shown["meta"] = meta.clone();
        }
        if let Some(archived) = self.archived {
            shown["archivedAt"] = stamp(archived);
        }
        self.show_state(&mut shown);
        shown
    }

    /// What goes with the state alone.
    fn show_state(&self, shown: &mut Value) {
        match self.state {
            ConnectionState::Building => {
                shown["buildingAgentSessionId"] = object_id(0x69ab_0000, 1).into();
            }
            ConnectionState::ClientActionRequired => {
                shown["clientAction"] = self.client_action();
                if self.worked {
                    shown["error"] = json!({
                        "type": "connection",
                        "key": "access_token_expired",
                        "message": "The credentials were refused.",
                        "data": { "connectionId": self.id, "connectorKey": "kartra" },
                    });
                }
            }
            ConnectionState::ConfigurationError => {
                let message = "The connector has no usable authentication option.";
                shown["errors"] = json!([{ "type": "configuration", "message": message }]);
            }
            ConnectionState::SetupFailed => {
                let message = "The connector could not be built.";
                let data = json!({ "errorId": "err_01sandbox" });
                let error = json!({ "type": "internal", "message": message, "data": data });
                shown["errors"] = json!([error]);
                shown["error"] = json!({ "type": "internal", "message": message });
            }
            ConnectionState::Ready | ConnectionState::Disconnecting => {}
        }
    }

    fn client_action(&self) -> Value {
        match self.to_do {
            ToDo::Connect => json!({
                "type": "connect",
                "description": "Authenticate with the app to connect.",
                "uiUrl": format!("https://membrane.example/connect?connectionId={}", self.id),
            }),
            ToDo::ProvideInput => json!({
                "type": "provide-input",
                "description": "More than one application matches this address. Say which one to connect.",
                "agentInstructions": "Ask the user, then send the answer.",
            }),
        }
    }
}
