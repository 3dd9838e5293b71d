//! Requests to Membrane and its answers, as bytes: one send, no redirect, no proxy, no repeat, no endless body.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::gate::{Gate, Passage};
use super::settings::Settings;
use crate::clock::{SharedClock, between};

/// The longest a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest a request may take that only reads.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest a run of an action may take: above Membrane's own 60 s, so that it speaks first.
pub(super) const ACT_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest answer that is read; Membrane's own limit.
const MAX_ANSWER_BYTES: usize = 30 * 1024 * 1024;
/// The largest request that is sent; Membrane's own limit.
pub(super) const MAX_REQUEST_BYTES: usize = 10 * 1024 * 1024;
/// The longest pause that the other side can ask of us.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);
/// Idle connections that are kept open.
const MAX_IDLE_CONNECTIONS: usize = 8;
/// How long an idle connection is kept: shorter than the 5 s after which many servers hang up, because a call that meets
/// their hanging up leaves an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// One request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// The parts of the path, not yet encoded.
    pub(super) path: &'a [&'a str],
    /// The query, not yet encoded.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// With a body it is a POST, else a GET.
    pub(super) body: Option<Bytes>,
    /// A body is not handed to the network after this instant.
    pub(super) send_by: Timestamp,
    /// The longest it may take, in real time.
    pub(super) timeout: Duration,
}

impl<'a> Request<'a> {
    /// A request that only reads.
    pub(super) fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            path,
            query,
            body: None,
            send_by: Timestamp::MAX,
            timeout: READ_TIMEOUT,
        }
    }
}

/// How a request goes out that is not of the usual kind.
#[derive(Debug, Default)]
pub(super) struct Manner<'a> {
    /// Another method than the usual one.
    pub(super) method: Option<Method>,
    /// What follows the path, encoded already.
    pub(super) tail: Option<&'a str>,
    /// Headers beside our own; then no content type is added.
    pub(super) headers: Option<&'a HeaderMap>,
}

/// What came back, as it came.
#[derive(Debug)]
pub(super) struct Raw {
    /// The HTTP status.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body, whole.
    pub(super) body: Bytes,
}

