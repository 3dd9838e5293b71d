//! The kinds of trouble, and what each does before, instead of and after the work.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::slow::{self, Delay};
use crate::sandbox::CONNECTION_ID;
use crate::sandbox::account::{Answer, Nesting};
use crate::sandbox::connections::ConnectionState;
use crate::sandbox::cut;
use crate::sandbox::errors::{self, Failure};
use crate::sandbox::state::State;
use crate::sandbox::work::{Ran, Run};

/// In which form an error of Kartra's arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KartraForm {
    /// The output is the error.
    #[default]
    Flat,
    /// The output is a success, and the error stands in its `actions`.
    Nested,
    /// The output is `{ "status": 200, "data": <the error> }`.
    Wrapped,
    /// The run failed, and the error is in `data`.
    Failed,
}

/// What can go wrong. "Before" means that nothing was done in the account; "after", that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Waits before the work.
    DelayBefore(Delay),
    /// Waits after the work, before the answer.
    DelayAfter(Delay),
    /// Closes the connection before the work, without an answer.
    DropBefore,
    /// Closes the connection after the work, without an answer.
    DropAfter,
    /// Closes the connection after the work, in the middle of the answer's body.
    CutBody,
    /// Sends the answer's body in so many pieces, with a pause before each; after the work.
    SlowBody {
        /// How many.
        pieces: usize,
        /// How long each is waited for.
        pause: Delay,
    },
    /// Membrane had too many calls: `bad_request`, and `Retry-After` as a header; before the work.
    RateLimited {
        /// The seconds of `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Kartra had too many calls: `connection`, and `retry-after` among the headers of its answer in `data`; before the work.
    RateLimitedByKartra {
        /// The seconds of `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// This HTTP status with this body: JSON if it is JSON, plain text otherwise.
    Status {
        /// The status.
        code: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// Whether the work was done.
        #[serde(default)]
        after_work: bool,
    },
    /// A gateway's 502 in HTML, after the work.
    #[serde(rename = "html_502_after")]
    Html502After,
    /// 200 with something that is no JSON, after the work.
    Garbage,
    /// 200 with nothing, after the work.
    EmptyBody,
    /// Kartra refuses; before the work.
    KartraError {
        /// Kartra's number, such as 212.
        number: u16,
        /// In which form.
        #[serde(default)]
        form: KartraForm,
    },
    /// `concurrency`, `lock_timeout`; before the work.
    LockTimeout,
    /// The connection lost its credentials, and needs a person until a control call makes it READY; before the work.
    ConnectionDefunct,
    /// The same, as `access_token_expired`.
    AccessTokenExpired,
    /// The same, as an error with nothing but `code: CONNECTION_DISCONNECTED`.
    ConnectionDisconnectedCode,
    /// 401; before the work.
    TokenRejected,
    /// 403; before the work.
    AccessDenied,
    /// No credits left; before the work.
    InsufficientCredit,
    /// `internal`, 500; before the work.
    Internal,
    /// Kartra answered with this HTTP status; before the work.
    External {
        /// Kartra's HTTP status.
        status: u16,
        /// The seconds of its `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The action is not found; before the work.
    ActionNotFound,
    /// An error of this type, 400; before the work.
    ErrorOfType(String),
    /// A success without `output`, after the work.
    OutputMissing,
    /// A success with `output: null`, after the work.
    OutputNull,
    /// A success whose output is text, after the work.
    OutputText,
    /// A success whose output is a list, after the work.
    OutputArray,
    /// A success whose output has so many bytes more, after the work.
    OutputLarge(usize),
}

/// Where a fault strikes.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Place<'a> {
    pub(in crate::sandbox) world: &'a Arc<State>,
    /// The run that was asked for; nothing when the fault is for a path.
    pub(in crate::sandbox) run: Option<&'a Run>,
}

impl FaultKind {
    /// What happens before the work: an answer instead of it, or nothing.
    pub(in crate::sandbox) async fn before(&self, place: Place<'_>) -> Option<Response> {
        match self {
            Self::DelayBefore(delay) => wait(place.world, *delay).await,
            Self::DropBefore => Some(cut::before_the_first_byte()),
            Self::Status {
                code,
                body,
                after_work: false,
            } => Some(answer(*code, body.clone())),
            Self::KartraError { number, form } => place
                .run
                .map(|run| kartra_error(place, run, *number, *form)),
            _ => self.failure(place).map(|failure| place.fail(failure, self)),
        }
    }

    /// What becomes of an answer after the work.
    pub(in crate::sandbox) async fn after(&self, world: &Arc<State>, made: Response) -> Response {
        match self {
            Self::DelayAfter(delay) => wait(world, *delay).await.unwrap_or(made),
            Self::DropAfter => cut::before_the_first_byte(),
            Self::CutBody => match to_bytes(made.into_body(), usize::MAX).await {
                Ok(body) => cut::in_the_middle(&body),
                Err(_) => cut::before_the_first_byte(),
            },
            Self::SlowBody { pieces, pause } => {
                match to_bytes(made.into_body(), usize::MAX).await {
                    Ok(body) => slow::in_pieces(world, &body, *pieces, *pause),
                    Err(_) => cut::before_the_first_byte(),
                }
            }
            Self::Status {
                code,
                body,
                after_work: true,
            } => answer(*code, body.clone()),
            Self::Html502After => {
                let page = "<html><body>502 Bad Gateway</body></html>";
                (StatusCode::BAD_GATEWAY, Html(page)).into_response()
            }
            Self::Garbage => {
                let head = [(CONTENT_TYPE, "application/json")];
                (head, Bytes::from_static(b"{\"output\":{\"stat\xff\x00")).into_response()
            }
            Self::EmptyBody => StatusCode::OK.into_response(),
            _ => made,
        }
    }

    /// What becomes of the output of a run that was done.
    pub(in crate::sandbox) fn bend(&self, mut ran: Ran) -> Ran {
        let output = match self {
            Self::OutputMissing => None,
            Self::OutputNull => Some(Value::Null),
            Self::OutputText => Some(json!("done")),
            Self::OutputArray => Some(json!([{ "status": "Success" }])),
            Self::OutputLarge(bytes) => {
                let output = ran.output.as_deref().cloned();
                Some(
                    json!({ "status": "Success", "filling": "x".repeat(*bytes), "kartra": output }),
                )
            }
            _ => return ran,
        };
        ran.output = output.map(Arc::new);
        ran
    }

    /// The error of Membrane's that this fault is, if it is one.
    fn failure(&self, place: Place<'_>) -> Option<Failure> {
        let connection = place.connection();
        Some(match self {
            Self::RateLimited { retry_after } => errors::rate_limited(*retry_after),
            Self::RateLimitedByKartra { retry_after } => {
                errors::kartra_rate_limited(connection, *retry_after)
            }
            Self::LockTimeout => errors::lock_timeout(connection),
            Self::ConnectionDefunct => errors::connection_defunct(connection),
            Self::AccessTokenExpired => errors::access_token_expired(connection),
            Self::ConnectionDisconnectedCode => errors::connection_disconnected_code(),
            Self::TokenRejected => errors::not_authenticated("Access token is invalid or expired"),
            Self::AccessDenied => errors::access_denied(),
            Self::InsufficientCredit => errors::insufficient_credit(),
            Self::Internal => errors::internal(),
            Self::External {
                status,
                retry_after,
            } => errors::external(*status, *retry_after),
            Self::ActionNotFound => {
                let action = place.run.map_or("", |run| &run.action);
                errors::not_found("Action", action)
            }
            Self::ErrorOfType(kind) => errors::of_type(kind, "Ordered by a fault"),
            _ => return None,
        })
    }

    fn breaks_the_connection(&self) -> bool {
        matches!(
            self,
            Self::ConnectionDefunct | Self::AccessTokenExpired | Self::ConnectionDisconnectedCode
        )
    }

    /// Whether the run had begun when it failed, so that it has an id and a log.
    fn is_of_a_run(&self) -> bool {
        matches!(
            self,
            Self::RateLimitedByKartra { .. }
                | Self::ConnectionDefunct
                | Self::AccessTokenExpired
                | Self::Internal
                | Self::External { .. }
        )
    }
}

impl Place<'_> {
    fn connection(&self) -> &str {
        self.run.map_or(CONNECTION_ID, |run| &run.connection)
    }

    fn fail(self, failure: Failure, kind: &FaultKind) -> Response {
        if kind.breaks_the_connection() {
            let lost = ConnectionState::ClientActionRequired;
            self.world.set_connection(self.connection(), lost);
        }
        match self.run {
            Some(run) if kind.is_of_a_run() => {
                run.failed(&mut self.world.lock(), failure, self.world.clock.now())
            }
            _ => failure,
        }
        .into_response()
    }
}

