//! The commands as a person types them: the real binary, its screens, its files and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

/// What a command printed, and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary in this folder, without the variables of whoever runs the tests.
pub(crate) fn kartwheel(dir: &Path, arguments: &[&str]) -> Said {
    let output: Output = command(dir, arguments).output().expect("the binary runs");
    Said {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kartwheel"));
    command
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TZ", "UTC");
    command
}

/// Every command and subcommand, as words.
fn every_command(command: &clap::Command, before: &[String], found: &mut Vec<Vec<String>>) {
    for sub in command.get_subcommands() {
        let mut path = before.to_vec();
        path.push(sub.get_name().to_owned());
        every_command(sub, &path, found);
        found.push(path);
    }
}

#[test]
fn every_command_teaches_in_its_help() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut commands = Vec::new();
    every_command(&kartwheel::cli::definition(), &[], &mut commands);
    let names: Vec<String> = commands.iter().map(|path| path.join(" ")).collect();
    for known in [
        "demo",
        "init",
        "serve",
        "check",
        "send",
        "events follow",
        "runs resolve",
        "pause",
        "resume",
        "sandbox",
    ] {
        assert!(
            names.iter().any(|name| name == known),
            "{known} is missing in {names:?}"
        );
    }
    for path in commands {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let said = kartwheel(dir.path(), &arguments);
        assert_eq!(said.code, 0, "{path:?}: {}", said.err);
        let example = format!("kartwheel {}", path[0]);
        assert!(
            said.out.contains("Example"),
            "{path:?} shows no example:\n{}",
            said.out
        );
        assert!(
            said.out.contains(&example),
            "{path:?} shows no `{example}`:\n{}",
            said.out
        );
        for line in said.out.lines() {
            assert!(line.chars().count() <= 140, "{path:?}: a long line: {line}");
        }
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_names_what_was_meant() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = kartwheel(dir.path(), &["runz"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("runs"), "{}", said.err);
    let said = kartwheel(
        dir.path(),
        &["runs", "resolve", "5f0c9a1e", "--as", "maybe"],
    );
    assert_eq!(said.code, 2);
    assert!(said.err.contains("done, repeat, fail"), "{}", said.err);
}

#[test]
fn init_makes_a_project_once_with_secrets_of_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let said = kartwheel(dir.path(), &["init", "shop"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for next in [
        "cd shop && kartwheel serve --sandbox",
        "kartwheel send stripe",
        "kartwheel runs list",
    ] {
        assert!(said.out.contains(next), "{next}:\n{}", said.out);
    }
    let shop = dir.path().join("shop");
    let env = std::fs::read_to_string(shop.join(".env")).expect(".env");
    let mode = std::fs::metadata(shop.join(".env"))
        .expect(".env")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = env
        .lines()
        .find_map(|line| line.strip_prefix("KARTWHEEL_TOKEN="))
        .expect("a token");
    assert_eq!(token.len(), 64);
    assert!(!said.out.contains(token), "the token is not shown");
    let example = std::fs::read_to_string(shop.join(".env.example")).expect(".env.example");
    assert!(!example.contains(token));
    let ignored = std::fs::read_to_string(shop.join(".gitignore")).expect(".gitignore");
    assert!(ignored.lines().any(|line| line == ".env"));

    let again = kartwheel(dir.path(), &["init", "shop"]);
    assert_eq!(again.code, 2);
    assert!(
        again.err.contains("kartwheel.yaml") && again.err.contains("already"),
        "{}",
        again.err
    );
    assert_eq!(
        std::fs::read_to_string(shop.join(".env")).expect(".env"),
        env
    );

    let other = kartwheel(dir.path(), &["init", "other"]);
    assert_eq!(other.code, 0);
    let other = std::fs::read_to_string(dir.path().join("other/.env")).expect(".env");
    assert_ne!(other, env, "each project has secrets of its own");
}

/// A project with these files.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    dir
}

const SETTINGS: &str = "timezone: UTC\nconnections: { main: { app: kartra.com } }\nmembrane: { token: env:MEMBRANE_TOKEN }\nsources:\n  shop: { verify: bearer, secret: env:SHOP_TOKEN, id: $.body.id, type: order }\n";
const RULE: &str = "id: order\ntrigger: { webhook: shop }\nactions:\n  - assign-tag: { email: a@example.com, tag_name: buyer }\n";
const SECRETS: &str = "MEMBRANE_TOKEN=x\nSHOP_TOKEN=y\nKARTWHEEL_TOKEN=0123456789abcdef\n";

#[test]
fn check_finds_nothing_wrong_with_a_good_project() {
    let dir = project(&[
        ("kartwheel.yaml", SETTINGS),
        ("rules/order.yaml", RULE),
        (".env", SECRETS),
    ]);
    let said = kartwheel(dir.path(), &["check", "--deny-warnings"]);
    assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
    let note = "connection main: no catalogue synced; inputs were checked against the built-in table; `kartwheel catalog sync` reads the account's own";
    assert_eq!(
        said.out,
        format!("note: {note}\n\nNo problems: 1 rule in 2 files.\n")
    );
    let said = kartwheel(
        Path::new("/"),
        &["check", &dir.path().to_string_lossy(), "--json"],
    );
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(
        found,
        serde_json::json!({"problems": [], "notes": [note], "files": 2, "rules": 1})
    );
}

#[test]
fn check_shows_every_mistake_with_its_line_and_its_fix_and_ends_with_1() {
    let broken = RULE
        .replace("assign-tag", "asign-tag")
        .replace("id: order", "id: Order!");
    let dir = project(&[
        ("kartwheel.yaml", SETTINGS),
        ("rules/order.yaml", &broken),
        ("rules/good.yaml", RULE),
        (".env", SECRETS),
    ]);
    let said = kartwheel(dir.path(), &["check"]);
    assert_eq!(said.code, 1, "{}", said.err);
    for told in [
        "rules/order.yaml:1:5",
        "rules/order.yaml:4:5",
        "assign-tag",
        "2 errors",
        "1 rule in 3 files can be used",
    ] {
        assert!(
            said.out.contains(told),
            "`{told}` is missing:\n{}",
            said.out
        );
    }
    assert!(
        !said.out.contains('\u{1b}'),
        "no colours where nobody looks"
    );
    let said = kartwheel(dir.path(), &["check", "--format", "json"]);
    assert_eq!(said.code, 1);
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let problem = &found["problems"][0];
    for key in [
        "code",
        "severity",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "message",
        "help",
    ] {
        assert!(problem.get(key).is_some(), "{key} is missing: {problem}");
    }
    assert_eq!(
        (&problem["severity"], &problem["file"], &problem["line"]),
        (&"error".into(), &"rules/order.yaml".into(), &1.into())
    );
    let said = kartwheel(dir.path(), &["check", "rules/good.yaml"]);
    assert_eq!(said.code, 0, "one file alone: {}", said.out);
    let said = kartwheel(dir.path(), &["check", "rules/order.yaml"]);
    assert_eq!(said.code, 1, "one file alone: {}", said.out);
}

#[test]
fn a_missing_secret_is_a_warning_to_check_and_an_error_to_serve() {
    let dir = project(&[("kartwheel.yaml", SETTINGS), ("rules/order.yaml", RULE)]);
    assert_eq!(kartwheel(dir.path(), &["check"]).code, 0);
    assert_eq!(kartwheel(dir.path(), &["check", "--deny-warnings"]).code, 1);
    let said = kartwheel(dir.path(), &["serve"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("MEMBRANE_TOKEN"), "{}", said.err);
}

#[test]
fn where_there_is_no_project_every_command_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    for command in [
        "check",
        "serve",
        "health",
        "events list",
        "runs list",
        "send stripe",
        "pause --reason x",
        "resume",
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let said = kartwheel(dir.path(), &arguments);
        assert_eq!(said.code, 2, "{command}: {}", said.out);
        assert!(
            said.err
                .contains("there is no kartwheel.yaml in this folder"),
            "{command}: {}",
            said.err
        );
        assert!(
            said.err.contains("kartwheel init"),
            "{command}: {}",
            said.err
        );
    }
    let dir = project(&[("kartwheel.yaml", SETTINGS), (".env", SECRETS)]);
    let said = kartwheel(dir.path(), &["runs", "list"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("there is no database") && said.err.contains("kartwheel serve"),
        "{}",
        said.err
    );
}

#[test]
fn the_demo_tells_the_whole_story_and_ends_well() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = kartwheel(dir.path(), &["demo"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    for told in [
        "Stripe tells of a purchase",
        "200 accepted",
        "Verdict  matched",
        "ensure-lead",
        "grant-membership-access",
        "Signature Course (Full)",
        "Typeform tells of a sign-up",
        "Applicants from step 1",
        "200 seen before",
        "unsigned  401",
        "All of it ended as the example rules say.",
        "kartwheel init shop",
    ] {
        assert!(
            said.out.contains(told),
            "`{told}` is missing:\n{}",
            said.out
        );
    }
    assert!(
        said.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        said.out
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("a folder").count(),
        0,
        "it leaves nothing where it was called"
    );
}