impl Raw {
    /// The same as an answer of Membrane's.
    pub(super) fn answer(&self, now: Timestamp) -> Answer {
        let retry_after = self.headers.get(header::RETRY_AFTER);
        Answer {
            status: self.status,
            retry_after: retry_after.and_then(|value| parse_retry_after(value.to_str().ok()?, now)),
            body: serde_json::from_slice(&self.body).ok(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// How long we were asked to wait, at most 15 minutes.
    pub(super) retry_after: Option<Duration>,
    /// The body, when it is JSON.
    pub(super) body: Option<Value>,
}

impl Answer {
    /// Whether the status says success.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Nothing came back, or nothing whole.
#[derive(Debug)]
pub(super) struct NoAnswer {
    /// False when the request surely never left.
    pub(super) sent: bool,
    /// What happened, for a person.
    pub(super) message: String,
}

/// Another way to Membrane than the network: tests take one without sockets, on a clock of their own.
#[async_trait]
pub trait Carrier: Send + Sync + Debug {
    /// Carries a request there, and back its status, headers and body; or says what kept it from that.
    async fn carry(&self, request: reqwest::Request) -> Result<(u16, HeaderMap, Bytes), String>;
}

/// The way to one Membrane.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    carrier: Option<Arc<dyn Carrier>>,
    base: Url,
    clock: SharedClock,
    /// Set once this Membrane turned out to know only the older form of running an action.
    older: AtomicBool,
}

impl Http {
    pub(super) fn new(
        settings: &Settings,
        clock: SharedClock,
        carrier: Option<Arc<dyn Carrier>>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(version) = &settings.api_version {
            headers.insert(
                HeaderName::from_static("membrane-api-version"),
                HeaderValue::from_str(version)
                    .context("membrane.api_version cannot be sent in a header")?,
            );
        }
        let client = reqwest::Client::builder()
            .user_agent(concat!("kartwheel/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // HTTPS_PROXY is not heeded: what stands between could answer for Membrane, or send a call twice.
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .context("the HTTP client could not be built")?;
        Ok(Self {
            client,
            carrier,
            base: settings.base()?,
            clock,
            older: AtomicBool::new(false),
        })
    }

    /// Whether this Membrane knows only the older form of running an action.
    pub(super) fn is_older(&self) -> bool {
        self.older.load(Ordering::Relaxed)
    }

    /// Remembers that it does.
    pub(super) fn mark_older(&self) {
        self.older.store(true, Ordering::Relaxed);
    }

    /// Sends once.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        token: &SecretString,
    ) -> Result<Answer, NoAnswer> {
        let raw = self.exchange(request, &Manner::default(), token).await?;
        Ok(raw.answer(self.clock.now()))
    }

    /// Sends once, in this manner, and gives back all that came.
    pub(super) async fn exchange(
        &self,
        request: &Request<'_>,
        manner: &Manner<'_>,
        token: &SecretString,
    ) -> Result<Raw, NoAnswer> {
        let gate = Gate::new(Arc::clone(&self.clock), request.send_by);
        let built = self.build(request, manner, token, &gate)?;
        if let Some(carrier) = &self.carrier {
            let carried = carrier.carry(built).await;
            let (status, headers, body) = carried.map_err(|message| NoAnswer {
                sent: request.body.is_none() || gate.passage() == Passage::Sent,
                message,
            })?;
            return Ok(Raw {
                status,
                headers,
                body,
            });
        }
        let response = match self.client.execute(built).await {
            Ok(response) => response,
            Err(error) => return Err(no_answer(error, request, &gate)),
        };
        Ok(Raw {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: read_body(response).await?.into(),
        })
    }

    fn build(
        &self,
        request: &Request<'_>,
        manner: &Manner<'_>,
        token: &SecretString,
        gate: &Arc<Gate>,
    ) -> Result<reqwest::Request, NoAnswer> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(request.path);
        }
        if let Some(tail) = manner.tail {
            url.set_path(&format!("{}/{tail}", url.path()));
        }
        let method = match (&manner.method, &request.body) {
            (Some(method), _) => method.clone(),
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        let mut builder = self
            .client
            .request(method, url)
            .timeout(request.timeout)
            .bearer_auth(token.expose_secret());
        if !request.query.is_empty() {
            builder = builder.query(request.query);
        }
        if let Some(bytes) = &request.body {
            builder = builder.body(reqwest::Body::wrap(gate.body(bytes.clone())));
            if manner.headers.is_none() {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
            }
        }
        if let Some(headers) = manner.headers {
            builder = builder.headers(headers.clone());
        }
        builder.build().map_err(|error| NoAnswer {
            sent: false,
            message: format!("the request could not be made: {}", innermost(&error)),
        })
    }
}

/// Whether it was sent is known from the gate where there is a body, else from the error.
fn no_answer(error: reqwest::Error, request: &Request<'_>, gate: &Gate) -> NoAnswer {
    let passage = match request.body {
        Some(_) => gate.passage(),
        None if error.is_connect() => Passage::NotYet,
        None => Passage::Sent,
    };
    let error = error.without_url();
    let message = match passage {
        Passage::TooLate => "not sent: its time to be sent had run out".to_owned(),
        Passage::NotYet if error.is_timeout() => {
            "not sent: the connection to Membrane did not open in time".to_owned()
        }
        Passage::NotYet => format!("not sent: no connection to Membrane: {}", innermost(&error)),
        Passage::Sent if error.is_timeout() => format!(
            "Membrane did not answer within {} s",
            request.timeout.as_secs_f32()
        ),
        Passage::Sent => format!("the connection to Membrane broke: {}", innermost(&error)),
    };
    NoAnswer {
        sent: passage == Passage::Sent,
        message,
    }
}

/// The cause of causes: what the system said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Reads the answer piece by piece and gives up when it grows too large.
async fn read_body(mut response: reqwest::Response) -> Result<Vec<u8>, NoAnswer> {
    let lost = |message: String| NoAnswer {
        sent: true,
        message,
    };
    let too_large = || {
        lost(format!(
            "Membrane's answer is larger than {} MB",
            MAX_ANSWER_BYTES / 1024 / 1024
        ))
    };
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER_BYTES => {
                return Err(too_large());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => {
                return Err(lost("Membrane's answer did not end in time".to_owned()));
            }
            Err(error) => {
                return Err(lost(format!(
                    "Membrane's answer broke off: {}",
                    innermost(&error.without_url())
                )));
            }
        }
    }
}

/// `Retry-After`: seconds, or a date. At most 15 minutes; a date in the past is no wait.
pub(super) fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let wait = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        between(now, jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_more_than_a_quarter_of_an_hour() {
        let now: Timestamp = "2026-10-05T12:00:00Z".parse().expect("an instant");
        let cases = [
            ("2", Some(2)),
            (" 30 ", Some(30)),
            ("0", Some(0)),
            ("901", Some(900)),
            ("99999999999999999999999", Some(900)),
            ("Mon, 05 Oct 2026 12:00:20 GMT", Some(20)),
            ("Mon, 05 Oct 2026 11:00:00 GMT", Some(0)),
            ("Tue, 06 Oct 2026 12:00:00 GMT", Some(900)),
            ("", None),
            ("-1", None),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(
                parse_retry_after(text, now),
                seconds.map(Duration::from_secs),
                "{text:?}"
            );
        }
    }
}