/// Waits; gives an answer that breaks off when the sandbox stops meanwhile.
async fn wait(world: &State, delay: Delay) -> Option<Response> {
    (!delay.over(world).await).then(cut::before_the_first_byte)
}

fn kartra_error(place: Place<'_>, run: &Run, number: u16, form: KartraForm) -> Response {
    let nesting = match form {
        KartraForm::Nested => Nesting::Actions,
        _ => Nesting::Flat,
    };
    let now = place.world.clock.now();
    let mut inner = place.world.lock();
    let case = inner.settings.letter_case;
    let body = Answer::error(number).render(run.command.cmd, nesting, case);
    match form {
        KartraForm::Failed => {
            let failure = errors::external_direct(&body);
            run.failed(&mut inner, failure, now).into_response()
        }
        KartraForm::Wrapped => {
            let body = json!({ "status": 200, "headers": {}, "data": body });
            run.succeeded(&mut inner, body, now).into_response()
        }
        _ => run.succeeded(&mut inner, body, now).into_response(),
    }
}

fn answer(code: u16, body: String) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match serde_json::from_str::<Value>(&body) {
        Ok(_) => "application/json; charset=utf-8",
        Err(_) if body.starts_with('<') => "text/html; charset=utf-8",
        Err(_) => "text/plain; charset=utf-8",
    };
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}
