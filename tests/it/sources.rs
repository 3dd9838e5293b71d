//! What comes of a request, as its sender and as the operator see it: every signature vector through real HTTP and through
//! `sources try`, and every preset's own samples broken in every way.

mod asked;
mod broken;
mod certificates;
mod paypal;
mod sent;
mod show;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kartwheel::app::{App, Options, Sockets};
use kartwheel::clock::SettableClock;
use kartwheel::config::Env;
use kartwheel::outside::{Asker, Outside};
use kartwheel::project::{self, Project, Strictness};
use kartwheel::trigger::{Ask, Roots};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{Said, command};
use crate::signatures::{Vector, entry, is_answer, is_asked, variables, vectors};

/// Settings beside the sources; nothing is ever sent.
const SETTINGS: &str = "timezone: UTC\ndatabase: sqlite://kartwheel.db\nlisten: 127.0.0.1:0\nconsole: { listen: 127.0.0.1:0 }\n\
                        public_url: https://hooks.example.com\n\
                        membrane: { url: http://127.0.0.1:9, token: env:MEMBRANE_TOKEN }\nconnections:\n  main: { id: con_1 }\nsources:\n";

/// A project with sources of its own, and the variables that they name.
pub(crate) struct Yard {
    pub(crate) dir: TempDir,
    variables: Vec<(String, String)>,
}

impl Yard {
    /// Of these entries of `sources:`.
    pub(crate) fn of(sources: &[(String, String)], variables: Vec<(String, String)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = SETTINGS.to_owned();
        for (name, entry) in sources {
            let entry: String = entry.lines().map(|line| format!("    {line}\n")).collect();
            config.push_str(&format!("  {name}:\n{entry}"));
        }
        fs::write(dir.path().join("kartwheel.yaml"), config).unwrap();
        fs::create_dir(dir.path().join("rules")).unwrap();
        let mut all = vec![
            ("MEMBRANE_TOKEN".to_owned(), "unused".to_owned()),
            (
                "KARTWHEEL_TOKEN".to_owned(),
                "0123456789abcdef0123456789abcdef".to_owned(),
            ),
        ];
        all.extend(variables);
        Self {
            dir,
            variables: all,
        }
    }

    /// One source for every vector that is carried: `v0`, `v1`, …
    fn of_vectors(vectors: &[Vector]) -> Self {
        let (mut sources, mut all) = (Vec::new(), Vec::new());
        for (number, vector) in vectors.iter().enumerate() {
            let suffix = format!("_{number}");
            sources.push((format!("v{number}"), entry(vector, &suffix).unwrap()));
            let own = variables(vector).into_iter();
            all.extend(own.map(|(name, value)| (format!("{name}{suffix}"), value)));
        }
        Self::of(&sources, all)
    }

    fn load(&self) -> Project {
        let env = Env::from_pairs(self.variables.iter().cloned());
        let project = project::load(self.dir.path(), &env, Strictness::Serve);
        assert!(!project.has_errors(), "{:#?}", project.problems);
        project
    }

    pub(crate) async fn start(&self, clock: &Arc<SettableClock>) -> App {
        self.start_in(Outside::usual().unwrap(), clock).await
    }

    /// Starts the daemon in a world of which the sources ask this.
    async fn start_in(&self, outside: Outside, clock: &Arc<SettableClock>) -> App {
        let project = self.load();
        let options = Options {
            config: project.config.unwrap(),
            rules: project.rules,
            clock: clock.clone(),
            reads_accounts: false,
            test_events: false,
            outside,
            reread: None,
            sockets: Sockets::default(),
        };
        App::start(options).await.unwrap()
    }

