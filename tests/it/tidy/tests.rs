//! Each check of `tidy` can fail: the smallest text that must be refused, beside one that must not.

use super::*;

#[test]
fn an_import_upwards_is_refused_in_every_form() {
    for text in [
        "use crate::engine::Engine;",
        "use crate::{\n    event::Event,\n    engine::{self, Engine},\n};",
        "use super::super::super::engine::Engine;",
        "use super::super::super::{event::Event, engine};",
        "fn f() { crate::engine::start(); }",
        "mod tests { use super::super::super::super::engine::Engine; }",
    ] {
        let wrong = imports(
            "src/rule/op/eq.rs",
            &text.replace("super::super::engine", "super::super::super::engine"),
        );
        assert!(
            wrong
                .iter()
                .any(|line| line.contains("`rule` may not import `engine`")),
            "{text}: {wrong:?}"
        );
    }
}

#[test]
fn imports_downwards_and_within_a_module_pass() {
    for text in [
        "use crate::event::Event; use crate::rule::path::Path;",
        "use super::Operator; use super::super::path::Path;",
        "// use crate::engine::Engine;\nconst A: &str = \"crate::engine\";",
        "mod tests { use super::*; }",
        "use std::sync::Arc; use regex::Regex;",
    ] {
        assert_eq!(
            imports("src/rule/op/eq.rs", text),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn the_whole_crate_and_unknown_modules_are_refused() {
    assert_eq!(imports("src/rule/mod.rs", "use crate::*;").len(), 1);
    assert_eq!(imports("src/rule/mod.rs", "use super::*;").len(), 1);
    assert_eq!(imports("src/drawer.rs", "").len(), 1);
    assert_eq!(
        imports("src/main.rs", "use kartwheel::store::Store;").len(),
        1
    );
    assert_eq!(
        imports("src/main.rs", "fn main() { kartwheel::cli::run() }"),
        Vec::<String>::new()
    );
}

#[test]
fn large_crates_stay_where_they_belong() {
    assert_eq!(imports("src/engine/plan.rs", "use sqlx::Row;").len(), 1);
    assert_eq!(
        imports("src/engine/plan.rs", "fn f() { ::sqlx::query(a); }").len(),
        1
    );
    assert_eq!(
        imports("src/rule/mod.rs", "#[tokio::test] fn f() {}").len(),
        1
    );
    assert_eq!(
        imports("src/store/sqlite/mod.rs", "use sqlx::Row;"),
        Vec::<String>::new()
    );
}

#[test]
fn pure_modules_neither_read_nor_wait() {
    for text in [
        "use std::fs;",
        "use std::{env, sync::Arc};",
        "fn f() { std::time::Instant::now(); }",
        "async fn f() {}",
    ] {
        assert_eq!(imports("src/trigger/mod.rs", text).len(), 1, "{text}");
    }
    assert_eq!(
        imports("src/config.rs", "use std::fs;"),
        Vec::<String>::new()
    );
    assert_eq!(
        imports(
            "src/trigger/mod.rs",
            "mod tests { use std::fs; } use std::time::Duration;"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn the_import_table_goes_down_only() {
    let mut settled: Vec<&str> = Vec::new();
    while settled.len() < MAY_IMPORT.len() {
        let ready: Vec<&str> = MAY_IMPORT
            .iter()
            .filter(|(name, allowed)| {
                !settled.contains(name) && allowed.iter().all(|one| settled.contains(one))
            })
            .map(|(name, _)| *name)
            .collect();
        assert!(!ready.is_empty(), "a circle among all but {settled:?}");
        settled.extend(ready);
    }
}

#[test]
fn long_nameless_and_headless_files_are_refused() {
    let long = format!("//! Long.\n{}", "\n".repeat(FILE_LINES_MAX));
    assert_eq!(shape("src/run.rs", &long).len(), 1);
    assert_eq!(shape("src/run.rs", "use std::fs;\n").len(), 1);
    assert_eq!(shape("src/rule/util.rs", "//! Things.\n").len(), 1);
    assert_eq!(shape("tests/it/helpers/mod.rs", "//! Things.\n").len(), 1);
    assert_eq!(shape("src/run.rs", "//! A run.\n"), Vec::<String>::new());
}

#[test]
fn a_folder_and_its_list_agree() {
    let beside = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let file = "src/rule/op/mod.rs";
    let list = "mod eq;\nmod gt;\nstatic LIST: &[&dyn Operator] = &[&eq::Eq, &gt::Gt];";
    assert_eq!(
        folder(file, list, &beside(&["eq", "gt"])),
        Vec::<String>::new()
    );
    assert_eq!(folder(file, list, &beside(&["eq", "gt", "lt"])).len(), 1);
    assert_eq!(
        folder(file, &list.replace(", &gt::Gt", ""), &beside(&["eq", "gt"])).len(),
        1
    );
    assert_eq!(
        folder(
            file,
            "mod gt;\nmod eq;\nstatic L: X = [eq::A, gt::B];",
            &beside(&[])
        )
        .len(),
        1
    );
    assert_eq!(folder("tests/it/main.rs", "", &beside(&["tidy"])).len(), 1);
}

#[test]
fn a_file_declares_what_lies_beside_or_below_it() {
    let files = [
        "src/lib.rs",
        "src/main.rs",
        "src/yaml.rs",
        "src/yaml/trap.rs",
        "src/yaml/trap/tests.rs",
        "src/rule/mod.rs",
        "src/rule/op/mod.rs",
        "src/rule/path.rs",
    ]
    .map(|path| (path.to_owned(), String::new()));
    let of = |file| Vec::from_iter(neighbours(file, &files));
    assert_eq!(of("src/lib.rs"), ["rule", "yaml"]);
    assert_eq!(of("src/yaml.rs"), ["trap"]);
    assert_eq!(of("src/yaml/trap.rs"), ["tests"]);
    assert_eq!(of("src/rule/mod.rs"), ["op", "path"]);
    assert_eq!(of("src/rule/path.rs"), Vec::<String>::new());
}

#[test]
fn migrations_are_numbered_and_paired() {
    let right = [
        "migrations/sqlite/0001_first.sql",
        "migrations/sqlite/0002_more.sql",
    ];
    assert_eq!(migrations(&right), Vec::<String>::new());
    assert_eq!(migrations(&["migrations/sqlite/0002_more.sql"]).len(), 1);
    assert_eq!(
        migrations(&[right[0], right[1], "migrations/postgres/0001_first.sql"]).len(),
        1
    );
}

#[test]
fn an_example_is_whole() {
    let whole = ["README.md", "kartwheel.yaml", "payload.form", "rules.yaml"]
        .map(|part| format!("examples/shop/{part}"));
    let whole: Vec<_> = whole.map(|path| (path, String::new())).into();
    assert_eq!(examples(&whole), Vec::<String>::new());
    for missing in 0..whole.len() {
        let mut others = whole.clone();
        let (path, _) = others.remove(missing);
        assert_eq!(examples(&others).len(), 1, "without {path}");
    }
    let mut with_samples = whole;
    with_samples[3].1 = "event: { sample: shopify/orders/paid }".to_owned();
    with_samples.remove(2);
    assert_eq!(examples(&with_samples), Vec::<String>::new());
}

#[test]
fn an_expectation_without_its_rule_is_refused() {
    let both = ["tests/rules/err_a.yaml", "tests/rules/err_a.txt"];
    assert_eq!(expectations(&both), Vec::<String>::new());
    assert_eq!(expectations(&both[1..]).len(), 1);
    let folder = ["tests/rules/err_b/rules/notes.txt", "tests/rules/err_b.txt"];
    assert_eq!(expectations(&folder), Vec::<String>::new());
}

#[test]
fn what_programs_leave_behind_is_refused() {
    for path in [
        "test.out",
        "src/engine/a.log",
        "src/lib.rs.orig",
        "x.db",
        "a/b.tmp",
    ] {
        assert!(stray(path).is_some(), "{path}");
    }
    for path in [
        "src/log.rs",
        "docs/logging.md",
        "Dockerfile",
        "tests/data/out.json",
    ] {
        assert_eq!(stray(path), None);
    }
}

#[test]
fn paths_of_one_machine_are_refused() {
    for text in [
        concat!("see /wo", "rk/notes"),
        concat!("cp a /ro", "ot"),
        concat!("`../sha", "red/data`"),
    ] {
        assert_eq!(machine_paths("README.md", text).len(), 1, "{text}");
        assert_eq!(machine_paths("Cargo.lock", text), Vec::<String>::new());
    }
    for text in ["/workers", "src/roots", "https://example.com/workspace"] {
        assert_eq!(
            machine_paths("README.md", text),
            Vec::<String>::new(),
            "{text}"
        );
    }
}
