//! Project: a folder with kartwheel.yaml, .env and rules, loaded and checked as a whole.

mod files;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Config, Declared, Env};
use crate::kartra;
use crate::problem::{Problem, Severity, Source, Span};
use crate::rule::{self, Rule, RuleSet, SourceFacts, Surroundings};
use crate::trigger;

pub use crate::config::Strictness;

/// The settings' file.
const CONFIG: &str = "kartwheel.yaml";

/// A loaded project. What has errors is left out of it.
#[derive(Debug)]
pub struct Project {
    /// Its folder.
    pub dir: PathBuf,
    /// Its settings, when they can be used.
    pub config: Option<Config>,
    /// Its rules, those with errors left out.
    pub rules: RuleSet,
    /// Everything that is wrong, file by file.
    pub problems: Vec<Problem>,
    /// The files' texts, to draw problems; secrets in them are blotted out.
    pub sources_text: Vec<Source>,
    /// How many files were looked at.
    pub files: usize,
}

impl Project {
    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

/// Loads the project of a folder. `env` wins over the folder's .env.
#[must_use]
pub fn load(dir: &Path, env: &Env, strictness: Strictness) -> Project {
    let mut problems = Vec::new();
    let mut sources_text = Vec::new();
    let mut files = 0;
    let env = with_dotenv(dir, env, &mut problems);
    let (config, declared) = match files::read(dir, &dir.join(CONFIG), &mut problems) {
        Some(source) => {
            files += 1;
            let first = problems.len();
            let read = config::read(&source, dir, &env, strictness, &mut problems);
            sources_text.push(blotted(&source, &problems[first..]));
            read
        }
        None => (None, None),
    };
    let around = surroundings(declared);
    let mut rules = Vec::new();
    for path in files::rules(dir, &mut problems) {
        let Some(source) = files::read(dir, &path, &mut problems) else {
            continue;
        };
        files += 1;
        rules.extend(rule::read(&source, &around, &mut problems));
        sources_text.push(source);
    }
    finish(dir, config, rules, problems, sources_text, files)
}

/// Loads one file of rules, with the settings of the folder that it belongs to, when there is one.
#[must_use]
pub fn load_file(path: &Path, env: &Env) -> Project {
    let parent = path.parent().unwrap_or(Path::new(""));
    let home = path
        .ancestors()
        .skip(1)
        .find(|dir| dir.join(CONFIG).is_file());
    let dir = home.unwrap_or(parent);
    let mut problems = Vec::new();
    let declared = home.and_then(|home| {
        // What is wrong with the settings is not asked for here.
        let mut ignored = Vec::new();
        let env = with_dotenv(home, env, &mut ignored);
        let source = files::read(home, &home.join(CONFIG), &mut ignored)?;
        config::read(&source, home, &env, Strictness::Check, &mut ignored).1
    });
    let mut rules = Vec::new();
    let mut sources_text = Vec::new();
    if let Some(source) = files::read(dir, path, &mut problems) {
        rules = rule::read(&source, &surroundings(declared), &mut problems);
        sources_text.push(source);
    }
    let files = sources_text.len();
    finish(dir, None, rules, problems, sources_text, files)
}

fn finish(
    dir: &Path,
    config: Option<Config>,
    rules: Vec<Arc<Rule>>,
    mut problems: Vec<Problem>,
    sources_text: Vec<Source>,
    files: usize,
) -> Project {
    let rules = rule::unique(rules, &sources_text, &mut problems);
    let order = |problem: &Problem| {
        let file = sources_text
            .iter()
            .position(|source| source.name == problem.file);
        (file, problem.span.start)
    };
    problems.sort_by_key(order);
    Project {
        dir: dir.to_owned(),
        config,
        rules: RuleSet::new(rules),
        problems,
        sources_text,
        files,
    }
}

fn with_dotenv(dir: &Path, env: &Env, problems: &mut Vec<Problem>) -> Env {
    let path = dir.join(".env");
    if !path.exists() {
        return env.clone();
    }
    match files::read(dir, &path, problems) {
        Some(source) => env.over(config::read_dotenv(&source, problems)),
        None => env.clone(),
    }
}

/// What rules are checked against.
fn surroundings(declared: Option<Declared>) -> Surroundings {
    let mut around = Surroundings::of(kartra::catalog());
    if let Some(declared) = declared {
        around.sources = Some(declared.sources.into_iter().map(facts).collect());
        around.connections = Some(declared.connections);
        around.env = Some(declared.env);
    }
    around
}

fn facts((name, source): (Arc<str>, Option<Arc<trigger::Source>>)) -> SourceFacts {
    SourceFacts {
        name,
        unknown_event: Box::new(move |kind| {
            let unknown = source.as_ref()?.knows_event(kind).err()?;
            Some(unknown.map(str::to_owned))
        }),
    }
}

/// The text with every secret that is written out replaced, byte for byte, so that no drawing shows it.
fn blotted(source: &Source, problems: &[Problem]) -> Source {
    let mut text = source.text.as_bytes().to_vec();
    let secret =
        |problem: &&Problem| problem.code == "K0703" && problem.severity == Severity::Warning;
    for problem in problems.iter().filter(secret) {
        let Span { start, end, .. } = problem.span;
        if let Some(bytes) = text.get_mut(start..end) {
            for byte in bytes.iter_mut().filter(|byte| !byte.is_ascii_whitespace()) {
                *byte = b'*';
            }
        }
    }
    let text = String::from_utf8(text).unwrap_or_default();
    Source::new(source.name.clone(), text)
}
