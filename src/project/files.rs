//! The files of a project: which they are, and their texts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Source, Span};

/// The largest file that is read, a byte more than what is accepted.
const FILE_BYTES_MAX: u64 = 1_000_001;
/// The most files of a project.
const FILES_MAX: usize = 10_000;
/// The deepest folder below rules/.
const DEPTH_MAX: usize = 16;

/// The text of a file; what is wrong with reading it is noted.
pub(super) fn read(dir: &Path, path: &Path, problems: &mut Vec<Problem>) -> Option<Source> {
    let name = shown(dir, path);
    let text = fs::File::open(path).and_then(|file| {
        // A pipe or a device would be read forever.
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("it is not a file"));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let (why, help) = match text {
        Ok(bytes) => match String::from_utf8(bytes) {
            // A byte-order mark says nothing in UTF-8.
            Ok(text) => return Some(Source::new(name, text.trim_start_matches('\u{feff}'))),
            Err(_) => ("it is not UTF-8".to_owned(), "save it as UTF-8"),
        },
        Err(error) => (error.to_string(), "check its name and its permissions"),
    };
    problems.push(unreadable(
        &name,
        &format!("{name} cannot be read: {why}"),
        help,
    ));
    None
}

/// All files of rules, sorted: rules.yaml beside kartwheel.yaml, and every .yaml and .yml under rules/ but *.test.yaml.
pub(super) fn rules(dir: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["rules.yaml", "rules.yml"]
        .into_iter()
        .map(|name| dir.join(name))
        .filter(|path| path.is_file())
        .collect();
    let folder = dir.join("rules");
    if folder.is_dir() {
        let mut walk = Walk {
            dir,
            seen: BTreeSet::new(),
            found: Vec::new(),
        };
        walk.folder(&folder, 0, problems);
        walk.found.sort();
        found.append(&mut walk.found);
    }
    if found.len() > FILES_MAX {
        let message = format!("more than {FILES_MAX} files of rules; the rest is left out");
        problems.push(unreadable(
            "rules",
            &message,
            "put several rules into one file, separated by `---`",
        ));
        found.truncate(FILES_MAX);
    }
    found
}

struct Walk<'a> {
    dir: &'a Path,
    /// Real paths of the folders on the way, so that links in a circle end.
    seen: BTreeSet<PathBuf>,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize, problems: &mut Vec<Problem>) {
        let is_new = fs::canonicalize(folder).is_ok_and(|real| self.seen.insert(real));
        if !is_new || depth > DEPTH_MAX || self.found.len() > FILES_MAX {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let name = shown(self.dir, folder);
                let message = format!("the folder {name} cannot be read: {error}");
                problems.push(unreadable(&name, &message, "check its permissions"));
                return;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // Hidden: an editor's own files, and the folders behind mounted configuration.
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                self.folder(&path, depth + 1, problems);
            } else if is_rules(&name) {
                self.found.push(path);
            }
        }
    }
}

fn is_rules(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.is_empty() && !stem.ends_with(".test"))
}

/// The path as the user would write it, with `/` between its parts.
fn shown(dir: &Path, path: &Path) -> String {
    let path = path.strip_prefix(dir).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

fn unreadable(name: &str, message: &str, help: &str) -> Problem {
    let source = Source::new(name, "");
    Problem::error(
        "K0001",
        &source,
        Span {
            line: 1,
            column: 1,
            ..Span::default()
        },
        message,
    )
    .help(help)
}
