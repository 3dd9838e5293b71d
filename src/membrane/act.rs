//! One run of an action: sent once, in the form this Membrane knows, and its answer read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::classify::{RECONNECT, Row, action_run_id, failure};
use super::fault::{Asked, is_error};
use super::fit::Care;
use super::line::{Failed, Line};
use super::listing::Listing;
use super::wire::{ACT_TIMEOUT, Answer, MAX_REQUEST_BYTES, NoAnswer, Request};
use crate::action::{Call, Class, Outcome, Priority, Readiness, Turn};
use crate::clock::after;

/// How long a read of our own may wait before it is sent.
const OWN_READ_WITHIN: Duration = Duration::from_secs(30);

/// Whose reads they are that we make for ourselves.
#[derive(Debug)]
pub(super) struct OwnReads {
    /// Their name: as a rule's in the pace, as a step's in Membrane's log.
    pub(super) name: &'static str,
    /// Who goes before them.
    pub(super) priority: Priority,
    /// The run they are made for, or an id of their own.
    pub(super) run: Uuid,
    /// The number of its try.
    pub(super) attempt: u32,
}

impl Line {
    /// Runs an action that only reads, for ourselves, when it is its turn.
    pub(super) async fn read_in_turn(&self, own: &OwnReads, verb: &str, input: &Value) -> Outcome {
        let turn = Turn {
            priority: own.priority,
            rule: own.name.into(),
            place: 0,
        };
        let _slot = self.pace.slot(&turn).await;
        let call = Call {
            run: own.run,
            step: own.name.into(),
            attempt: own.attempt,
            connection: Arc::clone(&self.name),
            verb: verb.into(),
            input: Arc::new(input.clone()),
            timeout: None,
            send_by: after(self.clock.now(), OWN_READ_WITHIN),
        };
        self.act_with(&call, Care::Whole).await
    }

    /// Runs an action, once, whatever of its input Membrane may drop, and lets the pace know how it went.
    pub(super) async fn act(&self, call: &Call) -> Outcome {
        self.act_with(call, Care::AsIs).await
    }

    /// The same, with as much care for its input as it needs.
    pub(super) async fn act_with(&self, call: &Call, care: Care) -> Outcome {
        let began = self.clock.now();
        let tried = self.try_act(call, care).await;
        let outcome = tried.unwrap_or_else(|failed| *failed);
        self.pace.note(began, &outcome);
        outcome
    }

    async fn try_act(&self, call: &Call, care: Care) -> Result<Outcome, Failed> {
        let connection = self.connection_id().await?;
        let listing = self.fitting(call, care).await?;
        let mut ran = self.run(call, &connection, &listing).await?;
        if ran.began_nothing() {
            // No run was started, so there is nothing to repeat: ids change when a connector is published anew.
            let fresh = self.listing(Some(&listing)).await?;
            if fresh.id_of(&call.verb) != listing.id_of(&call.verb) {
                if care != Care::AsIs {
                    self.holds(call, &fresh)?;
                }
                ran = self.run(call, &connection, &fresh).await?;
            }
            if ran.misses_action && fresh.id_of(&call.verb).is_none() {
                return Ok(self.not_offered(call, &fresh, ran.outcome));
            }
        }
        match ran.row {
            Some(Row::ApplicationCredentials) => Ok(self.after_look(ran.outcome).await),
            Some(Row::ConnectionDown) => Ok(self.with_link(ran.outcome).await),
            _ => Ok(ran.outcome),
        }
    }

    /// Sends the run in the form this Membrane knows.
    async fn run(&self, call: &Call, connection: &str, listing: &Listing) -> Result<Ran, Failed> {
        let id = listing.id_of(&call.verb);
        if self.http.is_older() {
            return self.run_older(call, connection, id).await;
        }
        let mut body = json!({
            "connectionId": connection,
            "input": &*call.input,
            "meta": { "runId": call.run, "step": &*call.step, "attempt": call.attempt },
        });
        match id {
            Some(id) => body["id"] = id.into(),
            // Not in the list: Membrane may still know it by its key.
            None => body["key"] = (*call.verb).into(),
        }
        let request = request_of(call, &["act"], &[], &body)?;
        let ran = self.read(call, self.ask(&request).await);
        if ran.outcome.status != Some(404) || ran.is_membranes {
            return Ok(ran);
        }
        // 404, and not in Membrane's words: there is no /act here, so nothing was done.
        let older = self.run_older(call, connection, id).await?;
        if older.outcome.status == Some(404) && !older.is_membranes {
            return Ok(ran);
        }
        self.http.mark_older();
        Ok(older)
    }

    async fn run_older(
        &self,
        call: &Call,
        connection: &str,
        id: Option<&str>,
    ) -> Result<Ran, Failed> {
        let body = json!({
            "input": &*call.input,
            "meta": { "runId": call.run, "step": &*call.step, "attempt": call.attempt },
        });
        let path = ["actions", id.unwrap_or(&call.verb), "run"];
        let query = [("connectionId", connection)];
        let request = request_of(call, &path, &query, &body)?;
        Ok(self.read(call, self.ask(&request).await))
    }

