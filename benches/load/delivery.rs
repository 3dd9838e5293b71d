//! Deliveries as Stripe makes them: unique ids, unique persons, signed, of a wanted size.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use kartwheel::clock::{Clock, SystemClock};
use sha2::Sha256;

/// The signing secret of the benchmark's source.
pub(crate) const SECRET: &str = "whsec_BenchmarkSecret0123456789abcdef";
/// Where the deliveries go.
pub(crate) const PATH: &str = "/hooks/stripe";
/// A checkout session with its line items, as it really comes.
pub(crate) const LARGE_BYTES: usize = 4_500;
/// The least that makes an event.
pub(crate) const SMALL_BYTES: usize = 500;

/// Numbers every delivery of this process once.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// So many whole HTTP requests, each with a body of `bytes` bytes.
pub(crate) fn requests(count: usize, bytes: usize) -> Vec<Vec<u8>> {
    let now = SystemClock.now().as_second();
    (0..count)
        .map(|_| request(NEXT.fetch_add(1, Ordering::Relaxed), bytes, now))
        .collect()
}

fn request(number: u64, bytes: usize, now: i64) -> Vec<u8> {
    let body = body(number, bytes);
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(format!("{now}.{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json; charset=utf-8\r\n\
         stripe-signature: t={now},v1={signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One paid checkout session; line items fill it up to `bytes`, and text does the rest.
fn body(number: u64, bytes: usize) -> String {
    let head = format!(
        "{{\"id\":\"evt_bench_{number:012}\",\"object\":\"event\",\"created\":1793520000,\"livemode\":true,\
         \"type\":\"checkout.session.completed\",\"data\":{{\"object\":{{\"id\":\"cs_bench_{number:012}\",\
         \"customer_details\":{{\"email\":\"person{number:012}@example.com\",\"name\":\"Ada Lovelace\"}},\
         \"amount_total\":29700,\"payment_status\":\"paid\",\"lines\":["
    );
    let mut body = head;
    let line = "{\"id\":\"li_1\",\"amount\":4900,\"currency\":\"usd\",\"description\":\"Course\",\"quantity\":1}";
    let tail = |fill: usize| format!("],\"note\":\"{}\"}}}}}}", "x".repeat(fill));
    let mut first = true;
    while body.len() + line.len() + 1 + tail(0).len() <= bytes {
        if !first {
            body.push(',');
        }
        body.push_str(line);
        first = false;
    }
    let fill = bytes.saturating_sub(body.len() + tail(0).len());
    body.push_str(&tail(fill));
    body
}
