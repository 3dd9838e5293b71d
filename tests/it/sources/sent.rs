//! `kartwheel send` plays every sender that can be played, against a daemon that knows all of them.

use kartwheel::clock::{Clock, SettableClock, SystemClock};
use kartwheel::store::EventFilter;
use kartwheel::trigger::preset::PRESETS;
use serde_json::Value;

use super::Yard;
use crate::signatures::{variables, vectors};

/// Presets whose senders sign with a key that only they have, or are asked.
const KEYED: &[&str] = &["paddle-classic", "paypal", "paypal-ipn"];
/// Presets of senders that give no id, so that the same sample is the same event.
const WITHOUT_ID: &[&str] = &["activecampaign", "dropbox", "kartra", "kit-legacy"];
const EMAIL: &str = "grace.hopper@example.com";

fn yard() -> Yard {
    let played = PRESETS
        .iter()
        .filter(|preset| !KEYED.contains(&preset.name));
    let sources: Vec<_> = played
        .map(|preset| {
            let more = match preset.name {
                "braintree" => "public_key: fakepublickey0001\n",
                // The daemon's clock stands still meanwhile, and five seconds are soon over.
                "paddle" => "tolerance: 1h\n",
                _ => "",
            };
            let url = format!("url: https://hooks.example.com/hooks/{}\n", preset.name);
            let entry = format!("preset: {}\nsecret: env:ALL\n{url}{more}", preset.name);
            (preset.name.to_owned(), entry)
        })
        .collect();
    let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned();
    Yard::of(&sources, vec![("ALL".to_owned(), secret)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sender_that_can_be_played_is_believed() {
    let yard = yard();
    let clock = SettableClock::starting_at(SystemClock.now());
    let app = yard.start(&clock).await;
    for (name, source) in &yard.load().config.unwrap().sources {
        let url = format!("http://{}/hooks/{name}", app.webhook_address);
        let sample = source.samples()[0];
        let send = |more: &[&str]| {
            // What is sent is signed as of now.
            clock.jump(SystemClock.now());
            let mut arguments = vec!["send", &**name, sample.kind, "--url", &url, "--json"];
            arguments.extend(more);
            // Some senders' signatures hold for seconds only, and the command goes by the machine's clock.
            clock.set(SystemClock.now());
            let said = yard.says(&arguments);
            assert_eq!(said.code, 0, "{name}: {} {}", said.out, said.err);
            serde_json::from_str::<Value>(&said.out).unwrap()["answer"]["status"].clone()
        };
        assert_eq!(send(&[]), "accepted", "{name}");
        let again = send(&[]);
        let known = WITHOUT_ID.contains(&&**name);
        assert_eq!(again == "seen before", known, "{name}: {again}");
        assert_eq!(send(&["--same-id"]) == "seen before", known, "{name}");
    }
    let of_stripe = [
        "send",
        "stripe",
        "invoice.paid",
        "--email",
        EMAIL,
        "--set",
        "livemode=false",
        "--url",
    ];
    let url = format!("http://{}/hooks/stripe", app.webhook_address);
    let said = yard.says(&[&of_stripe[..], &[&url]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let filter = EventFilter {
        email: Some(EMAIL.to_owned()),
        limit: 10,
        ..EventFilter::default()
    };
    let events = app.store().reader().events(&filter, false).await.unwrap();
    let [stored] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(stored.event.live, Some(false));

    let nobody = yard.says(&["send", "dropbox", "--email", EMAIL, "--url", &url]);
    assert_eq!(nobody.code, 2);
    assert!(
        nobody.err.contains("no address stands in it"),
        "{}",
        nobody.err
    );
    app.stop().await;
}

#[test]
fn a_sender_whose_key_only_it_has_is_not_played() {
    let entry = "preset: standard-webhooks\npublic_key: env:KEY".to_owned();
    let vectors = vectors();
    let keyed = vectors
        .iter()
        .find(|vector| vector.id.contains("-v1a-"))
        .unwrap();
    let [_, (_, key), ..] = variables(keyed);
    let yard = Yard::of(&[("keyed".into(), entry)], vec![("KEY".into(), key)]);
    let said = yard.says(&["send", "keyed"]);
    assert_eq!(said.code, 2, "{}", said.out);
    for told in [
        "cannot be sent from here",
        "a key that only the sender has",
        "kartwheel sources try keyed",
    ] {
        assert!(said.err.contains(told), "{told}: {}", said.err);
    }
    let list = yard.says(&["sources", "list", "--json"]);
    let list: Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(list["sources"][0]["can_sign"], false);
}
