//! The address of an app, by the rules of Membrane's own schema: what the stand-in takes is what `connect` sends, and nothing else is
//! sent.

use kartwheel::sandbox::{CONNECTION_ID, ConnectionState};
use serde_json::{Value, json};

use crate::setup::{TOKEN, ensured, house, piped};

/// What an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// Kartra.
    Kartra,
    /// Another app, which must be meant.
    Another,
    /// Nothing that is wanted: Membrane may take it, and we do not send it.
    Unwise,
    /// Nothing: Membrane refuses it.
    Nothing,
}

const ADDRESSES: &[(&str, To)] = &[
    ("https://kartra.com/", To::Kartra),
    ("kartra.com", To::Kartra),
    ("http://www.kartra.com", To::Kartra),
    ("app.kartra.com/x?y=1", To::Kartra),
    ("kartra.com.", To::Kartra),
    ("a.b", To::Another),
    ("https://kartra.com.example.com/", To::Another),
    ("localhost", To::Nothing),
    ("localhost:8080", To::Nothing),
    ("10.0.0.1", To::Nothing),
    ("www.10.0.0.1", To::Nothing),
    ("[::1]", To::Nothing),
    ("https://kartra", To::Nothing),
    ("kartra.", To::Unwise),
    ("https://u@kartra.com", To::Unwise),
    ("ftp://kartra.com", To::Nothing),
    ("https://a b.com", To::Nothing),
    ("", To::Nothing),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stand_in_takes_is_what_connect_sends() {
    let settings = "timezone: UTC\nmembrane: { url: URL, token: env:MEMBRANE_TOKEN }\n";
    let (dir, sandbox, url) = house(settings).await;
    sandbox.world().set(|settings| {
        settings.ensure_unknown.building_ms = 0;
        settings.ensure_unknown.state = ConnectionState::Ready;
    });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let long = format!("{}.com", "a".repeat(2_000));
    for (address, to) in ADDRESSES.iter().copied().chain([(&*long, To::Nothing)]) {
        let sent = http
            .post(format!("{url}/connections/ensure"))
            .bearer_auth(TOKEN)
            .json(&json!({ "appUrl": address }))
            .send();
        let answer = sent.await.unwrap();
        let taken = answer.status().is_success();
        assert_eq!(taken, to != To::Nothing, "{address}");
        let found: Value = answer.json().await.unwrap();
        if to != To::Unwise {
            assert_eq!(
                found["id"] == CONNECTION_ID,
                to == To::Kartra,
                "{address}: {found}"
            );
        }

        let before = ensured(&sandbox);
        let connect = |more: &[&str]| {
            let all: Vec<&str> = ["connect", address, "--print"]
                .iter()
                .chain(more)
                .copied()
                .collect();
            piped(dir.path(), &all, &[("MEMBRANE_TOKEN", TOKEN)], "")
        };
        let plain = connect(&[]);
        assert_eq!(
            plain.code == 0,
            to == To::Kartra,
            "{address}: {}{}",
            plain.out,
            plain.err
        );
        let meant = connect(&["--other-app"]);
        assert_eq!(
            meant.code == 0,
            matches!(to, To::Kartra | To::Another),
            "{address}: {}{}",
            meant.out,
            meant.err
        );
        let sent = match to {
            To::Kartra => 2,
            To::Another => 1,
            To::Unwise | To::Nothing => 0,
        };
        assert_eq!(ensured(&sandbox) - before, sent, "{address}");
    }
}
