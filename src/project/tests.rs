//! Tests of loading: which files are read, in which order, and what a broken one leaves.

use std::fs;

use tempfile::TempDir;

use super::*;

fn rule(id: &str) -> String {
    format!("id: {id}\ntrigger: {{ webhook: shop }}\nactions: [ {{ stop: }} ]\n")
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    dir
}

const CONFIG_TEXT: &str = "timezone: UTC\nsources:\n  shop: { verify: bearer, secret: env:SHOP }\n";

fn ids(project: &Project) -> Vec<String> {
    project
        .rules
        .rules()
        .iter()
        .map(|rule| rule.id.to_string())
        .collect()
}

#[test]
fn all_rule_files_are_read_and_nothing_else() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        (".env", "SHOP=secret-of-the-shop\n"),
        ("rules.yaml", &rule("root")),
        ("rules/b.yaml", &rule("b")),
        ("rules/deep/er/a.yml", &rule("a")),
        ("rules/b.test.yaml", "rule: b\ntests: []\n"),
        ("rules/.hidden.yaml", "nonsense"),
        ("rules/..data/x.yaml", &rule("x")),
        ("rules/notes.md", "nonsense"),
    ]);
    let project = load(dir.path(), &Env::default(), Strictness::Check);
    assert_eq!(project.problems, []);
    assert_eq!(ids(&project), ["a", "b", "root"]);
    assert_eq!(project.files, 4);
    assert!(
        project
            .config
            .is_some_and(|config| config.sources.contains_key("shop"))
    );
}

#[test]
fn links_are_followed_and_circles_end() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        ("elsewhere/one.yaml", &rule("one")),
    ]);
    fs::create_dir(dir.path().join("rules")).expect("made");
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(dir.path().join(from), dir.path().join(to)).expect("linked");
    };
    link("elsewhere/one.yaml", "rules/one.yaml");
    link("rules", "rules/circle");
    link("nowhere.yaml", "rules/broken.yaml");
    let env = Env::from_pairs([("SHOP", "secret-of-the-shop")]);
    let project = load(dir.path(), &env, Strictness::Check);
    assert_eq!(ids(&project), ["one"]);
    let codes: Vec<_> = project
        .problems
        .iter()
        .map(|problem| problem.code)
        .collect();
    assert_eq!(codes, ["K0001"], "the link that leads nowhere");
}

#[test]
fn the_first_of_two_equal_ids_stays() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        ("rules/a.yaml", &rule("one")),
        ("rules/b.yaml", &rule("one")),
    ]);
    let env = Env::from_pairs([("SHOP", "secret-of-the-shop")]);
    let project = load(dir.path(), &env, Strictness::Check);
    assert_eq!(ids(&project), ["one"]);
    assert_eq!(&*project.rules.rules()[0].file, "rules/a.yaml");
    assert_eq!(project.problems[0].place(), "rules/b.yaml:1:5");
    assert!(project.has_errors());
}

#[test]
fn broken_settings_do_not_make_every_rule_wrong() {
    let dir = project(&[
        (
            "kartwheel.yaml",
            "timezone: Nowhere\nsources:\n  shop: { verify: bearer }\n",
        ),
        ("rules/a.yaml", &rule("one")),
    ]);
    let project = load(dir.path(), &Env::default(), Strictness::Check);
    assert!(project.config.is_none());
    assert_eq!(ids(&project), ["one"]);
    assert!(
        project
            .problems
            .iter()
            .all(|problem| &*problem.file == "kartwheel.yaml"),
        "{:?}",
        project.problems
    );
}

#[test]
fn a_folder_without_settings_says_so() {
    let dir = project(&[]);
    let project = load(dir.path(), &Env::default(), Strictness::Serve);
    assert!(project.config.is_none());
    assert_eq!(project.problems.len(), 1);
    assert_eq!(project.problems[0].code, "K0001");
}

#[test]
fn one_file_is_checked_with_the_settings_around_it() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        ("rules/deep/a.yaml", &rule("one").replace("shop", "shp")),
    ]);
    let project = load_file(&dir.path().join("rules/deep/a.yaml"), &Env::default());
    assert_eq!(project.problems.len(), 1);
    assert_eq!(project.problems[0].code, "K0201");
    assert_eq!(project.problems[0].place(), "rules/deep/a.yaml:2:21");
}

const TAGS_RULE: &str =
    "id: tags\ntrigger: { webhook: shop }\nactions: [ { assign-tag: { id: 5, tag_name: vip } } ]\n";

/// Everything is known of the account behind `main`.
fn accounts(tag: &str) -> Accounts {
    let offered = crate::account::OfferedAction {
        key: "assign-tag".to_owned(),
        id: "a1".to_owned(),
        name: "Assign tag".to_owned(),
        description: String::new(),
        input_schema: serde_json::json!({ "properties": { "id": {}, "tag_name": {} } }),
        output_schema: serde_json::Value::Null,
    };
    let account = Account {
        actions: Some(vec![offered]),
        tags: Some(vec![tag.to_owned()]),
        lists: Some(Vec::new()),
        sequences: Some(Vec::new()),
        pages: Some(Vec::new()),
        custom_fields: Some(Vec::new()),
    };
    let from = Place {
        url: "https://api.getmembrane.com".to_owned(),
        tenant: None,
        connection: Some("c1".to_owned()),
    };
    Accounts::from([("main".into(), Kept { from, account })])
}

