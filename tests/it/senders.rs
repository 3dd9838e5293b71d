//! What senders ask is answered and shown as such; the tables of docs/senders.md are what the presets say and do
//! (`UPDATE_EXPECT=1` writes them anew).

use std::path::Path;

use jiff::Timestamp;
use kartwheel::action::Claim;
use kartwheel::clock::Clock;
use kartwheel::event::Event;
use kartwheel::problem::Source as File;
use kartwheel::run::State;
use kartwheel::trigger::preset::PRESETS;
use kartwheel::trigger::{Arrival, Home, Preset, Received, Request, Sample, Source};
use kartwheel::yaml;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::cli::kartwheel;
use crate::vendors::{TRIED, What};
use crate::world::{self, World};

const PRESETS_HEAD: &str = "| Sender | `preset` | Proof | Tries again | An outage loses | Asks | Person |\n|---|---|---|---|---|---|---|\n";
const EXAMPLES_HEAD: &str = "| In `examples/` | Shows | Sources |\n|---|---|---|\n";
const LOOKUP_HEAD: &str = "| `preset` | What can be looked up |\n|---|---|\n";
const SAMPLES_HEAD: &str = "| `preset` | Type | Id | Live | Person |\n|---|---|---|---|---|\n";
const PACKAGES_HEAD: &str = "| `preset` | Package | Shown |\n|---|---|---|\n";

fn source(preset: &Preset) -> Source {
    let base = format!(
        "preset: {}\nurl: https://hooks.example.com/hooks/x\n",
        preset.name
    );
    let settings = preset.settings.iter();
    let settings: String = settings.map(|name| format!("{name}: env:KEY\n")).collect();
    let written = [
        format!("{base}secret: env:SECRET\n"),
        format!("{base}secret: env:SECRET\n{settings}"),
        format!("{base}{settings}"),
    ];
    let secret = |name: &str| {
        Some(match name {
            "env:KEY" => key(preset.name),
            _ => "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned(),
        })
    };
    let mut sources = written.iter().filter_map(|entry| {
        let file = File::new("kartwheel.yaml", entry.as_str());
        let node = yaml::parse(&file, &mut Vec::new()).remove(0);
        Source::parse("x", &node, &file, &Home::of(&secret), &mut Vec::new())
    });
    sources
        .next()
        .unwrap_or_else(|| panic!("{} cannot be set up", preset.name))
}

/// A key of the form that the preset wants: the one of its vector.
fn key(preset: &str) -> String {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../data/signature-vectors.json")).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    let find = |id: &str, field: &str| {
        let vector = vectors.iter().find(|vector| vector["id"] == id).unwrap();
        vector[field].as_str().unwrap().to_owned()
    };
    match preset {
        "paypal" => find("paypal-valid", "certificate_pem"),
        "paddle-classic" => find("paddle-classic-valid", "public_key_pem"),
        _ => "fakepublickey0001".to_owned(),
    }
}

fn events(source: &Source, sample: &Sample) -> Vec<Event> {
    let mut headers = vec![("content-type", sample.content_type)];
    headers.extend(sample.headers);
    let request = Request::post(&headers, sample.body.as_bytes());
    let arrival = Arrival {
        now: Timestamp::UNIX_EPOCH,
        new_id: &Uuid::nil,
        env: &Map::new(),
    };
    match source.receive_verified(&request, arrival) {
        Received::Events(events) => events,
        other => panic!("{} is no event: {other:?}", sample.kind),
    }
}

fn person(event: &Event) -> &'static str {
    let person = &event.person;
    match (&person.email, person.ids.is_empty(), &person.first_name) {
        (Some(_), _, _) => "address",
        (None, false, _) => "id",
        (None, true, Some(_)) => "name",
        (None, true, None) => "none",
    }
}

