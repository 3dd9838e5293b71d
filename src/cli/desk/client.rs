//! The client of the daemon's API: this machine only, bounded in time and size, no redirects, no proxies.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Failure, reachable};
use crate::web::api::{As, Control, Refusal};

/// How long the daemon may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long the daemon may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Talks to the daemon that holds the database.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// A client for the daemon whose API listens here.
    ///
    /// # Errors
    /// There is no token to show.
    pub(super) fn new(console: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        let token = token.ok_or_else(|| {
            Failure::new("KARTWHEEL_TOKEN is not set")
                .means("A daemon has this project's database open, so the change must go through its API, and the API wants a token.")
                .remedy("Put the daemon's token into the project's .env: KARTWHEEL_TOKEN=…")
        })?;
        Ok(Self {
            http: http_client()?,
            base: format!("http://{}/api", reachable(console)),
            token: token.to_owned(),
        })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.post_within(ANSWER_WITHIN, path, body).await
    }

    /// Asks for something that may take so long.
    pub(crate) async fn post_within(
        &self,
        within: Duration,
        path: &str,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.timeout(within);
        let sent = request.bearer_auth(&self.token).json(body).send().await;
        let mut response = sent.map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(Refusal::new(
                    502,
                    "too_large",
                    "the daemon's answer is too long",
                ));
            }
        }
        if (200..300).contains(&status) {
            return Ok(serde_json::from_slice(&bytes).unwrap_or_default());
        }
        Err(self.refused(status, &bytes))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Refusal {
        let what = if error.is_timeout() {
            format!("the daemon did not answer at {} in time", self.base)
        } else {
            format!("the daemon does not answer at {}", self.base)
        };
        Refusal::new(502, "unreachable", what).help(
            "A daemon holds this project's database, so the change must go through it. Look at its log: it may be starting, stopping, \
             or listening elsewhere (`console.listen` in kartwheel.yaml).",
        )
    }

    fn refused(&self, status: u16, bytes: &[u8]) -> Refusal {
        let answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |name: &str| answer["error"][name].as_str().map(str::to_owned);
        if status == 401 {
            return Refusal::new(status, "unauthorized", format!("the daemon at {} does not accept our token", self.base)).help(
                "KARTWHEEL_TOKEN here is not the one the daemon was started with. Compare the project's .env with the daemon's environment; \
                 if another project's daemon listens there, give this one its own `console.listen`.",
            );
        }
        let code = text("code").unwrap_or_else(|| "refused".to_owned());
        let message =
            text("message").unwrap_or_else(|| format!("the daemon answered with {status}"));
        let refusal = Refusal::new(status, &code, message);
        match text("help") {
            Some(help) => refusal.help(help),
            None => refusal,
        }
    }
}

#[async_trait]
impl Control for Client {
    async fn cancel(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.post(&format!("/runs/{run}/cancel"), &json!({"reason": reason}))
            .await
            .map(drop)
    }

    async fn retry(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.post(&format!("/runs/{run}/retry"), &json!({"reason": reason}))
            .await
            .map(drop)
    }

    async fn resume(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.post(&format!("/runs/{run}/resume"), &json!({"reason": reason}))
            .await
            .map(drop)
    }

    async fn approve(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.post(&format!("/runs/{run}/approve"), &json!({"reason": reason}))
            .await
            .map(drop)
    }

    async fn resolve(&self, run: Uuid, outcome: As, reason: &str) -> Result<(), Refusal> {
        let body = json!({"as": outcome, "reason": reason});
        self.post(&format!("/runs/{run}/resolve"), &body)
            .await
            .map(drop)
    }

    async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), Refusal> {
        let body = json!({"connection": connection, "reason": reason});
        self.post("/pause", &body).await.map(drop)
    }

    async fn unpause(&self, connection: Option<&str>) -> Result<(), Refusal> {
        let body = json!({"connection": connection});
        self.post("/resume", &body).await.map(drop)
    }
}

/// An HTTP client as every command uses it.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()?)
}
