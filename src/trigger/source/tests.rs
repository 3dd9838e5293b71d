//! What a source's entry may say, and what is told when it is wrong.

use super::*;
use crate::problem::{Severity, Source as File};
use crate::trigger::{Arrival, Received, Request};
use crate::yaml;

/// A problem: how bad, its code, the text it points to, and what it says.
type Told = (Severity, &'static str, String, String);

/// The environment of the tests.
fn look_up(named: &str) -> Option<String> {
    let value = match named {
        "env:GOOD" => "whsec_a2FydHJhLXN0YW5kYXJkLXdlYmhvb2tzLWtleS0zMmI=",
        "env:PAIR" => "user:pass:word",
        "env:SPACED" => " qwertz-1\n",
        "env:EMPTY" => " ",
        "file:line.txt" => "qwertz-2\n",
        _ => return None,
    };
    Some(value.to_owned())
}

fn parsed(text: &str) -> (Option<Source>, Vec<Told>) {
    let file = File::new("kartwheel.yaml", text);
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let source = Source::parse("shop", &node, &file, &Home::of(&look_up), &mut problems);
    let told = problems
        .into_iter()
        .map(|problem| {
            let help = problem.help.unwrap_or_default();
            let told = format!("{}: {help}", problem.message);
            (
                problem.severity,
                problem.code,
                file.slice(problem.span).to_owned(),
                told,
            )
        })
        .collect();
    (source, told)
}

/// The entry has this one problem, at this place, whose text says these words.
#[track_caller]
fn wrong(text: &str, code: &str, place: &str, words: &[&str]) {
    let (source, told) = parsed(text);
    let [(severity, found, slice, message)] = told.as_slice() else {
        panic!("{text}: {told:#?}");
    };
    assert_eq!((*found, slice.as_str()), (code, place), "{text}: {message}");
    for word in words {
        assert!(message.contains(word), "{text}: {message}");
    }
    assert_eq!(source.is_some(), *severity == Severity::Warning, "{text}");
}

/// One `wrong` a line: the entry, the code, the place and the words, with arrows between.
#[track_caller]
fn table(rows: &str) {
    for row in rows.lines().filter(|row| !row.is_empty()) {
        let parts: Vec<&str> = row.split(" => ").collect();
        wrong(parts[0], parts[1], parts[2], &parts[3..]);
    }
}

#[track_caller]
fn right(text: &str) -> Source {
    let (source, told) = parsed(text);
    assert_eq!(told, [], "{text}");
    source.expect(text)
}

#[test]
fn entries_that_are_right_are_read_without_a_word() {
    for text in [
        "{ preset: stripe, secret: env:GOOD, tolerance: 10m, live: true }",
        "{ preset: typeform, secret: [env:GOOD, file:line.txt], person: { email: \"$.body.form_response.answers[?@.field.ref=='mail'].email\" } }",
        "{ preset: standard-webhooks, secret: env:GOOD, dedupe: 2d }",
        "{ verify: bearer, secret: env:GOOD, person: { ids: { customer: $.body.id } }, identity_wait: 7d }",
        "{ verify: bearer, secret: env:GOOD, id: \"$.headers['x-request-id']\", type: order }",
        "{ verify: basic, secret: env:PAIR, id: [$.body.id, $.body.at], type: $.body.event, types: { $.body.amount: decimal } }",
        "{ verify: url-secret, secret: env:GOOD, allow_from: [10.0.0.0/8, \"::1\"] }",
        "{ verify: none, allow_from: 203.0.113.7 }",
        "{ verify: { header: X-Token }, secret: env:GOOD, person: { email: [$.body.email, $.body.mail], ids: { customer: $.body.id } } }",
        "{ verify: { field: $.body.auth.secret_key }, secret: env:GOOD }",
        "{ verify: { hmac: sha256, header: X-Signature, encoding: hex, signed: \"{timestamp}.{body}\", timestamp: X-Timestamp, tolerance: 5m }, secret: env:GOOD }",
        "{ verify: { hmac: sha1, header: X-Signature, signed: \"{url}{body}\" }, url: https://hooks.example.com/hooks/shop, secret: env:GOOD }",
    ] {
        right(text);
    }
}

#[test]
fn a_source_says_who_its_sender_is_or_how_it_proves_itself() {
    table(
        r#"
{ secret: env:GOOD } => K0103 => { secret: env:GOOD } => neither `preset` nor `verify` => `stripe`
{ preset: stripe, verify: bearer, secret: env:GOOD } => K0707 => bearer => both
{ preset: strpe, secret: env:GOOD } => K0108 => strpe => write `preset: stripe`
{ preset: shopfy, secret: env:GOOD } => K0108 => shopfy => write `preset: shopify`
{ preset: quux, secret: env:GOOD } => K0108 => quux => verify: { hmac
{ preset: bearer, secret: env:GOOD } => K0707 => bearer => write `verify: bearer`
{ verify: bearr, secret: env:GOOD } => K0108 => bearr => write `bearer`
{ verify: hmac, secret: env:GOOD } => K0707 => hmac => { hmac: sha256, header: X-Signature }
{ verify: { bearer: x }, secret: env:GOOD } => K0707 => { bearer: x } => write `verify: bearer`
{ verify: { token: x }, secret: env:GOOD } => K0707 => { token: x } => doesn't say how
{ preset: stripe, secret: env:GOOD, persn: {} } => K0101 => persn => write `person`
stripe => K0104 => stripe => where a map must stand => shop: { preset: stripe
"#,
    );
}

#[test]
fn an_hmac_that_protects_nothing_is_refused() {
    table(
        r#"
{ verify: { hmac: sha256, prefix: x }, secret: env:GOOD } => K0103 => { hmac: sha256, prefix: x } => no `header`
{ verify: { hmac: md5, header: X-S }, secret: env:GOOD } => K0108 => md5 => `sha256`
{ verify: { hmac: sha256, header: X S }, secret: env:GOOD } => K0105 => X S => not the name of a header
{ verify: { hmac: sha256, header: X-S, encoding: b64 }, secret: env:GOOD } => K0108 => b64 => `hex` or `base64`
{ verify: { hmac: sha256, header: X-S, signed: "{time}.{body}" }, secret: env:GOOD } => K0707 => "{time}.{body}" => no `{time}`
{ verify: { hmac: sha256, header: X-S, signed: "{url}{body}" }, secret: env:GOOD } => K0707 => { hmac: sha256, header: X-S, signed: "{url}{body}" } => no `url`
{ verify: { hmac: sha256, header: X-S, signed: "{timestamp}.{body}" }, secret: env:GOOD } => K0707 => "{timestamp}.{body}" => no `timestamp`
{ verify: { hmac: sha256, header: X-S, id: X-Id, signed: "{id}" }, secret: env:GOOD } => K0707 => "{id}" => does not hold `{body}`
{ verify: { hmac: sha256, header: X-S, timestamp: "t=", signed: "{timestamp}.{body}" }, secret: env:GOOD } => K0707 => "t=" => write `separator
{ verify: { hmac: sha256, header: X-S, separator: "," }, secret: env:GOOD } => K0707 => { hmac: sha256, header: X-S, separator: "," } => needs `prefix`
{ verify: { hmac: sha256, header: X-S, tolerance: 5m }, secret: env:GOOD } => K0707 => { hmac: sha256, header: X-S, tolerance: 5m } => needs `timestamp`
{ verify: { hmac: sha256, header: X-S, timestamp: X-T }, secret: env:GOOD } => K0710 => { hmac: sha256, header: X-S, timestamp: X-T } => not signed
{ verify: { hmac: sha256, header: X-S, key_prefix: whsec_ }, secret: env:GOOD } => K0707 => whsec_ => `key: base64`
{ verify: { hmac: sha256, header: X-S, heder: X }, secret: env:GOOD } => K0101 => heder => write `header`
{ verify: { hmac: sha256, header: X-S, timestamp: X-T, signed: "{timestamp}{body}", tolerance: 300 }, secret: env:GOOD } => K0109 => 300 => no unit
{ preset: typeform, secret: env:GOOD, tolerance: 5m } => K0707 => tolerance => no effect
"#,
    );
}

#[test]
fn a_secret_is_looked_at_without_being_shown() {
    table(
        r#"
{ preset: stripe } => K0103 => { preset: stripe } => no `secret` => env:NAME
{ preset: stripe, secret: [] } => K0103 => [] => empty list
{ preset: stripe, secret: env:GONE } => K0702 => env:GONE => variable GONE is not set
{ preset: stripe, secret: file:gone } => K0704 => file:gone => gone cannot be read
{ preset: stripe, secret: env:EMPTY } => K0702 => env:EMPTY => is empty
{ preset: stripe, secret: env:SPACED } => K0709 => env:SPACED => white space
{ preset: stripe, secret: whsec_x } => K0703 => whsec_x => env:NAME
{ verify: basic, secret: env:GOOD } => K0708 => env:GOOD => USER:PASSWORD
{ preset: standard-webhooks, secret: env:PAIR } => K0708 => env:PAIR => base64
{ verify: none, allow_from: 10.0.0.1, secret: env:GOOD } => K0707 => env:GOOD => uses no secret
"#,
    );
    for name in ["env:PAIR", "env:SPACED", "env:GOOD"] {
        let (source, told) = parsed(&format!("{{ verify: basic, secret: {name} }}"));
        let shown = format!("{source:?} {told:?}");
        let secret = look_up(name).expect("it is set");
        assert!(!shown.contains(secret.trim()), "{shown}");
    }
}

/// A source may do without a secret where its sender is asked; not where it was to have one.
#[test]
fn a_secret_that_is_declared_and_not_there_lets_nobody_in() {
    let entry = "{ preset: paypal-ipn, receiver_email: ada@example.com, secret: env:GONE }";
    wrong(
        entry,
        "K0702",
        "env:GONE",
        &["every delivery would be refused"],
    );
    let source = parsed(entry).0.expect("it is a warning");
    let request = Request {
        method: "POST",
        path_secret: Some("anything"),
        query: "secret=",
        headers: &vec![("content-type", "application/x-www-form-urlencoded")],
        body: b"receiver_email=ada%40example.com",
        peer: None,
    };
    let arrival = Arrival {
        now: Timestamp::UNIX_EPOCH,
        new_id: &uuid::Uuid::nil,
        env: &serde_json::Map::new(),
    };
    let Received::Refused(refusal) = source.receive(&request, arrival) else {
        panic!("it is let in");
    };
    assert_eq!(refusal.reason, "no_secret");
}

#[test]
fn a_source_without_proof_needs_addresses() {
    table(
        r#"
{ verify: none } => K0707 => { verify: none } => lets everybody => allow_from
{ verify: none, allow_from: [] } => K0707 => [] => nobody
{ verify: none, allow_from: [example.com] } => K0707 => example.com => not an address
{ verify: none, trust: lookup } => K0707 => trust => nothing to look up => add `preset: kartra` or `preset: kartra-ipn`
{ verify: url-secret, secret: env:GOOD, trust: lookup } => K0707 => trust => nothing to look up
{ preset: stripe, secret: env:GOOD, trust: lookup } => K0707 => trust => nothing to look up => remove it
{ preset: kartra, verify: none } => K0707 => none => both
{ preset: kartra, verify: bearer, trust: lookup } => K0707 => bearer => both
{ preset: kartra, trust: lookup } => K0103 => { preset: kartra, trust: lookup } => no `secret` => `verify: none`
{ preset: kartra, verify: none, secret: env:GOOD, trust: lookup } => K0707 => env:GOOD => uses no secret
{ preset: kartra, verify: none, trust: always } => K0108 => always => `lookup`
"#,
    );
}

#[test]
fn the_account_may_prove_what_a_sender_does_not() {
    for entry in [
        "{ preset: kartra, verify: none, trust: lookup }",
        "{ preset: kartra-ipn, verify: none, trust: lookup }",
        "{ preset: kartra, secret: env:GOOD, trust: lookup }",
    ] {
        let (source, told) = parsed(entry);
        let source = source.unwrap_or_else(|| panic!("{told:?}"));
        assert!(told.is_empty() && source.is_looked_up(), "{told:?}");
        assert_eq!(source.is_open(), entry.contains("none"));
        assert_eq!(source.has_secret_in_url(), entry.contains("secret"));
    }
}

#[test]
fn paths_and_constants_stand_where_they_make_sense() {
    table(
        r#"
{ preset: stripe, secret: env:GOOD, id: order } => K0707 => order => same for every event
{ preset: stripe, secret: env:GOOD, id: $.id } => K0301 => id => write `$.body.id`
{ preset: stripe, secret: env:GOOD, type: "$.body[" } => K0301 => [
{ preset: stripe, secret: env:GOOD, type: [a, b] } => K0104 => [a, b] => where a text must stand
{ preset: stripe, secret: env:GOOD, person: $.body.email } => K0104 => $.body.email => write `person: {
{ preset: stripe, secret: env:GOOD, person: { mail: $.body.email } } => K0101 => mail => write `email`
{ preset: stripe, secret: env:GOOD, person: { email: body.email } } => K0301 => body.email
{ preset: stripe, secret: env:GOOD, types: { $.body.amount: money } } => K0108 => money => `decimal`
{ preset: stripe, secret: env:GOOD, types: { $.headers.x: decimal } } => K0301 => headers => body
{ preset: stripe, secret: env:GOOD, dedupe: 24 } => K0109 => 24 => no unit
{ preset: stripe, secret: env:GOOD, expect: { at_least: 1, every: 24h } } => K0705 => expect => no effect
{ preset: stripe, secret: env:GOOD, public_key: x } => K0707 => public_key => no effect
{ preset: stripe, secret: env:GOOD, identity_wait: 8d } => K0109 => 8d => longest allowed, 1w
{ preset: stripe, secret: env:GOOD, identity_wait: 10 } => K0109 => 10 => no unit
{ preset: samcart, secret: env:GOOD, identity_wait: 1h } => K0707 => identity_wait => no effect => ids: { customer
{ verify: bearer, secret: env:GOOD, person: { email: $.body.email }, identity_wait: 1h } => K0707 => identity_wait => bring no id
{ preset: kartra, secret: env:GOOD, trust: lookup, identity_wait: 1h } => K0707 => identity_wait => `trust: lookup` => remove it
{ verify: { field: $.query.x }, secret: env:GOOD } => K0707 => $.query.x => $.body.
"#,
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let (source, told) = parsed("{ preset: strpe, id: x, dedupe: 5, allow_from: [x], tpye: y }");
    assert!(source.is_none());
    let codes: Vec<_> = told.iter().map(|(_, code, _, _)| *code).collect();
    assert_eq!(
        codes,
        ["K0108", "K0707", "K0109", "K0707", "K0101"],
        "{told:#?}"
    );
}

#[test]
fn the_name_must_fit_into_a_url() {
    let file = File::new("kartwheel.yaml", "{ preset: stripe, secret: env:GOOD }");
    for name in ["", "Shop", "a/b", "shop 1", "ü"] {
        let mut problems = Vec::new();
        let node = yaml::parse(&file, &mut problems).remove(0);
        assert!(Source::parse(name, &node, &file, &Home::of(&look_up), &mut problems).is_none());
        assert_eq!(problems[0].code, "K0105", "{name}");
    }
}