fn presets_table() -> String {
    let mut table = PRESETS_HEAD.to_owned();
    for preset in PRESETS {
        let source = source(preset);
        let mut people: Vec<_> = preset
            .samples
            .iter()
            .flat_map(|sample| events(&source, sample))
            .map(|event| person(&event))
            .collect();
        people.sort_unstable();
        people.dedup();
        let people = if preset.thin {
            "none: its events only point to their content".to_owned()
        } else {
            people.join(", ")
        };
        let row = [
            preset.title,
            &format!("`{}`", preset.name),
            preset.verified,
            preset.retries,
            preset.lost_after,
            preset.handshakes,
            &people,
        ];
        let cells = row.map(|cell| cell.replace('|', "\\|"));
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

fn samples_table() -> String {
    let mut table = SAMPLES_HEAD.to_owned();
    for preset in PRESETS {
        let source = source(preset);
        for sample in preset.samples {
            for event in events(&source, sample) {
                assert!(!event.kind.is_empty(), "{} {}", preset.name, sample.kind);
                // Headers that come only with the signature are not there.
                let id = if event.earlier.is_none()
                    || preset
                        .id
                        .iter()
                        .flat_map(|row| row.iter())
                        .any(|path| path.starts_with("$.headers"))
                {
                    "the sender's"
                } else {
                    "the body's hash"
                };
                let live = match event.live {
                    Some(true) => "real",
                    Some(false) => "test",
                    None => "",
                };
                table.push_str(&format!(
                    "| `{}` | `{}` | {id} | {live} | {} |\n",
                    preset.name,
                    event.kind,
                    person(&event)
                ));
            }
        }
    }
    table
}

/// A line for each package; what it signs and verifies stands together.
fn packages_table() -> String {
    let mut table = PACKAGES_HEAD.to_owned();
    for of_package in TRIED.chunk_by(|one, next| one.package == next.package) {
        let shown = of_package.iter().map(|tried| match tried.what {
            What::Signs => "is accepted when it signs",
            What::Verifies(_) => "accepts what `kartwheel send` makes",
        });
        let shown: Vec<_> = shown.collect();
        table.push_str(&format!(
            "| `{}` | {} | {} |\n",
            of_package[0].sender,
            of_package[0].package.told(),
            shown.join(", ")
        ));
    }
    table
}

/// Every example by its title, with the sources that it declares.
fn examples_table() -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = std::fs::read_dir(&top).unwrap();
    let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut table = EXAMPLES_HEAD.to_owned();
    for folder in folders {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let (readme, settings) = (read("README.md"), read("kartwheel.yaml"));
        let title = readme.lines().next().unwrap().trim_start_matches("# ");
        let file = File::new("kartwheel.yaml", settings.as_str());
        let node = yaml::parse(&file, &mut Vec::new()).remove(0);
        let sources = node.get("sources").and_then(|node| node.as_map()).unwrap();
        let presets = sources
            .iter()
            .filter_map(|entry| entry.value.get("preset")?.as_str())
            .map(|preset| format!("`{preset}`"));
        let presets = Vec::from_iter(presets).join(", ");
        let sources = if presets.is_empty() {
            "`verify`"
        } else {
            &presets
        };
        let name = folder.file_name().unwrap().to_string_lossy();
        table.push_str(&format!("| `{name}` | {title} | {sources} |\n"));
    }
    table
}

/// What a preset says can be looked up is what the catalogue of the account's actions can prove.
#[test]
fn what_presets_say_can_be_looked_up_can_be() {
    let prove = kartwheel::kartra::catalog().prove;
    for preset in PRESETS {
        let source = source(preset);
        for kind in preset.provable {
            assert!(preset.events.contains(kind), "{} {kind}", preset.name);
            let shown = preset.samples.iter().any(|sample| sample.kind == *kind);
            assert!(shown, "{} has no sample of {kind}", preset.name);
        }
        for sample in preset.samples {
            for event in events(&source, sample) {
                let is_read = matches!(prove(&event.tree, None), Claim::Read { .. });
                let is_said = preset.provable.contains(&&*event.kind);
                assert_eq!(is_read, is_said, "{} {}", preset.name, event.kind);
                assert_eq!(source.can_look_up(&event.kind), is_said);
            }
        }
        for kind in preset
            .events
            .iter()
            .filter(|kind| !preset.provable.contains(kind))
        {
            let tree = json!({ "event": { "type": kind } });
            assert!(matches!(prove(&tree, None), Claim::Hidden(_)), "{kind}");
        }
    }
}

fn lookup_table() -> String {
    let mut table = LOOKUP_HEAD.to_owned();
    for preset in PRESETS.iter().filter(|preset| !preset.provable.is_empty()) {
        let names: Vec<_> = preset
            .provable
            .iter()
            .map(|kind| format!("`{kind}`"))
            .collect();
        table.push_str(&format!("| `{}` | {} |\n", preset.name, names.join(", ")));
    }
    table
}

#[test]
fn the_tables_of_senders_are_what_presets_say_and_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/senders.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut right = page.clone();
    for (name, table) in [
        ("presets", presets_table()),
        ("samples", samples_table()),
        ("packages", packages_table()),
        ("examples", examples_table()),
        ("lookup", lookup_table()),
    ] {
        let open = format!("<!-- table: {name} -->\n");
        let (before, rest) = right.split_once(&open).expect("the table's place");
        let (_, after) = rest.split_once("<!-- end -->").expect("its end");
        right = format!("{before}{open}{table}<!-- end -->{after}");
    }
    if crate::rules::updating() {
        std::fs::write(&path, right).unwrap();
    } else {
        assert_eq!(page, right, "UPDATE_EXPECT=1 writes docs/senders.md anew");
    }
}

