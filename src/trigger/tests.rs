//! A request to a source, start to end: refused with a reason, or an event that keeps no secret.

use jiff::Timestamp;
mod fuzz;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::Format;
use crate::problem::Source as File;
use crate::yaml;

const SECRET: &str = "s3cr3t-0123456789";

/// A source with this entry, all of whose secrets are `SECRET`.
fn source(entry: &str) -> Source {
    let file = File::new("kartwheel.yaml", entry);
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let secrets = |_: &str| Some(SECRET.to_owned());
    let source = Source::parse("shop", &node, &file, &Home::of(&secrets), &mut problems);
    assert_eq!(problems, [], "{entry}");
    source.expect(entry)
}

/// A request whose parts a test sets.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    path_secret: Option<&'static str>,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: Option<&'static str>,
    at: i64,
}

impl Sent {
    fn json(body: &str) -> Self {
        Self {
            method: "POST",
            path_secret: None,
            query: String::new(),
            headers: Vec::new(),
            body: body.into(),
            peer: None,
            at: 1_793_520_000,
        }
        .header("content-type", "application/json")
    }

    fn form(body: &str) -> Self {
        let mut sent = Self::json(body);
        sent.headers[0].1 = "application/x-www-form-urlencoded".into();
        sent
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn bearer(self) -> Self {
        self.header("Authorization", &format!("Bearer {SECRET}"))
    }

    fn to(&self, source: &Source) -> Received {
        let request = Request {
            method: self.method,
            path_secret: self.path_secret,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
            peer: self.peer.map(|peer| peer.parse().expect("an address")),
        };
        let mut env = Map::new();
        env.insert("STAGE".into(), "test".into());
        let arrival = Arrival {
            now: Timestamp::from_second(self.at).expect("a time"),
            new_id: &|| Uuid::from_u128(7),
            env: &env,
        };
        source.receive(&request, arrival)
    }

    #[track_caller]
    fn event(&self, source: &Source) -> Event {
        match self.to(source) {
            Received::Events(mut events) if events.len() == 1 => events.remove(0),
            other => panic!("not one event: {other:?}"),
        }
    }

    #[track_caller]
    fn refused(&self, source: &Source) -> (u16, &'static str) {
        match self.to(source) {
            Received::Refused(refusal) => {
                assert!(REASONS.iter().any(|(word, _)| *word == refusal.reason));
                assert!(!refusal.detail.contains(SECRET), "{}", refusal.detail);
                (refusal.status, refusal.reason)
            }
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// Nothing of the event shows the secret, and it reads the same when it comes back from the store.
#[track_caller]
fn clean(event: &Event) {
    let raw = String::from_utf8_lossy(&event.raw);
    assert!(!raw.contains(SECRET), "{raw}");
    let tree = event.tree.to_string();
    assert!(!tree.contains(SECRET), "{tree}");
    assert_eq!(
        read_body(event.format, &event.raw).as_ref(),
        Ok(&event.tree["body"])
    );
}

#[test]
fn a_delivery_becomes_an_event_with_one_tree() {
    let source = source(
        "{ verify: bearer, secret: env:S, id: \"$.headers['x-request-id']\", type: $.body.event, live: $.body.mode, \
         person: { email: [$.body.customer.mail, $.body.customer.email], name: $.body.customer.name, ids: { customer: $.body.customer.id } } }",
    );
    let body = r#"{"event":"order.paid","mode":"test","customer":{"id":7,"mail":" ","email":"Ada@Example.com","name":"Ada King Lovelace"}}"#;
    let mut sent = Sent::json(body).bearer().header("X-Request-Id", "req-1");
    sent.query = "shop=eu&tags[]=a&token=x".into();
    let event = sent.event(&source);
    clean(&event);
    assert_eq!((event.id, &*event.source), (Uuid::from_u128(7), "shop"));
    assert_eq!(
        (&*event.sender_id, &*event.kind, event.live),
        ("req-1", "order.paid", Some(false))
    );
    assert_eq!(&*event.raw, body.as_bytes());
    assert_eq!(event.format, Format::Json);
    let tree = &event.tree;
    assert_eq!(
        tree["headers"],
        json!({"content-type": "application/json", "x-request-id": "req-1"})
    );
    assert_eq!(tree["query"], json!({"shop": "eu", "tags": ["a"]}));
    assert_eq!(tree["env"], json!({"STAGE": "test"}));
    assert_eq!(tree["event"]["type"], "order.paid");
    assert_eq!(
        tree["person"],
        json!({"email": "Ada@Example.com", "first_name": "Ada", "last_name": "King Lovelace", "phone": null, "ids": {"customer": "7"}})
    );
}

#[test]
fn a_secret_in_the_body_is_taken_out_of_json_and_forms() {
    let source = source(
        "{ verify: { field: $.body.thrivecart_secret }, secret: env:S, id: $.body.webhook_id, type: $.body.event }",
    );
    let form = format!(
        "event=order.success&thrivecart_secret={SECRET}&webhook_id=w-1&customer%5Bemail%5D=ada%40example.com&n=007"
    );
    let event = Sent::form(&form).event(&source);
    clean(&event);
    assert_eq!((&*event.sender_id, &*event.kind), ("w-1", "order.success"));
    let rest = json!({"event": "order.success", "webhook_id": "w-1", "customer": {"email": "ada@example.com"}, "n": "007"});
    assert_eq!(event.tree["body"], rest);

    let json = format!(
        r#"{{"thrivecart_secret":"x","id":82098291194615450812,"thrivecart_secret":"{SECRET}"}}"#
    );
    let event = Sent::json(&json).event(&source);
    clean(&event);
    assert_eq!(&*event.raw, br#"{"id":82098291194615450812}"#);

    assert_eq!(
        Sent::form("thrivecart_secret=x").refused(&source),
        (401, "secret")
    );
    assert_eq!(Sent::form("a=1").refused(&source), (401, "missing"));
    assert_eq!(Sent::json("{").refused(&source), (401, "missing"));
}

#[test]
fn a_secret_in_the_url_leaves_no_trace() {
    let source = source("{ verify: url-secret, secret: env:S }");
    let mut sent = Sent::json("{}");
    assert_eq!(sent.refused(&source), (401, "missing"));
    sent.path_secret = Some("wrong");
    assert_eq!(sent.refused(&source), (401, "secret"));
    sent.path_secret = Some(SECRET);
    clean(&sent.event(&source));
    sent.path_secret = None;
    sent.query = format!("a=1&secret={SECRET}&again={SECRET}");
    let sent = sent
        .header("X-Original-URI", &format!("/hooks/shop?secret={SECRET}"))
        .header("X-Proxied-For", &format!("/hooks/shop/{SECRET}"));
    let event = sent.event(&source);
    clean(&event);
    assert_eq!(event.tree["query"], json!({"a": "1"}));
    assert_eq!(
        event.tree["headers"],
        json!({"content-type": "application/json"})
    );
}

#[test]
fn where_the_url_is_signed_a_refusal_names_the_one_that_was_expected() {
    let url = "https://hooks.example.com/hooks/shop";
    let square = source(&format!(
        "{{ preset: square, secret: env:S, url: \"{url}\" }}"
    ));
    let stripe = source("{ preset: stripe, secret: env:S }");
    let sent = Sent::json("{}")
        .header("x-square-hmacsha256-signature", "AAAA")
        .header("stripe-signature", "t=1,v1=00");
    for (source, is_named) in [(square, true), (stripe, false)] {
        let Received::Refused(refusal) = sent.to(&source) else {
            panic!("accepted");
        };
        let is_told = refusal.detail.contains(url) && refusal.detail.contains("another URL");
        assert_eq!(is_told, is_named, "{}", refusal.detail);
    }
}

#[test]
fn the_proof_comes_first_and_a_true_one_on_a_broken_body_is_told_apart() {
    let source = source("{ verify: bearer, secret: env:S }");
    assert_eq!(Sent::json("{").refused(&source), (401, "missing"));
    assert_eq!(Sent::json("{").bearer().refused(&source), (400, "body"));
    let basic = Sent::json("{}").header("authorization", "Basic x");
    assert_eq!(basic.refused(&source), (401, "scheme"));
    let mut sent = Sent::json("{}").bearer();
    sent.query = "a=%ff".into();
    assert_eq!(sent.refused(&source), (400, "query"));
    sent.query.clear();
    sent.body.clear();
    assert_eq!(sent.event(&source).tree["body"], json!({}));
}

#[test]
fn looking_whether_somebody_is_there_needs_no_proof() {
    for method in ["GET", "HEAD"] {
        let mut sent = Sent::json("");
        sent.method = method;
        let Received::Handshake { status, body, .. } =
            sent.to(&source("{ preset: stripe, secret: env:S }"))
        else {
            panic!("{method} is no handshake");
        };
        assert_eq!((status, &*body), (200, ""));
    }
}

#[test]
fn only_allowed_addresses_may_send() {
    let source = source("{ verify: none, allow_from: [203.0.113.0/24, \"2001:db8::1\"] }");
    let mut sent = Sent::json("{}");
    assert_eq!(sent.refused(&source), (401, "address"));
    for (peer, allowed) in [
        ("203.0.113.9", true),
        ("::ffff:203.0.113.9", true),
        ("2001:db8::1", true),
        ("203.0.114.9", false),
    ] {
        sent.peer = Some(peer);
        if allowed {
            sent.event(&source);
        } else {
            assert_eq!(sent.refused(&source), (401, "address"));
        }
    }
}

#[test]
fn a_source_whose_secret_is_missing_refuses_everything() {
    let file = File::new("kartwheel.yaml", "{ verify: bearer, secret: env:GONE }");
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let source =
        Source::parse("shop", &node, &file, &Home::of(&|_| None), &mut problems).expect("a source");
    assert_eq!(
        Sent::json("{}").bearer().refused(&source),
        (401, "no_secret")
    );
    assert_eq!(source.sign(b"{}", Timestamp::UNIX_EPOCH), Signed::default());
}

#[test]
fn without_an_id_equal_bodies_are_repeats_within_dedupe_and_only_there() {
    let source = source("{ verify: bearer, secret: env:S, id: $.body.id, dedupe: 1h }");
    let id = |body: &str, at: i64| {
        let mut sent = Sent::json(body).bearer();
        sent.at = at;
        sent.event(&source).sender_id
    };
    let base = 1_793_520_000;
    let day: Vec<String> = (0..24 * 60)
        .map(|minute| id("{}", base + minute * 60))
        .collect();
    assert!(
        day[0].starts_with(
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/"
        )
    );
    let changes = day.windows(2).filter(|two| two[0] != two[1]).count();
    assert_eq!(changes, 24, "one window an hour");
    for (minute, later) in day.iter().zip(&day[60..]) {
        assert_ne!(minute, later, "an hour later it is new");
    }
    assert_ne!(id("{}", base), id("{ }", base));
    assert_eq!(id(r#"{"id":5}"#, base), "5");
    assert!(id(r#"{"id":" "}"#, base).starts_with("sha256:"));
    assert!(id(&format!(r#"{{"id":"{}"}}"#, "x".repeat(300)), base).starts_with("sha256:"));
}

#[test]
fn what_types_change_is_kept_changed() {
    let source = source("{ verify: bearer, secret: env:S, types: { $.body.amount: decimal } }");
    let event = Sent::form("amount=49.00&id=7").bearer().event(&source);
    clean(&event);
    assert_eq!(
        event.tree["body"].to_string(),
        r#"{"amount":49.00,"id":"7"}"#
    );
    let untouched = Sent::form("id=7").bearer().event(&source);
    assert_eq!(
        (untouched.format, &*untouched.raw),
        (Format::Form, &b"id=7"[..])
    );
}

#[test]
fn what_was_verified_before_is_not_asked_again() {
    let source = source("{ preset: stripe, secret: env:S }");
    let headers = Vec::<(String, String)>::new();
    let request = Request::post(&headers, br#"{"id":"evt_1","type":"invoice.paid"}"#);
    let arrival = Arrival {
        now: Timestamp::UNIX_EPOCH,
        new_id: &Uuid::nil,
        env: &Map::new(),
    };
    assert!(matches!(
        source.receive(&request, arrival),
        Received::Refused(_)
    ));
    let Received::Events(events) = source.receive_verified(&request, arrival) else {
        panic!("no event");
    };
    assert_eq!(
        (&*events[0].sender_id, &*events[0].kind),
        ("evt_1", "invoice.paid")
    );
}

/// Text that parsers of headers, forms and JSON find interesting.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"{\"id\":".to_vec()),
        Just(b"\"$serde_json::private::Number\"".to_vec()),
        Just(b"\\u0024".to_vec()),
        Just(b"a[0][b]=".to_vec()),
        Just(b"&a[]=%".to_vec()),
        Just(b"t=1793520000,v1=".to_vec()),
        Just(b"Bearer ".to_vec()),
        Just(b"[[".to_vec()),
        Just(b"1e999999".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in nasty(), header in nasty(), query in nasty(), which in 0..6_usize, form: bool) {
        let entries = [
            "{ verify: none, allow_from: [\"0.0.0.0/0\"], id: $.body.id, types: { \"$.body..b\": text } }",
            "{ verify: { field: $.body.a.b }, secret: env:S }",
            "{ preset: stripe, secret: env:S }",
            "{ preset: typeform, secret: env:S }",
            "{ verify: bearer, secret: env:S }",
            "{ verify: url-secret, secret: env:S }",
        ];
        let source = source(entries[which]);
        let text = String::from_utf8_lossy(&header).into_owned();
        let mut sent = if form { Sent::form("") } else { Sent::json("") };
        for name in ["authorization", "stripe-signature", "typeform-signature"] {
            sent = sent.header(name, &text);
        }
        sent.body = body;
        sent.query = String::from_utf8_lossy(&query).into_owned();
        sent.peer = Some("1.2.3.4");
        if let Received::Events(events) = sent.to(&source) {
            for event in events {
                clean(&event);
            }
        }
    }
}