#[test]
fn rules_are_checked_against_the_accounts_that_are_known_by_then() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        ("rules/tags.yaml", TAGS_RULE),
    ]);
    let env = Env::from_pairs([
        ("SHOP", "secret-of-the-shop"),
        ("KARTWHEEL_TOKEN", "0123456789abcdef"),
    ]);
    let loaded = |strictness, tag: &str| {
        let settings = settings(dir.path(), &env, strictness);
        assert!(settings.config().is_some(), "{settings:?}");
        settings.rules(accounts(tag))
    };
    let fits = loaded(Strictness::Check, "vip");
    assert_eq!((fits.problems, fits.notes), (Vec::new(), Vec::new()));
    let checked = loaded(Strictness::Check, "VIP");
    assert!(checked.has_errors());
    assert_eq!(ids(&checked), [""; 0]);
    let served = loaded(Strictness::Sandbox, "VIP");
    assert!(!served.has_errors());
    assert_eq!(served.problems.len(), 1);
    assert_eq!(ids(&served), ["tags"]);
    let alone = settings_of_file(&dir.path().join("rules/tags.yaml"), &env).rules(accounts("VIP"));
    assert!(alone.has_errors());
    assert_eq!(alone.files, 1);
}

#[test]
fn what_no_account_could_show_is_noted_once_for_each_connection() {
    let settings = format!("{CONFIG_TEXT}connections: {{ main: , client_b: , idle: }}\n");
    let other = TAGS_RULE.replace("id: tags", "id: b\nconnection: client_b");
    let dir = project(&[
        ("kartwheel.yaml", &settings),
        ("rules/a.yaml", TAGS_RULE),
        ("rules/b.yaml", &other),
        ("rules/c.yaml", &rule("c")),
    ]);
    let env = Env::from_pairs([("SHOP", "secret-of-the-shop")]);
    let project = load(dir.path(), &env, Strictness::Check);
    let begins: Vec<_> = project
        .notes
        .iter()
        .filter_map(|note| note.split_once(": no catalogue synced;"))
        .map(|(begin, _)| begin)
        .collect();
    assert_eq!(begins, ["connection client_b", "connection main"]);
}

#[test]
fn what_was_read_from_another_connection_is_left_out_and_said() {
    let env = Env::from_pairs([("SHOP", "secret-of-the-shop")]);
    let elsewhere = |connection: &str| {
        let text = CONFIG_TEXT.to_owned() + connection;
        let dir = project(&[("kartwheel.yaml", &text), ("rules/a.yaml", TAGS_RULE)]);
        let settings = settings(dir.path(), &env, Strictness::Check);
        settings.rules(accounts("VIP"))
    };
    let same = elsewhere("connections: { main: { id: c1 } }\n");
    assert!(same.has_errors(), "the tag has another name there");
    for other in [
        "connections: { main: { id: c2 } }\n",
        "membrane: { url: \"http://127.0.0.1:9\", token: env:T }\nconnections: { main: { id: c1 } }\n",
    ] {
        let project = elsewhere(other);
        assert!(
            !project
                .problems
                .iter()
                .any(|problem| problem.code == "K0801"),
            "{:?}",
            project.problems
        );
        let [note] = &project.notes[..] else {
            panic!("{:?}", project.notes);
        };
        assert!(
            note.starts_with("connection main: its catalogue was kept from another connection")
                && note.ends_with("run `kartwheel catalog sync`"),
            "{note}"
        );
    }
}

#[test]
fn what_could_not_be_read_of_an_account_is_noted_and_what_came_without_a_schema() {
    let dir = project(&[
        ("kartwheel.yaml", CONFIG_TEXT),
        ("rules/tags.yaml", TAGS_RULE),
    ]);
    let env = Env::from_pairs([("SHOP", "secret-of-the-shop")]);
    let notes = |change: &dyn Fn(&mut Account)| {
        let mut known = accounts("vip");
        change(&mut known.get_mut("main").expect("it is kept").account);
        let settings = settings(dir.path(), &env, Strictness::Check);
        settings.rules(known).notes
    };
    assert_eq!(notes(&|_| {}), [""; 0]);
    let unread = notes(&|account| (account.tags, account.pages) = (None, None));
    assert_eq!(
        unread,
        [
            "connection main: its tags could not be read, so names of them were not checked; `kartwheel catalog sync` reads the account again"
        ]
    );
    let offers = notes(&|account| account.actions = None);
    assert_eq!(
        offers,
        [
            "connection main: what it offers could not be read; inputs were checked against the built-in table; `kartwheel catalog sync` reads the account again"
        ]
    );
    let mute = notes(&|account| {
        let mut all = account.actions.take().expect("they are known");
        all[0].input_schema = serde_json::json!({ "type": "object" });
        let unused = crate::account::OfferedAction {
            key: "get-lead".to_owned(),
            ..all[0].clone()
        };
        all.push(unused);
        account.actions = Some(all);
    });
    assert_eq!(
        mute,
        [
            "connection main: no schema came with `assign-tag`; inputs were checked against the built-in table"
        ]
    );
}