/// Senders of which one is asked for by its question, one by its ping, and one tells what only points elsewhere.
const ASKING: &str = "
  meetings: { preset: zoom, secret: env:SHOP_SECRET }
  code: { preset: github, secret: env:SHOP_SECRET }
";

#[tokio::test]
async fn handshakes_and_pings_are_answered_and_shown_as_such_and_a_thin_event_is_refused() {
    let rule = "id: any\ntrigger: { webhook: shop }\nactions:\n  - ensure-lead: { email: ada@example.com }\n";
    let world = World::with_settings(rule, ASKING).await;
    let validation = json!({
        "event": "endpoint.url_validation",
        "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
    });
    for _ in 0..2 {
        let answered = world.send("meetings", &validation).await;
        assert_eq!(answered.status, 200);
        assert!(answered.body["encryptedToken"].is_string(), "{answered:?}");
    }
    let body = br#"{"zen":"Keep it logically awesome."}"#;
    let project = world::load(world.dir.path());
    let sources = project.config.expect("a config").sources;
    let signed = sources["code"].sign(body, world.clock.now());
    let headers = signed.headers.iter();
    let mut headers: Vec<(&str, &str)> = headers.map(|(name, value)| (&**name, &**value)).collect();
    headers.extend([
        ("content-type", "application/json"),
        ("x-github-event", "ping"),
    ]);
    let pinged = world.request("POST", "/hooks/code", &headers, body).await;
    assert_eq!(pinged.status, 200);
    let thin = include_str!("../data/payloads/stripe-v2-thin-event.json");
    let refused = world.send("stripe", &thin.parse().expect("JSON")).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    world.app().write_tally().await;

    let shown = |more: &[&str]| {
        let command = ["events", "list", "--since", "2026-01-01T00:00:00Z"];
        let shown = kartwheel(world.dir.path(), &[&command[..], more].concat());
        assert_eq!(shown.code, 0, "{}", shown.err);
        shown.out
    };
    insta::assert_snapshot!(shown(&[]), @r"
    No such events.
    Handshakes (answered, no events): 1 ping of code, last 01 Nov 08:00:00; 2 url_validation of
    meetings, last 01 Nov 08:00:00
    ");
    let ordered = world.order("evt_1", "ada@example.com").await.event();
    let json: Value = shown(&["--json"]).parse().expect("JSON");
    assert_eq!(json["events"][0]["id"], ordered.to_string());
    let told = json["handshakes"].as_array().expect("a list").iter();
    let told: Vec<_> = told
        .map(|told| {
            (
                told["source"].as_str(),
                told["kind"].as_str(),
                told["count"].as_u64(),
            )
        })
        .collect();
    let ping = (Some("code"), Some("ping"), Some(1));
    let validated = (Some("meetings"), Some("url_validation"), Some(2));
    assert_eq!(told, [ping, validated]);
    let of_code = shown(&["--source", "code"]);
    assert!(of_code.contains("1 ping of code"), "{of_code}");
    assert!(!of_code.contains("meetings"), "{of_code}");
    assert!(!shown(&["--email", "ada@example.com"]).contains("Handshakes"));
    let refused = world.reader().refusal_sums(Timestamp::MIN).await;
    let refused = refused.expect("it answers");
    assert_eq!((&*refused[0].source, &*refused[0].word), ("stripe", "thin"));
    assert!(refused[0].detail.contains("thin"), "{refused:?}");
    world.settle().await;
    world.end(&[State::Done]).await;
}
