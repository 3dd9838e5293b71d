//! Membrane's errors: `{ type, key?, message, data?, causedByError? }`, and the HTTP status of each.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) retry_after: Option<u64>,
}

impl Failure {
    fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            retry_after: None,
        }
    }

    /// The same, with the id of the run that failed.
    pub(super) fn of_run(mut self, run: &str) -> Self {
        self.body["actionRunId"] = run.into();
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = (status, Json(self.body));
        match self.retry_after {
            Some(seconds) => ([("retry-after", seconds.to_string())], body).into_response(),
            None => body.into_response(),
        }
    }
}

/// The request is not as it should be.
pub(super) fn bad_request(message: impl Into<String>) -> Failure {
    let message: String = message.into();
    Failure::new(400, json!({ "type": "bad_request", "message": message }))
}

/// The token is missing, wrong or too old.
pub(super) fn not_authenticated(message: &str) -> Failure {
    keyed(401, "not_authenticated", message)
}

/// The token is good, but not for this.
pub(super) fn access_denied() -> Failure {
    keyed(403, "access_denied", "Access denied")
}

/// There is no such thing, or not for this tenant.
pub(super) fn not_found(what: &str, id: &str) -> Failure {
    keyed(404, "not_found", &format!("{what} \"{id}\" not found"))
}

/// Membrane itself had too many calls.
pub(super) fn rate_limited(retry_after: Option<u64>) -> Failure {
    Failure {
        retry_after,
        ..keyed(429, "rate_limit_exceeded", "Rate limit exceeded")
    }
}

/// Kartra had too many calls, as Membrane passes it on.
pub(super) fn kartra_rate_limited(connection: &str, retry_after: Option<u64>) -> Failure {
    let mut failure = connection_error(
        429,
        "rate_limit_exceeded",
        "Rate limit of the external application exceeded",
        connection,
    );
    if let Some(seconds) = retry_after {
        failure.body["data"]["response"] =
            json!({ "status": 429, "headers": { "retry-after": seconds.to_string() } });
    }
    failure
}

/// The connection lost its credentials.
pub(super) fn connection_defunct(connection: &str) -> Failure {
    let message = "Connection is disconnected";
    connection_error(400, "connection_is_defunct", message, connection)
}

/// The same, as Membrane says it after its own try to renew them.
pub(super) fn access_token_expired(connection: &str) -> Failure {
    let message = "Access token expired";
    connection_error(400, "access_token_expired", message, connection)
}

/// The same, in a form that one sample of Membrane's expects.
pub(super) fn connection_disconnected_code() -> Failure {
    let message = "Connection is disconnected";
    Failure::new(
        400,
        json!({ "code": "CONNECTION_DISCONNECTED", "message": message }),
    )
}

/// Two runs were in each other's way.
pub(super) fn lock_timeout(connection: &str) -> Failure {
    let data = json!({ "resourceId": format!("connection:{connection}"), "timeoutMs": 30_000 });
    Failure::new(
        400,
        json!({ "type": "concurrency", "key": "lock_timeout", "message": "Could not acquire lock", "data": data }),
    )
}

/// The workspace has no credits left.
pub(super) fn insufficient_credit() -> Failure {
    let message = "Not enough credits";
    Failure::new(
        400,
        json!({ "type": "insufficient_credit", "message": message }),
    )
}

/// Something broke inside Membrane.
pub(super) fn internal() -> Failure {
    let data = json!({ "errorId": "err_01sandbox" });
    Failure::new(
        500,
        json!({ "type": "internal", "message": "Internal error", "data": data }),
    )
}

/// Kartra answered with this HTTP status, as the cause of a failed run.
pub(super) fn external(status: u16, retry_after: Option<u64>) -> Failure {
    let caused_by = external_itself(status, retry_after).body;
    Failure::new(
        400,
        json!({ "type": "action_run", "message": "Action run failed", "causedByError": caused_by }),
    )
}

/// The same, as the only error.
pub(super) fn external_itself(status: u16, retry_after: Option<u64>) -> Failure {
    let headers = match retry_after {
        Some(seconds) => json!({ "retry-after": seconds.to_string() }),
        None => json!({}),
    };
    let data = json!({
        "request": { "url": "https://app.kartra.com/api", "method": "post" },
        "response": { "status": status, "headers": headers, "data": "" },
    });
    let message = format!("Request failed with status code {status}");
    Failure::new(
        500,
        json!({ "type": "internal", "message": message, "data": data }),
    )
}

/// Kartra's own error as a failed run.
pub(super) fn external_direct(body: &Value) -> Failure {
    let message = "External application returned an error";
    Failure::new(
        400,
        json!({ "type": "action_run", "message": message, "data": body }),
    )
}

/// An error of this type, without anything else.
pub(super) fn of_type(kind: &str, message: &str) -> Failure {
    Failure::new(400, json!({ "type": kind, "message": message }))
}

/// The answer to a path that Membrane does not have.
pub(super) async fn no_route(uri: Uri) -> Failure {
    not_found("Route", uri.path())
}

fn keyed(status: u16, key: &str, message: &str) -> Failure {
    Failure::new(
        status,
        json!({ "type": "bad_request", "key": key, "message": message }),
    )
}

fn connection_error(status: u16, key: &str, message: &str, connection: &str) -> Failure {
    let data = json!({ "connectionId": connection, "connectorKey": "kartra" });
    Failure::new(
        status,
        json!({ "type": "connection", "key": key, "message": message, "data": data }),
    )
}