    fn read(&self, call: &Call, answer: Result<Answer, NoAnswer>) -> Ran {
        let answer = match answer {
            Ok(answer) => answer,
            Err(none) => return Ran::without_answer(&call.verb, &none),
        };
        if !answer.is_success() || is_error(&answer) {
            let asked = Asked {
                what: &call.verb,
                input: &call.input,
                read_output: Some(self.read_output),
            };
            let verdict = failure(&answer, asked, self.clock.now());
            return Ran {
                row: Some(verdict.row),
                outcome: verdict.outcome,
                is_membranes: verdict.is_membranes,
                misses_action: verdict.misses_action,
            };
        }
        Ran {
            row: None,
            outcome: self.read_success(call, answer),
            is_membranes: true,
            misses_action: false,
        }
    }

    fn read_success(&self, call: &Call, answer: Answer) -> Outcome {
        let id = action_run_id(&answer);
        let status = Some(answer.status);
        let outcome = match answer.body {
            Some(Value::Object(mut body)) => {
                let output = body.remove("output").unwrap_or(Value::Null);
                (self.read_output)(&call.verb, &call.input, output)
            }
            _ => Outcome::new(
                Class::Unknown,
                format!(
                    "{}: Membrane's answer ({}) could not be read: nobody knows whether it was done",
                    call.verb, answer.status
                ),
            ),
        };
        Outcome {
            action_run_id: id,
            status,
            ..outcome
        }
    }

    /// The action is not in the list, now that we have read it again, and Membrane does not know its key.
    fn not_offered(&self, call: &Call, listing: &Listing, outcome: Outcome) -> Outcome {
        let nearest = match listing.like(&call.verb)[..] {
            [] => String::new(),
            ref keys => format!("; nearest: {}", keys.join(", ")),
        };
        Outcome {
            class: Class::NotOffered,
            message: format!(
                "connection {} does not offer {}, and nothing was sent to the account (it offers {} actions{nearest}): use \
                 another verb, give the step a fallback, or ask Membrane's support for the action",
                self.name,
                call.verb,
                listing.len()
            ),
            ..outcome
        }
    }

    /// The connection lapsed: what a person must do, with the link, stands in the connection itself.
    async fn with_link(&self, outcome: Outcome) -> Outcome {
        match self
            .connection()
            .await
            .map(|found| found.readiness(&self.name))
        {
            Ok(Readiness::NotReady { text, .. }) => Outcome {
                message: format!("{}; {text}", without_advice(&outcome.message)),
                ..outcome
            },
            _ => outcome,
        }
    }

    /// The application refused its credentials. If the connection has lapsed, its runs wait for it; if it is READY, waiting
    /// would never end, so a person must look.
    pub(super) async fn after_look(&self, outcome: Outcome) -> Outcome {
        match self
            .connection()
            .await
            .map(|connection| connection.readiness(&self.name))
        {
            Ok(Readiness::Ready) => Outcome {
                class: Class::NotAllowed,
                message: format!(
                    "{}; the connection itself is READY: check what the account allows, then resume it",
                    without_advice(&outcome.message)
                ),
                ..outcome
            },
            Ok(Readiness::NotReady { text, .. }) => Outcome {
                message: text,
                ..outcome
            },
            Ok(Readiness::Unknown(_)) | Err(_) => outcome,
        }
    }
}

/// What happened, without what the table advises: the connection's own state says better what to do.
fn without_advice(message: &str) -> &str {
    let what = message.strip_suffix(RECONNECT);
    what.map_or(message, |what| what.trim_end_matches(": "))
}

/// What one run came to.
struct Ran {
    row: Option<Row>,
    outcome: Outcome,
    is_membranes: bool,
    misses_action: bool,
}

impl Ran {
    /// Whether Membrane did not find what to run: an answer without a run's id, so none was started.
    fn began_nothing(&self) -> bool {
        self.row == Some(Row::NotFound)
            && self.outcome.status == Some(404)
            && self.outcome.action_run_id.is_none()
    }

    fn without_answer(verb: &str, none: &NoAnswer) -> Self {
        let (class, rest) = if none.sent {
            (Class::Unknown, ": nobody knows whether it was done")
        } else {
            (Class::Transient, "")
        };
        Self {
            row: None,
            outcome: Outcome::new(class, format!("{verb}: {}{rest}", none.message)),
            is_membranes: false,
            misses_action: false,
        }
    }
}

fn request_of<'a>(
    call: &Call,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: &Value,
) -> Result<Request<'a>, Failed> {
    let bytes = Bytes::from(body.to_string());
    if bytes.len() > MAX_REQUEST_BYTES {
        return Err(Box::new(Outcome::new(
            Class::RuleWrong,
            format!(
                "{}: the input is larger than Membrane takes ({} MB): send less",
                call.verb,
                MAX_REQUEST_BYTES / 1024 / 1024
            ),
        )));
    }
    Ok(Request {
        path,
        query,
        body: Some(bytes),
        send_by: call.send_by,
        timeout: call.timeout.unwrap_or(ACT_TIMEOUT).min(ACT_TIMEOUT),
    })
}
