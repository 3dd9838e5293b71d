//! What the API says when it refuses, and how it reads what it is asked: bounded, strict, and in JSON both ways.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::REQUEST_BYTES_MAX;
use crate::store::StoreError;

/// A refusal: a word for programs, a sentence for people, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// A short stable word, such as `not_found`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Refusal {
    /// A refusal without help.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            help: None,
        }
    }

    /// The request itself is wrong.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "not_found", message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let (status, code, help) = match &error {
            StoreError::Busy => (503, "busy", "Try again in a moment."),
            StoreError::Full => (
                503,
                "disk_full",
                "Make room on the disk of the database; nothing else is needed.",
            ),
            StoreError::Row(_) => (
                422,
                "row_refused",
                "The values cannot be stored as they are.",
            ),
            StoreError::Locked(_) => (409, "locked", "Stop the other daemon, or talk to that one."),
            StoreError::Older(_) => (
                500,
                "store_older",
                "Start the daemon once with this version of Kartwheel.",
            ),
            StoreError::Fatal(_) => (
                500,
                "store_failed",
                "Look at the daemon's log, and at the disk.",
            ),
            StoreError::Unusable(_) => (
                500,
                "store_failed",
                "`kartwheel doctor` looks at the database and at the disk.",
            ),
        };
        Self::new(status, code, error.to_string()).help(help)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body =
            json!({"error": {"code": self.code, "message": self.message, "help": self.help}});
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            401 => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            503 => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            _ => None,
        };
        response
    }
}

/// The request's JSON body, within the limit. An empty body counts as `{}`.
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bytes = axum::body::to_bytes(request.into_body(), REQUEST_BYTES_MAX)
            .await
            .map_err(|_| too_large())?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() {
            b"{}"
        } else {
            &bytes
        };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Refusal::wrong(format!("the body is not what this endpoint takes: {error}"))
        })
    }
}

/// The request's query parameters; an unknown one is refused.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Refusal::wrong(rejection.body_text()))
    }
}

/// The answer to a path that the API does not have.
pub(super) async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::not_found(format!("the API has no `{}`", uri.path()))
        .help("The endpoints are listed in docs/operating.md.")
}

/// The answer to a method that the path does not take. `Allow` is set by the router.
pub(super) async fn wrong_method(method: Method) -> Refusal {
    Refusal::new(
        405,
        "method_not_allowed",
        format!("this path does not take {method}"),
    )
    .help("Lists and details are read with GET; what changes something is a POST.")
}

fn too_large() -> Refusal {
    Refusal::new(
        413,
        "too_large",
        format!("a request to the API may have {REQUEST_BYTES_MAX} bytes"),
    )
}