    /// Runs a command in the project.
    pub(crate) fn says(&self, arguments: &[&str]) -> Said {
        let output = command(self.dir.path(), arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The sender of this vector: it vouches for it and for nothing else.
#[derive(Debug)]
struct SenderOf(Vector);

impl SenderOf {
    /// A world in which it is the only one that is asked.
    fn world() -> Outside {
        let asked = vectors()
            .into_iter()
            .find(|vector| vector.expect == "postback");
        Outside::new(Arc::new(Self(asked.unwrap())), Roots::usual())
    }
}

#[async_trait]
impl Asker for SenderOf {
    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, String> {
        let answer = if is_asked(&self.0, ask) {
            "VERIFIED"
        } else {
            "INVALID"
        };
        Ok(answer.into())
    }
}

fn query(vector: &Vector) -> String {
    let query = vector.url.as_deref().and_then(|url| url.split_once('?'));
    query.map_or_else(String::new, |(_, query)| format!("?{query}"))
}

fn body(vector: &Vector) -> Vec<u8> {
    STANDARD.decode(&vector.body_base64).unwrap()
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// Writes the request as somebody would have captured it: every other one as the text of HTTP.
fn capture(vector: &Vector, number: usize, path: &Path) {
    let method = vector.method.as_deref().unwrap_or("POST");
    let target = format!("/hooks/v{number}{}", query(vector));
    let text = if number.is_multiple_of(2) {
        let headers = vector.headers.iter();
        let headers: String = headers
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let mut text =
            format!("{method} {target} HTTP/1.1\r\nhost: hooks.example.com\r\n{headers}\r\n")
                .into_bytes();
        text.extend(body(vector));
        text
    } else {
        let url = format!("https://hooks.example.com{target}");
        let captured = json!({"method": method, "url": url, "headers": vector.headers, "body_base64": vector.body_base64});
        captured.to_string().into_bytes()
    };
    fs::write(path, text).unwrap();
}

#[test]
fn every_vector_is_tried_with_the_reason_in_words() {
    let vectors = vectors();
    let yard = Yard::of_vectors(&vectors);
    let secrets = vectors.iter().flat_map(|vector| variables(vector));
    let secrets: Vec<String> = secrets
        .filter(|(name, secret)| *name == "SECRET" && secret.len() > 8)
        .map(|(_, secret)| secret)
        .collect();
    let mut told = String::new();
    for (number, vector) in vectors.iter().enumerate() {
        let file = yard.dir.path().join("request");
        capture(vector, number, &file);
        let (source, at) = (format!("v{number}"), vector.now.to_string());
        let said = yard.says(&[
            "sources",
            "try",
            &source,
            "--request",
            "request",
            "--at",
            &at,
        ]);
        assert_eq!(said.err, "", "{}", vector.id);
        let refused = i32::from(["invalid", "policy"].contains(&vector.expect.as_str()));
        assert_eq!(said.code, refused, "{}:\n{}", vector.id, said.out);
        for secret in &secrets {
            assert!(
                !said.out.contains(secret.as_str()),
                "{}:\n{}",
                vector.id,
                said.out
            );
        }
        told.push_str(&format!("## {} ({source})\n{}\n", vector.id, said.out));
    }
    insta::assert_snapshot!("every_vector_tried", told);
}

#[tokio::test]
async fn every_vector_is_answered_over_http_as_its_sender_means_it() {
    let vectors = vectors();
    let yard = Yard::of_vectors(&vectors);
    let clock = SettableClock::starting_at(instant(vectors[0].now));
    let app = yard.start_in(SenderOf::world(), &clock).await;
    let http = crate::world::client();
    for (number, vector) in vectors.iter().enumerate() {
        clock.jump(instant(vector.now));
        let url = format!(
            "http://{}/hooks/v{number}{}",
            app.webhook_address,
            query(vector)
        );
        let method = vector.method.as_deref().unwrap_or("POST").parse().unwrap();
        let mut request = http.request(method, url).body(body(vector));
        for (name, value) in &vector.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, plain) = (
            answer.status().as_u16(),
            answer.headers().contains_key("x-content-type-options"),
        );
        let text = answer.text().await.unwrap();
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        match vector.expect.as_str() {
            "valid" | "postback" => {
                assert_eq!(
                    (status, &json["status"]),
                    (200, &json!("accepted")),
                    "{}: {text}",
                    vector.id
                );
            }
            "handshake" => {
                assert_eq!((status, plain), (200, true), "{}: {text}", vector.id);
                assert!(is_answer(vector, &text), "{}: {text}", vector.id);
            }
            _ => assert_eq!(
                (status, &json),
                (401, &json!({"status": "not verified"})),
                "{}",
                vector.id
            ),
        }
    }
    app.write_tally().await;
    let reader = app.store().reader();
    let refused = reader.refusal_sums(Timestamp::MIN).await.unwrap();
    let answered = reader.handshake_sums(Timestamp::MIN).await.unwrap();
    for (number, vector) in vectors.iter().enumerate() {
        let name = format!("v{number}");
        let reasons: Vec<&str> = refused
            .iter()
            .filter(|sum| sum.source == name)
            .map(|sum| sum.word.as_str())
            .collect();
        let wanted: &[&str] = match (vector.id.as_str(), vector.expect.as_str()) {
            (_, "valid" | "handshake" | "postback") => &[],
            ("stripe-stale-301s" | "standardwebhooks-too-old" | "paddle-billing-stale-6s", _) => {
                &["stale"]
            }
            (_, "policy") => &["future"],
            _ => &["signature"],
        };
        assert_eq!(reasons, wanted, "{}", vector.id);
        let asked = answered.iter().any(|sum| sum.source == name);
        assert_eq!(asked, vector.expect == "handshake", "{}", vector.id);
    }
    app.stop().await;
}
