//! The repository's own rules, held as data and read from the files: who may import whom, what a folder lists, what a file looks like.

mod source;
mod table;
mod tests;

use std::collections::BTreeSet;

use source::{paths, tokens};
use table::{DRAWERS, FILE_LINES_MAX, HEAVY, IMPURE, LISTS, MAY_IMPORT, PURE};

/// Every check over every file; all that is wrong is shown at once.
#[test]
fn the_repository_keeps_its_own_rules() {
    let files = tracked_files();
    let mut wrong = Vec::new();
    for (path, text) in &files {
        wrong.extend(machine_paths(path, text));
        if !path.ends_with(".rs") {
            continue;
        }
        wrong.extend(shape(path, text));
        if path.starts_with("src/") {
            wrong.extend(imports(path, text));
        }
        // What lies in src/ belongs to the library.
        if path != "src/main.rs" {
            wrong.extend(folder(path, text, &neighbours(path, &files)));
        }
    }
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    wrong.extend(migrations(&names));
    wrong.extend(examples(&files));
    wrong.extend(expectations(&names));
    wrong.extend(listed().iter().filter_map(|path| stray(path)));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Imports, fully qualified paths and large crates that the tables do not allow.
fn imports(file: &str, text: &str) -> Vec<String> {
    let module = module_of(file);
    let top = match (file, module.first()) {
        ("src/main.rs", _) => "main",
        ("src/lib.rs", _) => return Vec::new(),
        (_, Some(top)) => top,
        (_, None) => return vec![format!("{file}: no module can stand here")],
    };
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == top) else {
        return vec![format!(
            "{file}: module `{top}` is not in the import table of tests/it/tidy.rs"
        )];
    };
    let words = tokens(text);
    let mut wrong = BTreeSet::new();
    for path in paths(&words) {
        let written = path.segments.join("::");
        let tests = path.inside.contains(&"tests") || module.contains(&"tests");
        let base: Vec<&str> = module.iter().copied().chain(path.inside).collect();
        match target(&base, &path.segments) {
            Some("*") => {
                wrong.insert(format!(
                    "{file}: `{written}` takes in the whole crate: name the module"
                ));
            }
            Some(other) if other != top && !allowed.contains(&other) => {
                wrong.insert(format!(
                    "{file}: `{top}` may not import `{other}` (`{written}`)"
                ));
            }
            _ => {}
        }
        let first = path.segments[0];
        if let Some((_, by)) = HEAVY.iter().find(|(name, _)| *name == first)
            && !by.contains(&top)
        {
            wrong.insert(format!("{file}: `{top}` may not name the crate `{first}`"));
        }
        let impure = |what: &&str| written.starts_with(*what) || format!("{written}::") == **what;
        if PURE.contains(&top) && !tests && IMPURE.iter().any(impure) {
            wrong.insert(format!("{file}: `{top}` is pure and names `{written}`"));
        }
    }
    let waits = |word: &&str| matches!(*word, "async" | "await");
    if PURE.contains(&top) && top != "action" && words.iter().any(waits) {
        wrong.insert(format!("{file}: `{top}` is pure and awaits"));
    }
    wrong.into_iter().collect()
}

/// The top module that a path leads to, `*` for the crate's root as a whole, nothing for what is not ours.
fn target<'a>(base: &[&'a str], segments: &[&'a str]) -> Option<&'a str> {
    let mut at: Vec<&str> = base.to_vec();
    let mut rest = segments;
    match segments[0] {
        "crate" | "kartwheel" => at.clear(),
        "self" | "super" => rest = segments,
        _ => return None,
    }
    while let Some((first, others)) = rest.split_first() {
        match *first {
            "crate" | "kartwheel" if rest.len() == segments.len() => {}
            "self" => {}
            "super" => {
                at.pop();
            }
            name => {
                at.push(name);
                break;
            }
        }
        rest = others;
    }
    Some(at.first().copied().unwrap_or("*"))
}

/// `src/rule/op/mod.rs` is `rule::op`.
fn module_of(file: &str) -> Vec<&str> {
    file.trim_start_matches("src/")
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "main" | "mod"))
        .collect()
}

