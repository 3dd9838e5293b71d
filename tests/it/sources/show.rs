//! What the screens say of sources and presets.

use std::fs;

use serde_json::Value;

use super::Yard;
use crate::cli::kartwheel;
use kartwheel::trigger::preset::PRESETS;

fn yard() -> Yard {
    let variables = [
        ("STRIPE", "whsec_secret_of_stripe"),
        ("OLD", "whsec_older_secret"),
        ("URL", "secret-of-the-url"),
    ];
    Yard::of(
        &[
            (
                "shop".into(),
                "preset: stripe\nidentity_wait: 2h\nsecret: [env:OLD, env:GONE, env:STRIPE]".into(),
            ),
            ("forms".into(), "preset: jotform\nsecret: env:URL".into()),
            (
                "tool".into(),
                "verify: bearer\nsecret: env:URL\nallow_from: 203.0.113.0/24".into(),
            ),
            (
                "unsigned".into(),
                "preset: kartra\nverify: none\ntrust: lookup".into(),
            ),
        ],
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    )
}

#[test]
fn sources_are_listed_with_their_urls_and_never_their_secrets() {
    let yard = yard();
    let list = yard.says(&["sources", "list"]);
    assert_eq!((list.code, &*list.err), (0, ""));
    for told in [
        "preset: stripe",
        "https://hooks.example.com/hooks/shop",
        "https://hooks.example.com/hooks/forms?secret=SECRET",
        "verify: bearer",
        "never",
    ] {
        assert!(list.out.contains(told), "{told}:\n{}", list.out);
    }
    let show = yard.says(&["sources", "show", "shop"]);
    for told in [
        "1 (env:OLD)",
        "up to 2h for the address of a person",
        "2 (env:GONE, which is not set or cannot be one)",
        "3 (env:STRIPE)",
        "there is no database",
        "Stripe-Signature",
        "checkout.session.completed",
        "an outage of 3 days",
    ] {
        assert!(show.out.contains(told), "{told}:\n{}", show.out);
    }
    assert!(list.out.contains("preset: kartra, lookup"), "{}", list.out);
    let unsigned = yard.says(&["sources", "show", "unsigned"]);
    for told in [
        "lookup: before a rule acts",
        "whoever knows the URL can send",
        "can prove assign_tag",
    ] {
        assert!(unsigned.out.contains(told), "{told}:\n{}", unsigned.out);
    }
    assert!(
        !unsigned.out.contains("unsigned?secret"),
        "{}",
        unsigned.out
    );
    let json = yard.says(&["sources", "list", "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["sources"][3]["trust"], "lookup");
    assert_eq!(json["sources"][1]["preset"], "stripe");
    assert_eq!(json["sources"][1]["secrets"][1]["is_there"], false);
    assert_eq!(json["sources"][2]["allow_from"][0], "203.0.113.0/24");
    for said in [&list.out, &show.out, &json.to_string()] {
        assert!(
            !["whsec_secret", "whsec_older", "secret-of-the-url"]
                .iter()
                .any(|secret| said.contains(secret)),
            "{said}"
        );
        assert!(
            said.lines().all(|line| line.chars().count() <= 100) || said.starts_with('{'),
            "{said}"
        );
    }
    let unknown = yard.says(&["sources", "show", "shopp"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("Did you mean shop?"),
        "{}",
        unknown.err
    );
}

#[test]
fn every_preset_is_shown_also_without_a_project() {
    let dir = tempfile::tempdir().unwrap();
    let all = kartwheel(dir.path(), &["sources", "list", "--all"]);
    assert_eq!(all.code, 0, "{}", all.err);
    for preset in PRESETS {
        assert!(
            all.out.contains(preset.name),
            "{}:\n{}",
            preset.name,
            all.out
        );
        let shown = kartwheel(dir.path(), &["sources", "show", preset.name]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        for told in [
            preset.title,
            "verified",
            "tries again",
            "loses",
            "id",
            "type",
            "test mode",
            "person",
            "samples",
        ] {
            assert!(
                shown.out.contains(told),
                "{} lacks {told}:\n{}",
                preset.name,
                shown.out
            );
        }
        let long = shown.out.lines().find(|line| line.chars().count() > 120);
        assert_eq!(long, None, "{}", preset.name);
        let json = kartwheel(dir.path(), &["sources", "show", preset.name, "--json"]);
        let json: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["preset"], preset.name);
    }
    let none = kartwheel(dir.path(), &["sources", "show", "nobody"]);
    assert_eq!(none.code, 2);
    assert_eq!(kartwheel(dir.path(), &["sources", "list"]).code, 2);
}

#[test]
fn a_request_that_is_refused_is_explained_to_the_operator() {
    let yard = yard();
    let tried = |text: &str, arguments: &[&str]| {
        fs::write(yard.dir.path().join("r"), text).unwrap();
        let mut all = vec!["sources", "try"];
        all.extend(arguments);
        all.extend(["--request", "r"]);
        yard.says(&all)
    };
    // Nothing is known of an address that is not told.
    let post = "POST /hooks/tool HTTP/1.1\nAuthorization: Bearer secret-of-the-url\n\n{\"a\":1}\n";
    let nobody = tried(post, &["tool"]);
    assert_eq!(nobody.code, 1);
    assert!(
        nobody.out.contains("address is not known"),
        "{}",
        nobody.out
    );
    let far = tried(post, &["tool", "--from", "198.51.100.1"]);
    assert!(
        far.out.contains("`allow_from` does not name 198.51.100.1"),
        "{}",
        far.out
    );
    let near = tried(post, &["tool", "--from", "203.0.113.9"]);
    assert_eq!(near.code, 0, "{}", near.out);
    assert!(near.out.contains("1 (env:URL)"), "{}", near.out);

    let other = tried(
        "POST /hooks/forms/wrong HTTP/1.1\n\na=1",
        &["shop", "--json"],
    );
    let told: Value = serde_json::from_str(&other.out).unwrap();
    assert_eq!(
        (&told["status"], &told["reason"]),
        (&401.into(), &"missing".into()),
        "{told}"
    );
    assert_eq!(told["notes"][0], "it was sent to the source `forms`");
    assert_eq!(told["secrets"].as_array().unwrap().len(), 3);

    for (text, reason) in [
        ("PUT /hooks/shop HTTP/1.1\n\n{}", "405 method"),
        (
            "POST /hooks/shop HTTP/1.1\nContent-Encoding: gzip\n\n{}",
            "415 encoding",
        ),
        ("POST /hooks/forms/wrong HTTP/1.1\n\na=1", "401 secret"),
        (
            "POST /hooks/forms/secret-of-the-url HTTP/1.1\nContent-Type: application/json\n\n{",
            "400 body",
        ),
    ] {
        let source = if text.contains("forms") {
            "forms"
        } else {
            "shop"
        };
        let said = tried(text, &[source]);
        assert_eq!(said.code, 1, "{text}");
        assert!(said.out.contains(reason), "{text}: {}", said.out);
        assert!(said.out.contains("  do "), "{text}: {}", said.out);
    }
    let none = tried("hello", &["shop"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("neither HTTP"), "{}", none.err);
}

/// What an editor does to a captured body is found out.
#[test]
fn a_body_that_an_editor_changed_is_told() {
    let yard = Yard::of(
        &[("shop".into(), "preset: stripe\nsecret: env:STRIPE".into())],
        vec![("STRIPE".into(), "whsec_secret_of_stripe".into())],
    );
    let project = yard.load();
    let source = &project.config.unwrap().sources["shop"];
    let now = "2026-11-01T08:00:00Z".parse().unwrap();
    let body = "{\r\n\"type\": \"order\"\r\n}";
    let signed = source.sign(body.as_bytes(), now);
    for (changed, told) in [
        (format!("{body}\n"), "without the white space at the end"),
        (body.replace("\r\n", "\n"), "lines ending in CRLF"),
        (body.replace("order", "other"), ""),
    ] {
        let (name, value) = &signed.headers[0];
        let text = format!("POST /hooks/shop HTTP/1.1\n{name}: {value}\n\n{changed}");
        fs::write(yard.dir.path().join("r"), text).unwrap();
        let said = yard.says(&[
            "sources",
            "try",
            "shop",
            "--request",
            "r",
            "--at",
            "2026-11-01T08:00:00Z",
        ]);
        assert_eq!(said.code, 1, "{}", said.out);
        assert_eq!(
            said.out.contains("it would match"),
            !told.is_empty(),
            "{}",
            said.out
        );
        assert!(said.out.replace('\n', " ").contains(told), "{}", said.out);
    }
}

#[test]
fn a_preset_is_declared_with_what_its_sender_needs() {
    let folder = tempfile::tempdir().unwrap();
    for (preset, entry) in [
        ("stripe", "secret: env:STRIPE_SECRET"),
        ("paypal", "webhook_id: 1JE4291016473214C"),
        ("paypal-ipn", "receiver_email: you@example.com"),
        ("paddle-classic", "public_key: file:paddle.pem"),
    ] {
        let said = kartwheel(folder.path(), &["sources", "show", preset]);
        let line = format!("  {preset}: {{ preset: {preset}, {entry} }}");
        assert!(said.out.contains(&line), "{line}:\n{}", said.out);
    }
}
