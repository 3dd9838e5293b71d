//! PayPal is asked about each notification before it is answered: what it confirms is an event, what it does not is nowhere.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use jiff::Timestamp;
use kartwheel::app::App;
use kartwheel::clock::SettableClock;
use kartwheel::event::Event;
use kartwheel::outside::{ANSWER_BYTES_MAX, Https, Outside, QUESTIONS_MAX};
use kartwheel::store::EventFilter;
use kartwheel::trigger::Roots;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::paypal::{PayPal, plain};
use super::{Yard, instant};
use crate::world::REST_WITHIN;

const FORM: &str = "application/x-www-form-urlencoded";
/// Zoë, as a PayPal account with an old character set writes her.
const BODY: &str = "payment_status=Completed&charset=windows-1252&first_name=Zo%EB&last_name=%8Amith&txn_id=T1&txn_type=web_accept\
                    &payer_email=zoe%40example.com&receiver_email=merchant%40example.com&ipn_track_id=a1";

/// A daemon with a source whose notifications this confirms, and one that asks nobody.
pub(super) struct Shop {
    pub(super) app: App,
    http: reqwest::Client,
    _yard: Yard,
}

impl Shop {
    async fn at(postback: &str, outside: Outside) -> Self {
        let entry = format!(
            "preset: paypal-ipn\nreceiver_email: [merchant@example.com]\npostback: {postback}/cgi-bin/webscr"
        );
        let sources = [
            ("ipn".to_owned(), entry),
            (
                "other".to_owned(),
                "verify: bearer\nsecret: env:S".to_owned(),
            ),
        ];
        let yard = Yard::of(&sources, vec![("S".to_owned(), "of-the-other".to_owned())]);
        Self::of(
            yard,
            outside,
            &SettableClock::starting_at(instant(1_793_520_004)),
        )
        .await
    }

    /// A daemon for these sources, in this world.
    pub(super) async fn of(yard: Yard, outside: Outside, clock: &Arc<SettableClock>) -> Self {
        Self {
            app: yard.start_in(outside, clock).await,
            http: crate::world::client(),
            _yard: yard,
        }
    }

    /// The status of the answer to this delivery, and whether it says when to come again.
    pub(super) async fn post(
        &self,
        source: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, bool) {
        let url = format!("http://{}/hooks/{source}", self.app.webhook_address);
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let says_when = answer.headers().contains_key("retry-after");
        (answer.status().as_u16(), says_when)
    }

    async fn notify(&self, body: &'static str) -> (u16, bool) {
        self.post("ipn", &[("content-type", FORM)], body).await
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let filter = EventFilter {
            limit: 1_000,
            ..EventFilter::default()
        };
        let events = self.app.store().reader().events(&filter, false).await;
        let events = events.unwrap().into_iter();
        events.map(|stored| stored.event).collect()
    }

    /// For which reasons deliveries were refused, and how often.
    pub(super) async fn refusals(&self) -> Vec<(String, u64)> {
        self.app.write_tally().await;
        let sums = self.app.store().reader().refusal_sums(Timestamp::MIN).await;
        let mut all: Vec<_> = sums
            .unwrap()
            .into_iter()
            .map(|sum| (sum.word, sum.count))
            .collect();
        all.sort_unstable();
        all
    }
}

fn usual() -> Outside {
    Outside::usual().unwrap()
}

#[tokio::test]
async fn what_paypal_confirms_is_an_event_and_it_gets_back_every_byte() {
    let paypal = PayPal::always(200, "VERIFIED").await;
    let shop = Shop::at(&paypal.url, usual()).await;
    assert_eq!(shop.notify(BODY).await, (200, false));
    assert_eq!(shop.notify(BODY).await, (200, false), "again");

    let heard = paypal.heard();
    assert_eq!(heard.len(), 2, "one question for each delivery");
    assert_eq!(heard[0], heard[1]);
    let whole = format!("cmd=_notify-validate&{BODY}");
    assert_eq!(heard[0].body, whole.as_bytes());
    assert_eq!(
        (
            heard[0].method.as_str(),
            heard[0].path.as_str(),
            heard[0].content_type.as_str()
        ),
        ("POST", "/cgi-bin/webscr", FORM)
    );
    assert!(heard[0].agent.starts_with("kartwheel/"));

    let events = shop.events().await;
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.kind, "web_accept.completed");
    assert_eq!(event.sender_id, "T1/Completed");
    let person = &event.person;
    assert_eq!(person.email.as_deref(), Some("zoe@example.com"));
    assert_eq!(person.first_name.as_deref(), Some("Zoë"));
    assert_eq!(person.last_name.as_deref(), Some("Šmith"));
    assert_eq!(shop.refusals().await, []);
    shop.app.stop().await;
}

