//! Setting a connection up, where the transcripts of the docs do not reach: what happens to secrets, and to files.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use kartwheel::sandbox::{CONNECTION_ID, Options, Sandbox};
use serde_json::Value;

use crate::cli::{Said, command};

/// The arguments of a login, its environment, what comes on stdin, and the exit code.
type Way<'a> = (Vec<&'a str>, &'a [(&'a str, &'a str)], &'a str, i32);

pub(crate) const SECRET: &str = "sandbox-secret";
pub(crate) const TOKEN: &str = "sandbox-token";

/// Runs the binary with this on its standard input and these variables.
pub(crate) fn piped(dir: &Path, arguments: &[&str], env: &[(&str, &str)], input: &str) -> Said {
    let mut child = command(dir, arguments)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// How often Membrane was asked to find or make a connection.
pub(crate) fn ensured(sandbox: &Sandbox) -> usize {
    let calls = sandbox.world().calls();
    let ensured = calls
        .iter()
        .filter(|call| call.path == "/connections/ensure");
    ensured.count()
}

/// A project in a folder, a sandbox, and the sandbox's address.
pub(crate) async fn house(settings: &str) -> (tempfile::TempDir, Sandbox, String) {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let url = sandbox.url();
    fs::write(
        dir.path().join("kartwheel.yaml"),
        settings.replace("URL", &url),
    )
    .unwrap();
    (dir, sandbox, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_never_shown_whatever_way_it_came() {
    let (dir, _sandbox, url) = house("timezone: UTC\n").await;
    let credentials = format!(
        r#"{{"apiUri": "{url}", "workspaceKey": "sandbox", "workspaceSecret": "{SECRET}", "tenantKey": "shop", "notes": "x"}}"#
    );
    let signed = ["--workspace-key", "sandbox", "--tenant", "shop"];
    let stdin: Vec<&str> = signed.iter().copied().chain(["--secret-stdin"]).collect();
    let by_secret = [("MEMBRANE_WORKSPACE_SECRET", SECRET)];
    let by_token = [("MEMBRANE_ACCESS_TOKEN", TOKEN)];
    let wrong = credentials.replace("sandbox\"", "another\"");
    let ways: [Way<'_>; 7] = [
        (stdin.clone(), &[], SECRET, 0),
        (signed.to_vec(), &by_secret, "", 0),
        (vec!["--token-stdin"], &[], TOKEN, 0),
        (vec![], &by_token, "", 0),
        (vec!["--credentials-stdin"], &[], &credentials, 0),
        // Refused ones are not shown either, nor what is no JSON.
        (vec!["--credentials-stdin"], &[], &wrong, 2),
        (vec!["--credentials-stdin"], &[], SECRET, 2),
    ];
    for (arguments, env, input, code) in ways {
        for more in [&["--url", &*url][..], &["--url", &*url, "--json"]] {
            let all: Vec<&str> = ["login"]
                .into_iter()
                .chain(arguments.iter().copied())
                .chain(more.iter().copied())
                .collect();
            let said = piped(dir.path(), &all, env, input);
            assert_eq!(said.code, code, "{all:?}: {}", said.err);
            for secret in [SECRET, TOKEN] {
                assert!(!said.out.contains(secret), "{all:?}: {}", said.out);
                assert!(!said.err.contains(secret), "{all:?}: {}", said.err);
            }
        }
    }
    assert!(!dir.path().join(".env").exists(), "nothing was stored");
    assert_eq!(
        fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap(),
        "timezone: UTC\n"
    );
}

#[test]
fn there_is_no_option_that_takes_a_secret() {
    let definition = kartwheel::cli::definition();
    let login = definition.find_subcommand("login").unwrap();
    for option in login.get_arguments() {
        let name = option.get_id().as_str();
        let takes_value = option.get_action().takes_values();
        assert!(
            !takes_value || !(name.contains("secret") || name.contains("token")),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_stands_in_a_private_file_beside_what_was_there() {
    let (dir, _sandbox, _) = house(
        "# the shop\ntimezone: UTC\nmembrane:\n  url: URL\n  workspace_key: env:W_KEY\n  workspace_secret: env:MEMBRANE_WORKSPACE_SECRET\n  tenant_key: shop\n",
    )
    .await;
    let env = dir.path().join(".env");
    fs::write(
        &env,
        "# mine\nOTHER='x y'\n#MEMBRANE_WORKSPACE_SECRET=\nW_KEY=old\n",
    )
    .unwrap();
    fs::set_permissions(&env, fs::Permissions::from_mode(0o644)).unwrap();
    let before = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    let login = [
        "login",
        "--workspace-key",
        "sandbox",
        "--tenant",
        "shop",
        "--secret-stdin",
        "--save",
    ];
    let said = piped(dir.path(), &login, &[], &format!("{SECRET}\n"));
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("in the clear"), "{}", said.out);
    assert_eq!(
        fs::read_to_string(&env).unwrap(),
        format!("# mine\nOTHER='x y'\nMEMBRANE_WORKSPACE_SECRET={SECRET}\nW_KEY=sandbox\n")
    );
    assert_eq!(mode(&env), 0o600);
    let after = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    assert_eq!(after, before, "it names them already");
    // A variable of the environment wins, and that is said.
    let said = piped(dir.path(), &login, &[("W_KEY", "other")], SECRET);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("another W_KEY"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_name_other_credentials_are_left_alone() {
    let (dir, _sandbox, _) =
        house("timezone: UTC\nmembrane: { url: URL, token: env:MEMBRANE_TOKEN }\n").await;
    let before = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    let login = [
        "login",
        "--workspace-key",
        "sandbox",
        "--tenant",
        "shop",
        "--secret-stdin",
        "--save",
    ];
    let said = piped(dir.path(), &login, &[], SECRET);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("kartwheel.yaml was not changed"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("tenant_key: env:MEMBRANE_TENANT_KEY"),
        "{}",
        said.out
    );
    let after = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    assert_eq!(after, before);
    // Outside a project there is nowhere to save.
    let elsewhere = tempfile::tempdir().unwrap();
    let url = before.split("url: ").nth(1).unwrap();
    let url = url.split(',').next().unwrap();
    let login: Vec<&str> = login.into_iter().chain(["--url", url]).collect();
    let said = piped(elsewhere.path(), &login, &[], SECRET);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains("there is no kartwheel.yaml"),
        "{}",
        said.err
    );
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_is_written_into_a_file_that_keeps_its_permissions_and_its_link() {
    let settings = "timezone: UTC\nmembrane: { url: URL, token: env:MEMBRANE_TOKEN }\n";
    let (dir, sandbox, url) = house(settings).await;
    let real = dir.path().join("settings-of-the-shop.yaml");
    let link = dir.path().join("kartwheel.yaml");
    fs::rename(&link, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let token = [("MEMBRANE_TOKEN", TOKEN)];
    let said = piped(dir.path(), &["connect", "--json"], &token, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["written"], true, "{last}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&real), 0o640);
    let text = settings.replace("URL", &url);
    assert_eq!(
        fs::read_to_string(&real).unwrap(),
        format!("{text}connections:\n  main: {{ id: {CONNECTION_ID} }}\n")
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        2,
        "nothing is left beside them"
    );
    // Ensure was asked once, and reading the account changed nothing in it.
    let calls = sandbox.world().calls();
    let ensured = calls
        .iter()
        .filter(|call| call.path == "/connections/ensure");
    assert_eq!(ensured.count(), 1);
    assert_eq!(sandbox.world().effects_total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_never_makes_a_connection() {
    let settings = "timezone: UTC\nmembrane: { url: URL, token: env:MEMBRANE_TOKEN }\n";
    let (dir, sandbox, _) = house(settings).await;
    let token = [("MEMBRANE_TOKEN", TOKEN)];
    for arguments in [
        &["connection", "list"][..],
        &["connection", "status"],
        &["connection", "test"],
        &["login"],
    ] {
        let said = piped(dir.path(), arguments, &token, "");
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
    }
    let calls = sandbox.world().calls();
    assert!(calls.iter().all(|call| call.path != "/connections/ensure"));
}
