//! Asking over https: one request, no redirects, no retries, an answer of bounded size within a bounded time.

use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::Asker;
use crate::trigger::{Ask, may_be_asked};

/// How long an answer may take.
pub const ANSWER_SECONDS_MAX: u64 = 10;
/// The longest answer; a certificate with those that vouch for it has some kilobytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The way outside.
#[derive(Debug)]
pub struct Https {
    client: reqwest::Client,
    within: Duration,
}

impl Https {
    /// One that waits for an answer as long as a delivery can.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new() -> anyhow::Result<Self> {
        Self::within(Duration::from_secs(ANSWER_SECONDS_MAX))
    }

    /// One that waits so long for an answer.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn within(within: Duration) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            // PayPal answers nobody who does not say who it is.
            .user_agent(concat!("kartwheel/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // As on the way to Membrane: what stands between could answer instead.
            .no_proxy()
            .timeout(within)
            .build()
            .context("the HTTP client could not be built")?;
        Ok(Self { client, within })
    }

    fn told(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {:?}", self.within);
        }
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        format!("no answer: {cause}")
    }
}

#[async_trait]
impl Asker for Https {
    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, String> {
        if !may_be_asked(ask.url()) {
            return Err("it is not https".to_owned());
        }
        let request = match ask {
            Ask::Confirm { url, form } => self
                .client
                .post(url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone()),
            Ask::Certificate { url } => self.client.get(url),
        };
        let sent = request.send().await;
        let mut answer = sent.map_err(|error| self.told(error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer was {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.told(error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