/// Length, opening sentence and name of a file.
fn shape(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        wrong.push(format!(
            "{file}: {lines} lines; move its tests to a sibling `tests.rs`, or split by noun ({FILE_LINES_MAX} at most)"
        ));
    }
    if !text.starts_with("//! ") {
        wrong.push(format!(
            "{file}: open with a `//!` sentence that says what the file is for"
        ));
    }
    if let Some(drawer) = DRAWERS.iter().find(|name| {
        file.trim_end_matches(".rs")
            .split('/')
            .any(|part| part == **name)
    }) {
        wrong.push(format!(
            "{file}: `{drawer}` says nothing; name the noun inside"
        ));
    }
    wrong
}

/// A folder and the `mod` lines of its file; where it is a list, their order and their place in it.
fn folder(file: &str, text: &str, neighbours: &BTreeSet<String>) -> Vec<String> {
    let words = tokens(text);
    let declared: Vec<&str> = words
        .windows(3)
        .filter(|three| three[0] == "mod" && three[2] == ";")
        .map(|three| three[1])
        .collect();
    let mut wrong: Vec<String> = neighbours
        .iter()
        .filter(|name| !declared.contains(&name.as_str()))
        .map(|name| format!("{file}: `{name}` lies in the folder and is not declared"))
        .collect();
    let Some((directory, _)) = file.rsplit_once('/') else {
        return wrong;
    };
    let is_list = LISTS.contains(&directory);
    let ordered: Vec<&str> = declared
        .iter()
        .copied()
        .filter(|name| *name != "tests")
        .collect();
    if is_list || matches!(file, "src/lib.rs" | "tests/it/main.rs") {
        wrong.extend(
            out_of_order(&ordered).map(|name| format!("{file}: `mod {name}` is out of order")),
        );
    }
    if is_list {
        let named = |name: &str| words.windows(2).any(|two| two == [name, "::"]);
        wrong.extend(
            ordered
                .iter()
                .filter(|name| !named(name))
                .map(|name| format!("{file}: `{name}` is declared and not in the list")),
        );
    }
    wrong
}

/// Names that stand behind a greater one.
fn out_of_order<'a>(names: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    names
        .windows(2)
        .filter(|two| two[0] > two[1])
        .map(|two| two[1])
}

/// Modules that a file has to declare, as files or as folders with a `mod.rs`: what lies beside a `mod.rs`, `lib.rs` or
/// `main.rs`, and below any other file in the folder of its name.
fn neighbours(file: &str, files: &[(String, String)]) -> BTreeSet<String> {
    let stem = file.trim_end_matches(".rs");
    let folder = ["mod", "lib", "main"]
        .iter()
        .find_map(|root| stem.strip_suffix(root).filter(|above| above.ends_with('/')))
        .map_or_else(|| format!("{stem}/"), str::to_owned);
    files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(&folder))
        .filter_map(|path| path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")))
        .filter(|name| !name.contains('/') && !matches!(*name, "lib" | "main" | "mod"))
        .map(str::to_owned)
        .collect()
}

/// Migrations are numbered from 0001 without a gap, and every database has the same ones.
fn migrations(files: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut by_database: Vec<(&str, Vec<&str>)> = Vec::new();
    for path in files
        .iter()
        .filter_map(|path| path.strip_prefix("migrations/"))
    {
        let Some((database, name)) = path.split_once('/') else {
            continue;
        };
        match by_database.iter_mut().find(|(known, _)| *known == database) {
            Some((_, names)) => names.push(name),
            None => by_database.push((database, vec![name])),
        }
    }
    for (database, names) in &mut by_database {
        names.sort_unstable();
        for (number, name) in names.iter().enumerate() {
            if !name.starts_with(&format!("{:04}_", number + 1)) || !name.ends_with(".sql") {
                wrong.push(format!(
                    "migrations/{database}/{name}: the next one is {:04}_name.sql",
                    number + 1
                ));
            }
        }
    }
    if by_database.windows(2).any(|two| two[0].1 != two[1].1) {
        wrong.push("migrations/: every database needs the same migrations".to_owned());
    }
    wrong
}

