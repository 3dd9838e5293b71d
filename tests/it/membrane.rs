//! The client against stand-ins for Membrane: what it sends, what it makes of the answers, and what it never does.

mod calls;
pub(crate) mod fake;
mod faults;
mod fixtures;
mod look_back;
mod offers;
mod pace;
mod run_logs;
mod setting_up;
mod survey;
mod tenants;
mod world;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::action::{Actions, Call, Outcome, Priority, Turn};
use kartwheel::clock::{Clock, SettableClock, SharedClock, after};
use kartwheel::kartra;
use kartwheel::membrane::{Auth, Client, ConnectionSettings, Settings};
use serde_json::Value;

fn start() -> Timestamp {
    "2026-10-05T12:00:00Z".parse().expect("an instant")
}

fn clock() -> Arc<SettableClock> {
    SettableClock::starting_at(start())
}

fn settings(url: &str) -> Settings {
    let auth = Auth::Signed {
        workspace_key: "11111111-2222-3333-4444-555555555555".to_owned(),
        workspace_secret: "example-workspace-secret-not-real".into(),
        tenant_key: "acct_42".to_owned(),
    };
    Settings {
        url: url.to_owned(),
        ..Settings::new(auth)
    }
    .with_connection(
        "main",
        ConnectionSettings {
            id: Some(fake::CONNECTION.to_owned()),
            ..ConnectionSettings::default()
        },
    )
}

fn client(settings: Settings, clock: &Arc<SettableClock>) -> Client {
    let shared: SharedClock = clock.clone();
    Client::new(settings, kartra::catalog(), shared).expect("good settings")
}

/// A turn of this rule.
fn turn(rule: &str, priority: Priority) -> Turn {
    Turn {
        priority,
        rule: rule.into(),
        place: 0,
    }
}

/// Moves the clock from alarm to alarm until the future is done.
async fn drive<T>(clock: &SettableClock, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            done = &mut future => return done,
            () = tokio::task::yield_now() => {
                if let Some(next) = clock.next_wake() {
                    clock.set(next);
                }
            }
        }
    }
}

fn call(clock: &SettableClock, verb: &str, input: Value) -> Call {
    Call {
        run: clock.new_id(),
        step: "2".into(),
        attempt: 1,
        connection: "main".into(),
        verb: verb.into(),
        input: Arc::new(input),
        timeout: None,
        send_by: after(clock.now(), Duration::from_secs(5)),
    }
}

fn tag() -> Value {
    serde_json::json!({ "email": "ada@example.com", "tag_name": "vip" })
}

/// One `assign-tag` to this address.
async fn assign_tag(url: &str) -> Outcome {
    let clock = clock();
    let client = client(settings(url), &clock);
    client.call(&call(&clock, "assign-tag", tag())).await
}
