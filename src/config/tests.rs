//! Tests of settings: defaults, where values come from, and that nothing shows a secret.

use proptest::prelude::*;

use super::*;
use crate::membrane::Auth;

const TOKEN_LINE: &str = "timezone: UTC\nmembrane: { token: env:TOKEN }\n";

fn env() -> Env {
    Env::from_pairs([
        ("TOKEN", "hidden-token"),
        ("KARTWHEEL_TOKEN", "hidden-console"),
        ("SHOP", "hidden-shop"),
        ("STAGE", "live"),
    ])
}

fn read_as(text: &str, env: &Env, strictness: Strictness) -> (Option<Config>, Vec<&'static str>) {
    let mut problems = Vec::new();
    let source = Source::new("kartwheel.yaml", text);
    let (config, _) = read(
        &source,
        Path::new("/srv/shop"),
        env,
        strictness,
        &mut problems,
    );
    (
        config,
        problems.iter().map(|problem| problem.code).collect(),
    )
}

fn config(text: &str) -> Config {
    let (config, problems) = read_as(text, &env(), Strictness::Serve);
    assert_eq!(problems, [] as [&str; 0], "{text}");
    config.expect("settings")
}

#[test]
fn what_is_not_said_has_a_default() {
    let config = config(TOKEN_LINE);
    assert_eq!(config.database, "sqlite:///srv/shop/kartwheel.db");
    assert_eq!((config.listen, config.console.listen), (LISTEN, CONSOLE));
    assert_eq!(config.drain, Duration::from_secs(90));
    let connections: Vec<_> = config.membrane.connections.iter().collect();
    assert_eq!(connections.len(), 1);
    assert_eq!(&**connections[0].0, "main");
    assert_eq!(connections[0].1.app.as_deref(), Some("kartra.com"));
    assert_eq!(config.observed_connections().count(), 0);
}

#[test]
fn everything_that_is_said_is_taken() {
    let config = config(&format!(
        "{TOKEN_LINE}database: sqlite:///var/lib/k.db\nlisten: 0.0.0.0:80\nconsole: {{ listen: localhost:81 }}\ntrusted_proxies: [127.0.0.1, \"::1\"]\n\
         public_url: https://hooks.example.com/\ndrain: 5s\nenv: [STAGE]\nconnections:\n  main: {{ id: abc, per_second: 2.5, at_once: 9 }}\n  \
         client_b: {{ token: env:SHOP, mode: observe }}\nsources:\n  shop: {{ verify: bearer, secret: env:SHOP }}\n",
    ));
    assert_eq!(config.database, "sqlite:///var/lib/k.db");
    assert_eq!(config.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.console.listen.to_string(), "127.0.0.1:81");
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(
        config.public_url.as_deref(),
        Some("https://hooks.example.com")
    );
    assert_eq!(config.drain, Duration::from_secs(5));
    assert_eq!(
        Value::Object(config.env.clone()),
        serde_json::json!({"STAGE": "live"})
    );
    let main = &config.membrane.connections["main"];
    assert_eq!(
        (main.id.as_deref(), main.app.as_deref(), main.at_once),
        (Some("abc"), None, 9)
    );
    assert!((main.per_second - 2.5).abs() < f64::EPSILON);
    assert!(matches!(
        config.membrane.connections["client_b"].auth,
        Some(Auth::Token(_))
    ));
    assert_eq!(
        config.observed_connections().collect::<Vec<_>>(),
        ["client_b".into()]
    );
    assert!(config.sources.contains_key("shop"));
}

#[test]
fn nothing_shows_a_secret() {
    let config = config(&format!(
        "{TOKEN_LINE}sources:\n  shop: {{ verify: bearer, secret: env:SHOP }}\n"
    ));
    assert!(!format!("{config:#?} {:?}", env()).contains("hidden"));
}

#[test]
fn a_missing_variable_is_a_warning_to_look_and_an_error_to_run() {
    let text = "timezone: UTC\nmembrane: { token: env:NONE }\nsources:\n  shop: { verify: bearer, secret: env:NONE }\n";
    let (config, problems) = read_as(text, &env(), Strictness::Check);
    assert!(config.is_some());
    assert_eq!(problems, ["K0702", "K0702"]);
    let (config, problems) = read_as(text, &env(), Strictness::Serve);
    assert!(config.is_none());
    assert_eq!(problems, ["K0702", "K0702"]);
}

#[test]
fn credentials_of_a_connection_that_are_missing_are_not_replaced_by_those_of_all() {
    let text = format!("{TOKEN_LINE}connections: {{ b: {{ token: env:NONE }}, c: {{}} }}\n");
    let (config, _) = read_as(&text, &env(), Strictness::Check);
    let connections = config.expect("settings").membrane.connections;
    let secret = connections["b"].auth.as_ref().map(|auth| match auth {
        Auth::Token(_) => false,
        Auth::Signed {
            workspace_secret, ..
        } => secrecy::ExposeSecret::expose_secret(workspace_secret).is_empty(),
    });
    assert_eq!(secret, Some(true), "nobody's");
    assert!(connections["c"].auth.is_none(), "those of all");
}

