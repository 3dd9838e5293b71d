//! The sandbox over HTTP, as a client sees it: routes, actions, faults, control.

mod account;
mod actions;
mod answers;
mod auth;
mod ceiling;
mod connections;
mod control;
mod effects;
mod faults;
mod logs;
mod proxy;
mod reports;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use kartwheel::clock::{Clock, SettableClock};
use kartwheel::sandbox::{CONNECTION_ID, Lead, Options, Sandbox, State};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// The instant at which every world here begins.
const START: &str = "2026-10-05T12:00:00Z";
const ADA: &str = "ada@example.com";

/// A sandbox on a clock that stands still, and a client with its fixed token.
struct World {
    sandbox: Sandbox,
    clock: Arc<SettableClock>,
    client: Client,
    token: String,
}

impl World {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let clock = SettableClock::starting_at(START.parse().expect("a time"));
        let mut options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        change(&mut options);
        Self {
            sandbox: Sandbox::start(options).await.expect("the sandbox starts"),
            clock,
            client: Client::builder().no_proxy().build().expect("a client"),
            token: "sandbox-token".to_owned(),
        }
    }

    fn state(&self) -> &State {
        self.sandbox.world()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.url());
        self.client.request(method, url).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.expect(path)).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).json(&body);
        read(request.send().await.expect(path)).await
    }

    /// The request that runs an action on the connection everybody sees.
    fn running(&self, verb: &str, input: &Value) -> RequestBuilder {
        let meta = json!({ "runId": "run-1", "step": "2", "attempt": 1 });
        self.request(Method::POST, "/act").json(
            &json!({ "key": verb, "connectionId": CONNECTION_ID, "input": input, "meta": meta }),
        )
    }

    async fn run(&self, verb: &str, input: Value) -> (u16, Value) {
        read(self.running(verb, &input).send().await.expect(verb)).await
    }

    /// Kartra's answer to an action that Membrane calls a success.
    async fn output(&self, verb: &str, input: Value) -> Value {
        let (status, mut body) = self.run(verb, input).await;
        assert_eq!(status, 200, "{verb}: {body}");
        body["output"].take()
    }

    async fn tag(&self) -> (u16, Value) {
        self.run("assign-tag", tag_input()).await
    }

    fn add_ada(&self) {
        let now = self.clock.now();
        self.state()
            .account(|account| account.ensure_lead(ADA, now));
    }

    fn ada(&self) -> Lead {
        self.state().lead(ADA).expect("the lead is there")
    }

    /// Waits until the server sleeps on the clock, and moves the clock on.
    async fn advance_when_asleep(&self, length: Duration) {
        while self.clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        self.clock.advance(length);
    }
}

fn tag_input() -> Value {
    json!({ "email": ADA, "tag_name": "vip" })
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// What an error says, without its text.
fn error(body: &Value) -> (&str, &str) {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("");
    (text("type"), text("key"))
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

/// The number in Kartra's answer, wherever it stands.
fn number(output: &Value) -> &str {
    let first = output["actions"][0].as_object();
    let inner = first.and_then(|action| action.values().next());
    let wrapped = output.as_object().and_then(|all| all.values().next());
    [Some(output), inner, wrapped]
        .into_iter()
        .flatten()
        .find_map(|place| place.get("type")?.as_str())
        .unwrap_or("")
}
