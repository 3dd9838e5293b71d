//! What the headers of an answer tell beside its body: the other side's clock, its number of the request, its limits.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap};

use crate::membrane::fault::short;

/// Names of headers that number a request, the first that is there is taken.
const REQUEST_IDS: &[&str] = &["x-request-id", "request-id", "x-amzn-requestid", "cf-ray"];

/// What the headers of one answer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The HTTP status.
    pub status: u16,
    /// When it was read, by our clock.
    pub received: Timestamp,
    /// How long the request took, a renewed token included.
    pub took: Duration,
    /// The other side's clock, to the second (`Date`).
    pub date: Option<Timestamp>,
    /// The header that numbers the request, and its value.
    pub request_id: Option<(String, String)>,
    /// Every header that speaks of limits, `Retry-After` among them.
    pub rate_limits: Vec<(String, String)>,
}

impl Facts {
    pub(super) fn read(
        status: u16,
        headers: &HeaderMap,
        took: Duration,
        received: Timestamp,
    ) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let date = text(header::DATE.as_str())
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| date.timestamp());
        let request_id = REQUEST_IDS
            .iter()
            .find_map(|name| Some(((*name).to_owned(), short(text(name)?))));
        let limits = headers.iter().filter(|(name, _)| {
            let name = name.as_str();
            name.contains("ratelimit") || name.contains("rate-limit") || name == "retry-after"
        });
        Self {
            status,
            received,
            took,
            date,
            request_id,
            rate_limits: limits
                .filter_map(|(name, value)| {
                    Some((name.as_str().to_owned(), short(value.to_str().ok()?)))
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_number_and_limits_are_found_among_the_headers() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("date", "Mon, 05 Oct 2026 12:00:20 GMT"),
            ("x-request-id", "r-1"),
            ("x-ratelimit-remaining", "9"),
            ("content-type", "application/json"),
        ] {
            headers.insert(name, value.parse().expect("a value"));
        }
        let facts = Facts::read(200, &headers, Duration::ZERO, Timestamp::UNIX_EPOCH);
        assert_eq!(
            facts.date,
            Some("2026-10-05T12:00:20Z".parse().expect("an instant"))
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(facts.request_id, Some(pair("x-request-id", "r-1")));
        assert_eq!(facts.rate_limits, [pair("x-ratelimit-remaining", "9")]);
        let bare = Facts::read(
            200,
            &HeaderMap::new(),
            Duration::ZERO,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!((bare.date, bare.request_id), (None, None));
    }
}
