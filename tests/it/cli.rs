//! The commands as a person types them: the real binary, its screens, its files and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

/// What a command printed, and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Runs the binary in this folder, without the variables of whoever runs the tests.
fn kartwheel(dir: &Path, arguments: &[&str]) -> Said {
    let output: Output = command(dir, arguments).output().expect("the binary runs");
    Said {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
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