/// Every example has its rules, something to send (a payload, or a sample of a preset) and a word of explanation.
fn examples(files: &[(String, String)]) -> Vec<String> {
    let parts = || {
        let paths = files
            .iter()
            .filter_map(|(path, text)| Some((path.strip_prefix("examples/")?, text)));
        paths.filter_map(|(path, text)| Some((path.split_once('/')?, text)))
    };
    let names: BTreeSet<&str> = parts().map(|((name, _), _)| name).collect();
    let mut wrong = Vec::new();
    for name in names {
        let has = |part: &str| parts().any(|(known, _)| known == (name, part));
        for part in ["README.md", "kartwheel.yaml", "rules.yaml"] {
            if !has(part) {
                wrong.push(format!("examples/{name}: {part} is missing"));
            }
        }
        let samples =
            parts().any(|(known, text)| known == (name, "rules.yaml") && text.contains("sample: "));
        if !samples && !has("payload.json") && !has("payload.form") {
            wrong.push(format!(
                "examples/{name}: payload.json, payload.form or a test with a sample is missing"
            ));
        }
    }
    wrong
}

/// What programs leave behind is no part of the repository.
fn stray(path: &str) -> Option<String> {
    let ending = path.rsplit_once('.')?.1;
    let left = ["db", "log", "orig", "out", "rej", "tmp"].contains(&ending);
    left.then(|| format!("{path}: left behind by a program; remove it"))
}

/// What must be said about a broken rule (or a folder of them), without that rule, hides what is no longer tested.
fn expectations(files: &[&str]) -> Vec<String> {
    let said_of = |path: &str| {
        let name = path.strip_prefix("tests/rules/")?.strip_suffix(".txt")?;
        (!name.contains('/')).then(|| format!("tests/rules/{name}"))
    };
    let is_there = |rule: &str| {
        let (file, folder) = (format!("{rule}.yaml"), format!("{rule}/"));
        files
            .iter()
            .any(|path| *path == file || path.starts_with(&folder))
    };
    files
        .iter()
        .filter_map(|path| said_of(path))
        .filter(|rule| !is_there(rule))
        .map(|rule| format!("{rule}.txt: there is no {rule}.yaml, nor a folder of that name"))
        .collect()
}

/// Paths of one machine, and of what lies outside the repository, mean nothing to anybody else.
fn machine_paths(file: &str, text: &str) -> Vec<String> {
    if file.ends_with(".lock") {
        return Vec::new();
    }
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for needle in [
            concat!("/wo", "rk"),
            concat!("/ro", "ot"),
            concat!("../sha", "red"),
        ] {
            let alone = |at: usize| {
                !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.')
                    && ends(&line[at + needle.len()..])
            };
            if line.match_indices(needle).any(|(at, _)| alone(at)) {
                wrong.push(format!("{file}:{}: names `{needle}`", number + 1));
            }
        }
    }
    wrong
}

/// All files under version control, or about to be. Tests run in the repository's top folder.
fn listed() -> Vec<String> {
    let listed = std::process::Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .expect("git lists the repository's files");
    assert!(listed.status.success(), "git ls-files failed");
    let listed = String::from_utf8_lossy(&listed.stdout);
    let mut files: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

/// Those of them that are text, with it.
pub(crate) fn tracked_files() -> Vec<(String, String)> {
    let files: Vec<(String, String)> = listed()
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path, text))
        })
        .collect();
    assert!(
        files.iter().any(|(path, _)| path == "src/lib.rs"),
        "the list is the repository's"
    );
    files
}
