//! One run: the work behind a request to run an action, and what is written down about it.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::account::{Command, Fields};
use super::auth::Caller;
use super::ceiling;
use super::connections::ConnectionState;
use super::errors::{self, Failure, not_found};
use super::ledger::Effect;
use super::logs::RunLog;
use super::schema;
use super::state::Inner;
use crate::action::{ActionSpec, Effects};

/// A request to run an action, resolved as far as can be told without doing it.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) caller: Caller,
    pub(super) spec: &'static ActionSpec,
    pub(super) command: &'static Command,
    /// The action's id.
    pub(super) action: String,
    /// The connection's id.
    pub(super) connection: String,
    pub(super) input: Arc<Value>,
    pub(super) meta: Option<Arc<Value>>,
    pub(super) started: Timestamp,
}

/// A run that Membrane calls a success, whatever Kartra said.
#[derive(Debug, Clone)]
pub(super) struct Ran {
    pub(super) output: Option<Arc<Value>>,
    pub(super) action_run: String,
}

impl IntoResponse for Ran {
    fn into_response(self) -> Response {
        let mut body = json!({ "actionRunId": self.action_run });
        if let Some(output) = self.output {
            body["output"] = Arc::unwrap_or_clone(output);
        }
        Json(body).into_response()
    }
}

impl Run {
    /// Does it: checks the input, has Kartra carry it out, and writes ledger and log.
    pub(super) fn work(&self, inner: &mut Inner, now: Timestamp) -> Result<Ran, Failure> {
        let tenant = &self.caller.tenant;
        let connection = inner.connection(tenant, &self.connection, now);
        if connection.is_none_or(|connection| connection.state != ConnectionState::Ready) {
            let failure = errors::connection_defunct(&self.connection);
            return Err(self.failed(inner, failure, now));
        }
        let kept = match schema::check(self.spec, &inner.settings, &self.input) {
            Ok(kept) => kept,
            Err(failure) => return Err(self.failed(inner, failure, now)),
        };
        if !inner.kartra_takes(now) {
            let form = inner.settings.kartra_limit_form;
            return match ceiling::refusal(form, &self.connection) {
                Ok(output) => Ok(self.succeeded(inner, output, now)),
                Err(failure) => Err(self.failed(inner, failure, now)),
            };
        }
        let answer = inner.perform(&self.connection, self.command, &Fields(&kept), now);
        let answer = answer.ok_or_else(|| not_found("Action", &self.action))?;
        if answer.error.is_none() && self.spec.effects != Effects::Read {
            let action_run = inner.logs.next_id();
            self.count(inner, kept, &action_run, answer.changed, now);
        }
        let nesting = inner.settings.nesting_of(self.command);
        let body = answer.render(self.command.cmd, nesting, inner.settings.letter_case);
        let output = if inner.settings.wrapped {
            json!({ "status": 200, "headers": {}, "data": body })
        } else {
            body
        };
        Ok(self.succeeded(inner, output, now))
    }

    fn count(
        &self,
        inner: &mut Inner,
        input: Map<String, Value>,
        action_run: &str,
        changed: bool,
        now: Timestamp,
    ) {
        let meta = |name: &str| self.meta.as_ref().and_then(|meta| meta.get(name));
        let effect = Effect {
            number: 0,
            at: now,
            verb: self.spec.key.to_owned(),
            connection: self.connection.clone(),
            input: Arc::new(Value::Object(input)),
            run: meta("runId").and_then(Value::as_str).map(str::to_owned),
            step: meta("step").map(|step| match step {
                Value::String(step) => step.clone(),
                other => other.to_string(),
            }),
            attempt: meta("attempt").and_then(Value::as_u64),
            action_run: action_run.to_owned(),
            changed,
        };
        inner.ledger.had_effect(self.caller.call, effect);
    }

    /// Logs it as a success of Membrane's with this output.
    pub(super) fn succeeded(&self, inner: &mut Inner, output: Value, now: Timestamp) -> Ran {
        let output = Arc::new(output);
        let action_run = self.log(inner, Ok(Arc::clone(&output)), now);
        Ran {
            output: Some(output),
            action_run,
        }
    }

    /// Logs it as failed, and gives the error with the run's id.
    pub(super) fn failed(&self, inner: &mut Inner, failure: Failure, now: Timestamp) -> Failure {
        let action_run = self.log(inner, Err(failure.body.clone()), now);
        failure.of_run(&action_run)
    }

    fn log(&self, inner: &mut Inner, result: Result<Arc<Value>, Value>, now: Timestamp) -> String {
        let visible = inner.settings.run_logs.visible(now);
        inner.logs.add(RunLog {
            number: 0,
            tenant: Arc::clone(&self.caller.tenant),
            connection: self.connection.clone(),
            action: self.action.clone(),
            verb: self.spec.key,
            input: Arc::clone(&self.input),
            result,
            meta: self.meta.clone(),
            created: self.started,
            completed: now,
            visible,
        })
    }
}