#[test]
fn the_sandbox_needs_no_credentials_of_membrane() {
    for membrane in [
        "",
        "membrane: { token: env:NONE }\n",
        "membrane: { workspace_key: env:A, workspace_secret: env:B, tenant_key: env:C }\n",
    ] {
        let (config, problems) = read_as(
            &format!("timezone: UTC\n{membrane}"),
            &env(),
            Strictness::Sandbox,
        );
        assert_eq!(problems, [] as [&str; 0], "{membrane}");
        assert!(config.is_some());
    }
    let secret = "timezone: UTC\nsources:\n  shop: { verify: bearer, secret: env:NONE }\n";
    assert_eq!(read_as(secret, &env(), Strictness::Sandbox).1, ["K0702"]);
}

#[test]
fn a_secret_may_be_the_content_of_a_file() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("token"), "from-a-file\n").expect("written");
    let source = Source::new(
        "kartwheel.yaml",
        "timezone: UTC\nmembrane: { token: file:token }\n",
    );
    let mut problems = Vec::new();
    let (config, _) = read(
        &source,
        dir.path(),
        &env(),
        Strictness::Serve,
        &mut problems,
    );
    assert_eq!(problems, []);
    let auth = config.expect("settings").membrane.auth;
    let Auth::Token(token) = auth else {
        panic!("{auth:?}");
    };
    assert_eq!(secrecy::ExposeSecret::expose_secret(&token), "from-a-file");
}

#[test]
fn the_lines_of_dotenv_are_read_as_shells_read_them() {
    let text = "# comment\n\nA=plain # said\n export B = two words \nC='single # not \\n'\nD=\"double \\\"x\\\" \\$y\\n2\" # end\nE=\nF=a#b\nG=\"two\nlines\"\r\nH=last";
    let mut problems = Vec::new();
    let env = read_dotenv(&Source::new(".env", text), &mut problems);
    assert_eq!(problems, []);
    for (name, value) in [
        ("A", Some("plain")),
        ("B", Some("two words")),
        ("C", Some("single # not \\n")),
        ("D", Some("double \"x\" $y\n2")),
        ("E", None),
        ("F", Some("a#b")),
        ("G", Some("two\nlines")),
        ("H", Some("last")),
    ] {
        assert_eq!(env.get(name), value, "{name}");
    }
}

#[test]
fn a_wrong_line_of_dotenv_is_named_and_not_shown() {
    let text = "hidden-secret\n1A=x\nB='open\nC=\"x\" y\nD=fine\n";
    let mut problems = Vec::new();
    let source = Source::new(".env", text);
    let env = read_dotenv(&source, &mut problems);
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| (problem.code, problem.span.line))
        .collect();
    assert_eq!(
        lines,
        [("K0706", 1), ("K0706", 2), ("K0706", 3), ("K0706", 4)]
    );
    assert_eq!(env.get("D"), Some("fine"));
    assert!(!crate::problem::draw_all(&problems, &[], false).contains("hidden"));
}

#[test]
fn the_real_environment_wins_over_the_file() {
    let file = Env::from_pairs([("A", "file"), ("B", "file")]);
    let env = Env::from_pairs([("A", "real")]).over(file);
    assert_eq!((env.get("A"), env.get("B")), (Some("real"), Some("file")));
}

proptest! {
    #[test]
    fn no_dotenv_makes_it_panic(text in "[ -~\\n\\r\\t日]{0,120}") {
        let mut problems = Vec::new();
        read_dotenv(&Source::new(".env", text), &mut problems);
    }

    #[test]
    fn no_settings_make_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "timezone: UTC\n", "database: ", "listen: ", "membrane: ", "connections:\n  main: ", "sources:\n  shop: ", "console: ", "env: ",
        "drain: ", "retention: ", "tables: ", "{ token: env:X }\n", "{ id: 1, per_second: -1 }\n", "{ verify: bearer, secret: file:/ }\n",
        "[A, B]\n", "7\n", "~\n", "text\n", "'é: '\n", "{ events: 1d }\n", "sqlite://\n", ":80\n", "---\n",
    ]), 0..8)) {
        for strictness in [Strictness::Check, Strictness::Sandbox, Strictness::Serve] {
            let _ = read_as(&parts.concat(), &env(), strictness);
        }
    }
}

#[test]
fn a_connection_limits_the_calls_of_all_rules() {
    let config = config(&format!(
        "{TOKEN_LINE}connections:\n  main: {{ limits: {{ refund-transaction: {{ per_hour: 2, per_day: 20 }}, assign-tag: {{ per_day: 0 }} }} }}\n  quiet:\n"
    ));
    let limit = |verb: &str, per_hour, per_day| Limit {
        verb: Some(verb.into()),
        per_hour,
        per_day,
    };
    assert_eq!(
        config.limits,
        BTreeMap::from([(
            "main".into(),
            vec![
                limit("refund-transaction", Some(2), Some(20)),
                limit("assign-tag", None, Some(0))
            ]
        )])
    );
}
