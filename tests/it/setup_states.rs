//! Setting a connection up where something is not as it should be: another app, no connection yet, settings that say it otherwise.

use std::fs;

use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind, ToDo};

use crate::setup::{SECRET, TOKEN, ensured, house, piped};

const SETTINGS: &str = "timezone: UTC\nmembrane: { url: URL, token: env:MEMBRANE_TOKEN }\n";
const BY_TOKEN: [(&str, &str); 1] = [("MEMBRANE_TOKEN", TOKEN)];

#[tokio::test(flavor = "multi_thread")]
async fn looking_makes_no_connection_where_the_tenant_has_one_to_another_app_alone() {
    let (dir, sandbox, _) = house(
        "timezone: UTC\nmembrane: { url: URL, workspace_key: sandbox, workspace_secret: env:SECRET, tenant_key: fresh }\n",
    )
    .await;
    let env = [("SECRET", SECRET)];
    sandbox.world().set(|settings| {
        settings.tenants_empty = true;
        settings.ensure_unknown.building_ms = 0;
        settings.ensure_unknown.state = ConnectionState::Ready;
    });
    let connect = ["connect", "hubspot.com", "--other-app", "--print"];
    let said = piped(dir.path(), &connect, &env, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(!said.out.contains("a cheap read"), "{}", said.out);
    assert!(said.out.contains("No read was made"), "{}", said.out);
    for (arguments, code) in [
        (&["catalog", "sync"][..], 2),
        (&["doctor"], 1),
        (&["actions", "list"], 2),
        (&["connection", "list"], 1),
        (&["connection", "status"], 2),
        (&["connection", "test"], 2),
        (&["connection", "reconnect"], 2),
    ] {
        let said = piped(dir.path(), arguments, &env, "");
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        let told = format!("{}{}", said.out, said.err);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let names_it = told.contains("kartwheel connect --connection main");
        assert!(names_it, "{arguments:?}: {told}");
    }
    assert_eq!(ensured(&sandbox), 1, "that of `connect`");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_app_is_connected_only_if_that_is_meant() {
    let (dir, sandbox, _) = house(SETTINGS).await;
    let said = piped(dir.path(), &["connect", "kartra.co"], &BY_TOKEN, "");
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("--other-app"), "{}", said.err);
    assert_eq!(ensured(&sandbox), 0);
    // What is advised when the time is up leads to the same connection.
    let waits = ["connect", "kartra.co", "--other-app", "--timeout", "1s"];
    let said = piped(dir.path(), &waits, &BY_TOKEN, "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("kartwheel connect kartra.co --other-app"),
        "{}",
        said.out
    );
    let password = "https://ada:geheim@kartra.com";
    let said = piped(dir.path(), &["connect", password], &BY_TOKEN, "");
    assert_eq!(said.code, 2);
    assert!(!said.err.contains("geheim"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_takes_the_only_connection_and_sees_an_id_wherever_it_stands() {
    let settings = format!("{SETTINGS}connections:\n  shop: {{ app: kartra.com }}\n");
    let (dir, _sandbox, _) = house(&settings).await;
    let said = piped(dir.path(), &["connect"], &BY_TOKEN, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let text = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    assert!(
        text.ends_with(&format!(
            "connections:\n  shop: {{ id: {CONNECTION_ID}, app: kartra.com }}\n"
        )),
        "{text}"
    );
    let settings = format!("{SETTINGS}connections:\n  shop: {{ id: env:CONN }}\n");
    let (dir, _sandbox, _) = house(&settings).await;
    for (id, code, told) in [
        (CONNECTION_ID, 0, "already"),
        ("elsewhere", 1, "env:CONN, which is elsewhere"),
        ("", 1, "is not set"),
    ] {
        let env = [BY_TOKEN[0], ("CONN", id)];
        let said = piped(dir.path(), &["connect"], &env, "");
        assert_eq!(said.code, code, "{id}: {}{}", said.out, said.err);
        assert!(said.out.contains(told), "{id}: {}", said.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_for_one_connection_is_kept_whole_or_not_at_all() {
    let signed = "timezone: UTC\nmembrane: { url: \"https://elsewhere.example\", token: env:MEMBRANE_TOKEN }\n";
    let (dir, _sandbox, url) = house(signed).await;
    let before = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    let login = |name: &str, more: &[&str]| {
        let all = [
            "login",
            "--workspace-key",
            "sandbox",
            "--tenant",
            "b",
            "--secret-stdin",
            "--connection",
            name,
            "--url",
            &url,
        ];
        let all: Vec<&str> = all.iter().chain(more).copied().collect();
        piped(dir.path(), &all, &[], SECRET)
    };
    let said = login("Bad Name", &["--save"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("name of a connection"), "{}", said.err);
    let said = login("client_b", &["--save"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("membrane.url"), "{}", said.err);
    // Only tried, the same is said, and nothing is advised that would be refused.
    let said = login("client_b", &[]);
    assert_eq!(said.code, 0, "{}", said.err);
    for told in [
        "the project's Membrane is https://elsewhere.example",
        "--save would store nothing",
        "`membrane.url`",
    ] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    assert!(!said.out.contains("writes it"), "{}", said.out);
    let said = login("client_b", &["--json"]);
    let told: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["project_url"], "https://elsewhere.example");
    let after = fs::read_to_string(dir.path().join("kartwheel.yaml")).unwrap();
    assert_eq!(after, before);
    assert!(!dir.path().join(".env").exists());
    // A name that begins with a digit has a variable that a .env can have.
    fs::write(
        dir.path().join("kartwheel.yaml"),
        SETTINGS.replace("URL", &url),
    )
    .unwrap();
    let said = login("1x", &["--save"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let env = fs::read_to_string(dir.path().join(".env")).unwrap();
    assert!(env.contains("_1X_MEMBRANE_TENANT_KEY=b"), "{env}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_over_three_keys_says_what_to_take_out_and_a_mark_before_it_is_left_out() {
    let (dir, _sandbox, _) = house(
        "timezone: UTC\nmembrane: { url: URL, workspace_key: a, workspace_secret: env:S, tenant_key: c }\n",
    )
    .await;
    let login = ["login", "--token-stdin"];
    let said = piped(dir.path(), &login, &[], &format!("\u{feff}{TOKEN}\n"));
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.err.contains("byte order mark"), "{}", said.err);
    assert!(
        said.out
            .contains("Take workspace_key, workspace_secret, tenant_key out"),
        "{}",
        said.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_a_link_is_answered_at_the_console() {
    let settings = format!("{SETTINGS}connections:\n  main: {{ id: {CONNECTION_ID} }}\n");
    let (dir, sandbox, _) = house(&settings).await;
    assert!(sandbox.world().ask_for(CONNECTION_ID, ToDo::ProvideInput));
    for (arguments, code) in [
        (&["connect", "--timeout", "1s"][..], 1),
        (&["connection", "status"], 1),
        (&["connection", "test"], 1),
        (&["doctor"], 1),
        (&["connection", "reconnect", "--wait", "1s"], 2),
    ] {
        let said = piped(dir.path(), arguments, &BY_TOKEN, "");
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        let told = format!("{}{}", said.out, said.err);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("Answer it in Membrane's console"), "{told}");
        for wrong in ["did not accept its login", "reconnect main"] {
            assert!(!told.contains(wrong), "{arguments:?}: {told}");
        }
    }
    let calls = sandbox.world().calls();
    assert!(calls.iter().all(|call| call.path != "/connection-requests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_is_not_taken_for_none_and_a_failed_post_warns() {
    let settings =
        format!("{SETTINGS}connections:\n  main: {{ id: {CONNECTION_ID} }}\n  b: {{ id: x }}\n");
    let (dir, sandbox, _) = house(&settings).await;
    fs::write(dir.path().join("kartwheel.db"), "no database at all").unwrap();
    let said = piped(dir.path(), &["connection", "status", "main"], &BY_TOKEN, "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("cannot be read"), "{}", said.out);
    let said = piped(dir.path(), &["connection", "test"], &BY_TOKEN, "");
    assert!(
        said.err.contains("kartwheel connection test NAME"),
        "{}",
        said.err
    );

    let path = format!("/connections/{CONNECTION_ID}/proxy");
    let gone = |method: &'static str| {
        let broken = FaultKind::Status {
            code: 502,
            body: "<html>bad gateway</html>".into(),
            after_work: true,
        };
        sandbox.world().add_fault(Fault::on_path(&path, broken));
        let all = ["request", "/api", "-X", method, "--connection", "main"];
        piped(dir.path(), &all, &BY_TOKEN, "")
    };
    let said = gone("POST");
    assert!(
        said.err.contains("before you send it again"),
        "{}",
        said.err
    );
    let said = gone("GET");
    assert!(!format!("{}{}", said.out, said.err).contains("nobody knows"));
    assert!(said.err.is_empty(), "{}", said.err);
    let secret = "Authorization: Bearer geheim";
    let all = ["request", "/api", "-H", secret, "--connection", "main"];
    let said = piped(dir.path(), &all, &BY_TOKEN, "");
    assert_eq!(said.code, 2);
    assert!(!said.err.contains("geheim"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_an_id_is_listed_with_the_one_that_was_found_or_with_the_question_which()
 {
    let (dir, _sandbox, _) = house(SETTINGS).await;
    let say = |arguments: &[&str]| piped(dir.path(), arguments, &BY_TOKEN, "");
    let said = say(&["connection", "list"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for told in [CONNECTION_ID, "kartwheel connect --connection main"] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    let connect = [
        "connect",
        "a.example",
        "--other-app",
        "--name",
        "Kartra two",
        "--timeout",
        "1s",
        "--print",
    ];
    say(&connect);
    for (arguments, code) in [
        (&["connection", "list"][..], 1),
        (&["connection", "status"], 2),
        (&["catalog", "sync"], 2),
    ] {
        let said = say(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        let told = format!("{}{}", said.out, said.err);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("the tenant has 2 that may be meant"),
            "{told}"
        );
        assert!(!told.contains("not there"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_is_made_where_a_login_cannot_help() {
    let settings = format!("{SETTINGS}connections:\n  main: {{ id: {CONNECTION_ID} }}\n");
    let (dir, sandbox, _) = house(&settings).await;
    for (state, told) in [
        (
            ConnectionState::Building,
            "wait a few minutes, then run this again",
        ),
        (ConnectionState::SetupFailed, "Membrane's support"),
        (ConnectionState::ConfigurationError, "Membrane's console"),
        (
            ConnectionState::Disconnecting,
            "Once `kartwheel connection list` shows it no more, make another one: `kartwheel connect --connection main --replace`",
        ),
    ] {
        sandbox.world().set_connection(CONNECTION_ID, state);
        for more in [&["--json"][..], &[]] {
            let all: Vec<&str> = ["connection", "reconnect", "--wait", "1s"]
                .iter()
                .chain(more)
                .copied()
                .collect();
            let said = piped(dir.path(), &all, &BY_TOKEN, "");
            assert_eq!(said.code, 2, "{state:?}");
            assert!(said.err.contains(told), "{state:?}: {}", said.err);
            if more.is_empty() {
                assert_eq!(said.out, "", "{state:?}");
            } else {
                let last: serde_json::Value = serde_json::from_str(&said.out).expect("one line");
                assert_eq!(last["works"], false, "{last}");
                let to_do = last["to_do"].as_str().expect("what to do");
                assert!(to_do.contains(told), "{to_do}");
            }
        }
    }
    let calls = sandbox.world().calls();
    assert!(calls.iter().all(|call| call.path != "/connection-requests"));
    // It is being removed: the same command once more is of no use until it is gone.
    let replace = ["connect", "--connection", "main", "--replace"];
    let said = piped(dir.path(), &replace, &BY_TOKEN, "");
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(said.err.contains("shows it no more"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_lack_something_say_what_and_what_can_be_given_instead() {
    let (dir, _sandbox, url) = house(SETTINGS).await;
    let piped_in = format!(r#"{{"apiUri": "{url}", "workspaceSecret": "{SECRET}"}}"#);
    let said = piped(
        dir.path(),
        &["login", "--credentials-stdin"],
        &[],
        &piped_in,
    );
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("has no workspaceKey"), "{}", said.err);
    // What is advised can be given, and an address where nothing answers is named.
    let nobody = "http://127.0.0.1:9";
    let all = [
        "login",
        "--workspace-key",
        "sandbox",
        "--secret-stdin",
        "--tenant",
        "t",
        "--url",
        nobody,
    ];
    let said = piped(dir.path(), &all, &[], SECRET);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains(&format!("tried at {nobody}")),
        "{}",
        said.err
    );
    for secret in [SECRET, TOKEN] {
        assert!(!said.err.contains(secret), "{}", said.err);
    }
}

/// Whoever reads lines of JSON reads in the last one how it ended, in every state and with a refused token.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_of_json_says_how_it_ended() {
    let settings = format!("{SETTINGS}connections:\n  main: {{ id: {CONNECTION_ID} }}\n");
    let (dir, sandbox, _) = house(&settings).await;
    let connect = &["connect", "--timeout", "1s", "--json"][..];
    let reconnect = &["connection", "reconnect", "main", "--json"][..];
    let refused = [("MEMBRANE_TOKEN", "nobody's")];
    for (command, state, env, code) in [
        (connect, ConnectionState::ConfigurationError, &BY_TOKEN, 2),
        (connect, ConnectionState::SetupFailed, &BY_TOKEN, 2),
        (connect, ConnectionState::Building, &BY_TOKEN, 1),
        (connect, ConnectionState::Ready, &refused, 2),
        (reconnect, ConnectionState::Building, &BY_TOKEN, 2),
        (reconnect, ConnectionState::ConfigurationError, &BY_TOKEN, 2),
        (reconnect, ConnectionState::SetupFailed, &BY_TOKEN, 2),
        (reconnect, ConnectionState::Ready, &refused, 2),
    ] {
        sandbox.world().set_connection(CONNECTION_ID, state);
        let said = piped(dir.path(), command, env, "");
        assert_eq!(said.code, code, "{command:?}: {}{}", said.out, said.err);
        let last = said.out.lines().last().expect("a line");
        let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(last["works"], false, "{command:?} {state:?}: {last}");
        for part in ["why", "to_do"] {
            assert!(last[part].is_string(), "{command:?} {state:?}: {last}");
        }
    }
}