#[tokio::test]
async fn what_paypal_denies_is_nowhere_and_what_it_cannot_say_is_sent_again() {
    let redirect = || {
        PayPal::saying(|path, _| match path {
            "/true" => plain(200, "VERIFIED"),
            _ => (axum::http::StatusCode::FOUND, [(LOCATION, "/true")]).into_response(),
        })
    };
    let large =
        || PayPal::saying(|_, _| plain(200, format!("VERIFIED{}", " ".repeat(ANSWER_BYTES_MAX))));
    for (paypal, wanted, reason) in [
        (PayPal::always(200, "INVALID").await, (401, false), "denied"),
        (
            PayPal::always(200, "VERIFIED!").await,
            (503, true),
            "unanswered",
        ),
        (
            PayPal::always(200, "INVALID VERIFIED").await,
            (503, true),
            "unanswered",
        ),
        (
            PayPal::always(200, "verified").await,
            (503, true),
            "unanswered",
        ),
        (PayPal::always(200, "").await, (503, true), "unanswered"),
        (
            PayPal::always(500, "VERIFIED").await,
            (503, true),
            "unanswered",
        ),
        (
            PayPal::always(403, "INVALID").await,
            (503, true),
            "unanswered",
        ),
        (PayPal::always(204, "").await, (503, true), "unanswered"),
        (redirect().await, (503, true), "unanswered"),
        (large().await, (503, true), "unanswered"),
    ] {
        let shop = Shop::at(&paypal.url, usual()).await;
        assert_eq!(shop.notify(BODY).await, wanted);
        assert_eq!(paypal.heard().len(), 1);
        assert_eq!(shop.refusals().await, [(reason.to_owned(), 1)]);
        assert_eq!(shop.events().await.len(), 0);
        shop.app.stop().await;
    }
}

#[tokio::test]
async fn while_paypal_is_dead_or_silent_it_is_to_send_again() {
    // Nobody listens at a port that was let go; whoever connects to the other one waits for ever.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let waits = format!("http://{}", silent.local_addr().unwrap());
    for url in [dead, waits] {
        let asker = Https::within(Duration::from_millis(50)).unwrap();
        let outside = Outside::new(Arc::new(asker), Roots::usual());
        let shop = Shop::at(&url, outside).await;
        assert_eq!(shop.notify(BODY).await, (503, true), "{url}");
        assert_eq!(shop.refusals().await, [("unanswered".to_owned(), 1)]);
        assert_eq!(shop.events().await.len(), 0);
        shop.app.stop().await;
    }
}

#[tokio::test]
async fn nobody_is_asked_about_garbage() {
    let paypal = PayPal::always(200, "VERIFIED").await;
    let shop = Shop::at(&paypal.url, usual()).await;
    for body in [
        "receiver_email=other%40example.com&txn_id=T1",
        "txn_id=T1",
        "{}",
        "",
        "receiver_email=%ff",
    ] {
        assert_eq!(shop.notify(body).await, (401, false), "{body}");
    }
    assert_eq!(paypal.heard(), []);
    let refused = [("malformed".to_owned(), 3), ("receiver".to_owned(), 2)];
    assert_eq!(shop.refusals().await, refused);
    shop.app.stop().await;
}

