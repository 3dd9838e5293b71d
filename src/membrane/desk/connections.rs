//! Questions about connections: whose token it is, which connections there are, their states, and asking a person to connect.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, Failed, Manner, unreadable};
use crate::membrane::connect::{Connection, is_plain_https};
use crate::membrane::fault::short;
use crate::membrane::wire::{ACT_TIMEOUT, Answer, Request};
use crate::membrane::{Tenant, read_tenant};

/// The longest that one question may be held, in seconds; Membrane's own limit.
const WAIT_SECONDS_MAX: u64 = 60;
/// How much longer than it is held a question may take.
const WAIT_SPARE: Duration = Duration::from_secs(15);

/// A request to a person to connect, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Membrane's id of the request.
    pub id: String,
    /// Where the person connects, if it is a plain https link. It may carry a token: not for logs.
    pub url: Option<String>,
    /// `pending`, `success`, `cancelled` or `error`; may be another word of a newer Membrane.
    pub status: String,
    /// Why it ended badly.
    pub error: Option<String>,
}

impl Desk {
    /// The tenant that our token speaks for.
    ///
    /// # Errors
    /// If that cannot be found out; the class `OurToken` says that the token is refused.
    pub async fn whoami(&self) -> Result<Tenant, Failed> {
        let what = "GET /self";
        let request = Request::get(&["self"], &[]);
        let answer = self.fetch(what, &request, &Manner::default()).await?;
        match answer.body.as_ref().map(read_tenant) {
            Some(tenant) if !tenant.id.is_empty() => Ok(tenant),
            _ => Err(unreadable(what)),
        }
    }

    /// Finds the tenant's connection to this application, or makes one. It may be repeated: what was made is found.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn ensure(&self, app_url: &str, name: Option<&str>) -> Result<Connection, Failed> {
        let mut body = json!({ "appUrl": app_url });
        if let Some(name) = name {
            body["name"] = name.into();
        }
        let request = Request {
            timeout: ACT_TIMEOUT,
            ..post(&["connections", "ensure"], &body)
        };
        let what = "finding or making the connection";
        read_connection(&self.fetch(what, &request, &Manner::default()).await?)
    }

    /// The connection as it is now.
    ///
    /// # Errors
    /// If there is none, which status 404 tells, or Membrane does not answer.
    pub async fn connection(&self, id: &str) -> Result<Connection, Failed> {
        let path = ["connections", id];
        let request = Request::get(&path, &[("includeSecrets", "false")]);
        read_connection(&self.of_connection(id, &request, &Manner::default()).await?)
    }

    /// The connection once it is no longer `BUILDING`, or after so many seconds (1 to 60).
    ///
    /// # Errors
    /// As of [`Desk::connection`].
    pub async fn wait(&self, id: &str, seconds: u64) -> Result<Connection, Failed> {
        let seconds = seconds.clamp(1, WAIT_SECONDS_MAX);
        let timeout = seconds.to_string();
        let path = ["connections", id];
        let request = Request {
            timeout: Duration::from_secs(seconds) + WAIT_SPARE,
            ..Request::get(&path, &[])
        };
        let query = [("wait", "true"), ("timeout", timeout.as_str())];
        let request = Request {
            query: &query,
            ..request
        };
        read_connection(&self.of_connection(id, &request, &Manner::default()).await?)
    }

    /// Every connection of our tenant.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn connections(&self) -> Result<Vec<Connection>, Failed> {
        self.line.connections().await
    }

    /// Has Membrane try the connection with a real call to the application.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn test(&self, id: &str) -> Result<bool, Failed> {
        let path = ["connections", id, "test"];
        let request = Request {
            timeout: ACT_TIMEOUT,
            ..Request::get(&path, &[])
        };
        let manner = Manner {
            method: Some(Method::POST),
            ..Manner::default()
        };
        let body = self.of_connection(id, &request, &manner).await?.body;
        body.as_ref()
            .and_then(|body| body.get("success")?.as_bool())
            .ok_or_else(|| unreadable("the test of the connection"))
    }

    /// Makes a link by which a person connects this very connection again.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn reconnect(&self, id: &str) -> Result<ConnectRequest, Failed> {
        let body = json!({ "connectionId": id });
        let path = ["connection-requests"];
        let request = post(&path, &body);
        let manner = Manner::default();
        read_request(&self.of_connection(id, &request, &manner).await?)
    }

    /// How a request to a person stands.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn request_state(&self, request: &str) -> Result<ConnectRequest, Failed> {
        let path = ["connection-requests", request];
        let what = "the request to connect";
        let request = Request::get(&path, &[]);
        read_request(&self.fetch(what, &request, &Manner::default()).await?)
    }

    /// Something about one connection. That it is not there is said in words that help.
    async fn of_connection(
        &self,
        id: &str,
        request: &Request<'_>,
        manner: &Manner<'_>,
    ) -> Result<Answer, Failed> {
        let asked = self.fetch("the connection", request, manner).await;
        asked.map_err(|mut failed| {
            if failed.status == Some(404) {
                failed.message = format!(
                    "Membrane knows no connection {} for our tenant: check the id and the tenant key",
                    short(id)
                );
            }
            failed
        })
    }
}

fn post<'a>(path: &'a [&'a str], body: &Value) -> Request<'a> {
    Request {
        body: Some(Bytes::from(body.to_string())),
        ..Request::get(path, &[])
    }
}

fn read_connection(answer: &Answer) -> Result<Connection, Failed> {
    let read = answer.body.as_ref().and_then(Connection::read);
    read.ok_or_else(|| unreadable("the connection"))
}

fn read_request(answer: &Answer) -> Result<ConnectRequest, Failed> {
    let what = "the request to connect";
    let body = answer.body.as_ref().ok_or_else(|| unreadable(what))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let id = text("requestId").or(text("id")).filter(|id| !id.is_empty());
    Ok(ConnectRequest {
        id: id.ok_or_else(|| unreadable(what))?.to_owned(),
        url: text("url")
            .filter(|url| is_plain_https(url))
            .map(str::to_owned),
        status: text("status").map(short).unwrap_or_default(),
        error: body
            .get("resultError")
            .and_then(|error| error.get("message")?.as_str())
            .map(short),
    })
}
