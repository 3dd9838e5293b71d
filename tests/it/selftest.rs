//! The campaigns of `kartwheel selftest`: the real binary is harmed under load, and what was answered with 200 must be done, once and
//! in order.
//!
//! `KARTWHEEL_TEST_KILLS=500 cargo test --test it selftest` runs more rounds; `KARTWHEEL_TEST_SEED` repeats a campaign.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::command;
use crate::random::from_environment;

const SEED: u64 = 7;

/// Runs this campaign, which must hold. A number of rounds that the environment gives counts more.
fn holds(name: &str, arguments: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let seed = from_environment("KARTWHEEL_TEST_SEED").unwrap_or(SEED);
    let said = command(dir.path(), &["selftest", "--json", "--only", name])
        .args(["--seed", &seed.to_string()])
        .args(arguments)
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    let out = String::from_utf8(said.stdout).unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(0), "seed {seed}:\n{out}\n{err}");
    nothing_is_left(dir.path());
    let report: Value = serde_json::from_str(&out).unwrap();
    let campaign = &report["campaigns"][0];
    assert_eq!(campaign["result"], "held", "{campaign}");
    eprintln!("{campaign}");
    campaign.clone()
}

/// No file, no mount, no process.
fn nothing_is_left(dir: &Path) {
    let left: Vec<_> = fs::read_dir(dir).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let place = dir.display().to_string();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    assert!(!mounts.contains(&place), "{mounts}");
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let daemon = line.contains("serve") && line.contains(&place);
        assert!(!daemon, "{line}");
    }
}

fn rounds(usual: u64) -> String {
    from_environment("KARTWHEEL_TEST_KILLS")
        .unwrap_or(usual)
        .to_string()
}

/// Compiles the disk that fails.
fn shim(dir: &Path) -> PathBuf {
    let library = dir.join("fails.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shim/fails.c");
    let mut cc = Command::new("cc");
    cc.args([
        "-O1", "-Wall", "-Werror", "-shared", "-fPIC", source, "-ldl", "-o",
    ]);
    let compiled = cc.arg(&library).output().unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    library
}

#[test]
fn every_delivery_answered_with_200_is_done_whatever_is_killed() {
    let campaign = holds("kill", &["--kills", &rounds(30)]);
    assert!(campaign["taken"].as_u64() > Some(500), "{campaign}");
}

#[test]
fn a_restart_under_load_refuses_nobody_loses_nothing_and_does_nothing_twice() {
    holds("restart", &["--restarts", "10"]);
}

#[test]
fn a_full_disk_refuses_deliveries_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let library = shim(dir.path());
    holds("full", &["--shim", library.to_str().unwrap()]);
}

#[test]
fn a_database_file_that_cannot_be_written_keeps_the_daemon_from_starting() {
    holds("read-only", &[]);
}

#[test]
fn after_an_error_of_the_disk_nothing_is_acknowledged_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let library = shim(dir.path());
    holds(
        "fault",
        &["--faults", "4", "--shim", library.to_str().unwrap()],
    );
}

#[test]
fn a_clock_that_is_set_by_an_hour_and_by_a_year_changes_nothing() {
    holds("clock", &[]);
}

#[test]
fn an_hour_without_membrane_loses_nothing() {
    holds("away", &[]);
}

#[test]
fn rules_that_change_in_the_middle_leave_runs_their_own_text() {
    holds("rules", &[]);
}

#[test]
fn a_second_daemon_is_refused_while_the_first_goes_on() {
    holds("second", &[]);
}

/// A person who has seen enough.
#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut selftest = command(dir.path(), &["selftest", "--only", "kill", "--seed", "1"])
        .env("TMPDIR", dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(selftest.stdout.take().unwrap()).lines();
    let under_way = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("1/30 killed"));
    assert!(under_way);
    let id = selftest.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
    for _ in lines {}
    assert_eq!(selftest.wait().unwrap().code(), Some(2));
    nothing_is_left(dir.path());
}

#[test]
fn what_cannot_be_had_is_said_and_is_no_success_of_a_campaign() {
    let dir = tempfile::tempdir().unwrap();
    let said = command(dir.path(), &["selftest", "--json", "--only", "fault"])
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&said.stdout).unwrap();
    let campaign = &report["campaigns"][0];
    assert_eq!(campaign["result"], "skipped", "{report}");
    assert!(
        campaign["why"].as_str().unwrap().contains("--shim"),
        "{report}"
    );
}