#[tokio::test]
async fn questions_without_an_answer_hold_up_nobody_else() {
    let paypal = PayPal::always(200, "VERIFIED").await;
    paypal.gate.forget_permits(usize::MAX);
    let asker = Https::within(Duration::from_secs(600)).unwrap();
    let outside = Outside::new(Arc::new(asker), Roots::usual());
    let shop = Arc::new(Shop::at(&paypal.url, outside).await);
    let mut flood = JoinSet::new();
    for number in 0..QUESTIONS_MAX {
        let shop = Arc::clone(&shop);
        let body = BODY.replace("T1", &format!("T{number}"));
        flood.spawn(async move { shop.post("ipn", &[("content-type", FORM)], body).await });
    }
    paypal.hears(QUESTIONS_MAX).await;

    let more = tokio::time::timeout(REST_WITHIN, shop.notify(BODY)).await;
    assert_eq!(more, Ok((503, true)), "one too many");
    assert_eq!(paypal.heard().len(), QUESTIONS_MAX);
    let bearer = [("authorization", "Bearer of-the-other")];
    assert_eq!(
        shop.post("other", &bearer, "{\"id\":1}").await,
        (200, false)
    );
    assert_eq!(shop.events().await.len(), 1);

    paypal.gate.add_permits(QUESTIONS_MAX);
    let answers = flood.join_all().await;
    assert!(
        answers.iter().all(|answer| *answer == (200, false)),
        "{answers:?}"
    );
    assert_eq!(shop.events().await.len(), QUESTIONS_MAX + 1);
    Arc::into_inner(shop).unwrap().app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_notification_is_undecided_until_paypal_may_be_asked() {
    let paypal = PayPal::always(200, "INVALID").await;
    let entry = |url: &str| {
        format!("preset: paypal-ipn\nreceiver_email: merchant@example.com\npostback: {url}")
    };
    let sources = [
        ("ipn".to_owned(), entry(&format!("{}/", paypal.url))),
        ("live".to_owned(), entry("live")),
    ];
    let yard = Yard::of(&sources, Vec::new());
    let captured = format!("POST /hooks/ipn HTTP/1.1\ncontent-type: {FORM}\n\n{BODY}");
    std::fs::write(yard.dir.path().join("request"), captured).unwrap();
    let tried = |more: &[&str]| {
        let arguments = ["sources", "try", "ipn", "--request", "request"];
        yard.says(&[&arguments[..], more].concat())
    };

    let said = tried(&[]);
    assert_eq!(said.code, 0, "{}", said.err);
    for told in [
        "undecided",
        "`receiver_email` is the source's",
        &format!("POST {}/", paypal.url),
        "--ask",
    ] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    let json: Value = serde_json::from_str(&tried(&["--json"]).out).unwrap();
    assert_eq!(json["outcome"], "undecided");
    assert_eq!(paypal.heard(), [], "nothing is sent unless it is asked for");

    let said = tried(&["--ask"]);
    assert_eq!(said.code, 1, "{}", said.err);
    for told in [
        "refused",
        "401 denied",
        "PayPal says that it did not send it",
    ] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    assert_eq!(paypal.heard().len(), 1);

    let said = yard.says(&["send", "live"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains("vouches only for its own"),
        "{}",
        said.err
    );
}

/// What stands in for PayPal on this machine can be asked about what is made here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_played_where_something_stands_in_for_paypal() {
    let paypal = PayPal::always(200, "VERIFIED").await;
    let entry = format!(
        "preset: paypal-ipn\nreceiver_email: merchant@example.com\nsecret: env:S\npostback: {}/",
        paypal.url
    );
    let variables = vec![("S".to_owned(), "of-the-url".to_owned())];
    let yard = Yard::of(&[("ipn".to_owned(), entry)], variables);
    let clock = SettableClock::starting_at(instant(1_793_520_004));
    let app = yard.start_in(usual(), &clock).await;
    let url = format!("http://{}/hooks/ipn", app.webhook_address);
    for sample in ["web_accept.completed", "payment.refunded", "subscr_cancel"] {
        let said = yard.says(&[
            "send",
            "ipn",
            sample,
            "--email",
            "grace@example.com",
            "--url",
            &url,
        ]);
        assert_eq!(said.code, 0, "{sample}: {} {}", said.out, said.err);
    }
    let filter = EventFilter {
        email: Some("grace@example.com".to_owned()),
        limit: 10,
        ..EventFilter::default()
    };
    let events = app.store().reader().events(&filter, false).await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(paypal.heard().len(), 3);
    app.stop().await;
}
