//! A sender's own package at work, as a process that reads what is asked of it and prints the answers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sdk;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vendors");

/// Where a package is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// One that `vendors.mjs` uses.
    Npm(&'static str),
    /// One that `vendors.py` uses.
    Pypi(&'static str),
}

impl Package {
    /// Its registry, its name and the version that is tried.
    pub(crate) fn told(self) -> String {
        let read = |file: &str| std::fs::read_to_string(format!("{FOLDER}/{file}")).expect(file);
        match self {
            Self::Npm(name) => {
                let file: Value = serde_json::from_str(&read("package.json")).expect("JSON");
                let version = file["dependencies"][name].as_str().expect(name);
                format!("npm `{name}` {version}")
            }
            Self::Pypi(name) => {
                let file = read("requirements.txt");
                let pinned = file.lines().find_map(|line| line.strip_prefix(name));
                let version = pinned.expect(name).trim_matches(['=', ' ', '\\']);
                format!("PyPI `{name}` {version}")
            }
        }
    }

    /// What it answers to each of these. That it fails ends the test with its own words.
    pub(super) fn ask(self, jobs: &[Value]) -> Vec<Value> {
        let lines: Vec<String> = jobs.iter().map(|job| format!("{job}\n")).collect();
        let mut process = self
            .command()
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{self:?} does not start: {error}"));
        // Read to its end before anything is printed: no pipe can fill up.
        let mut to = process.stdin.take().expect("a pipe");
        let written = to.write_all(lines.concat().as_bytes());
        drop(to);
        let output = process.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} failed: {said}");
        written.expect("it read all");
        let answers: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
            .collect();
        assert_eq!(answers.len(), jobs.len(), "{self:?}: {said}");
        answers
    }

    fn command(self) -> Command {
        match self {
            Self::Npm(package) => {
                sdk::require(FOLDER, package);
                let mut command = Command::new(sdk::node());
                command.arg("vendors.mjs");
                command
            }
            Self::Pypi(name) => {
                assert!(
                    Path::new(FOLDER).join("site-packages").exists(),
                    "this test needs {name} of tests/vendors/requirements.txt; `scripts/test` brings it"
                );
                let mut command = Command::new("python3");
                command.arg("vendors.py");
                command
            }
        }
    }
}
