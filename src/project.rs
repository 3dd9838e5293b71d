//! Project: a folder with kartwheel.yaml, .env and rules, loaded and checked as a whole.

mod files;
mod notes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::account::{Account, Place};
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
    /// What could not be checked, and what would help.
    pub notes: Vec<String>,
}

impl Project {
    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

/// What is kept of the accounts behind the connections, by name.
pub type Accounts = HashMap<Arc<str>, Kept>;

/// What is kept of one account.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Where it was read.
    pub from: Place,
    /// What was read.
    pub account: Account,
}

/// A project of which only the settings are read: where the database is, is known, and what it keeps of the accounts can be
/// fetched before the rules are checked.
#[derive(Debug)]
pub struct Settings {
    dir: PathBuf,
    config: Option<Config>,
    declared: Option<Declared>,
    /// What a rule that does not fit its account is.
    misfit: Severity,
    /// The one file of rules that was asked for.
    only: Option<PathBuf>,
    problems: Vec<Problem>,
    sources_text: Vec<Source>,
    files: usize,
}

/// Reads the settings of a folder. `env` wins over the folder's .env.
#[must_use]
pub fn settings(dir: &Path, env: &Env, strictness: Strictness) -> Settings {
    let mut problems = Vec::new();
    let mut sources_text = Vec::new();
    let env = with_dotenv(dir, env, &mut problems);
    let (config, declared) = match files::read(dir, &dir.join(CONFIG), &mut problems) {
        Some(source) => {
            let first = problems.len();
            let read = config::read(&source, dir, &env, strictness, &mut problems);
            sources_text.push(blotted(&source, &problems[first..]));
            read
        }
        None => (None, None),
    };
    Settings {
        dir: dir.to_owned(),
        config,
        declared,
        // A running daemon's rules may name what was made a moment ago.
        misfit: match strictness {
            Strictness::Check => Severity::Error,
            Strictness::Sandbox | Strictness::Serve => Severity::Warning,
        },
        only: None,
        problems,
        files: sources_text.len(),
        sources_text,
    }
}

/// Reads the settings of the folder that this one file of rules belongs to, when there is one. What is wrong with the settings
/// themselves is not asked for here.
#[must_use]
pub fn settings_of_file(path: &Path, env: &Env) -> Settings {
    let parent = path.parent().unwrap_or(Path::new(""));
    let mut above = path.ancestors().skip(1);
    let read = above
        .find(|dir| dir.join(CONFIG).is_file())
        .map(|home| settings(home, env, Strictness::Check));
    let (dir, config, declared) = match read {
        Some(read) => (read.dir, read.config, read.declared),
        None => (parent.to_owned(), None, None),
    };
    Settings {
        dir,
        config,
        declared,
        misfit: Severity::Error,
        only: Some(path.to_owned()),
        problems: Vec::new(),
        sources_text: Vec::new(),
        files: 0,
    }
}

/// Loads the project of a folder without knowing the accounts. `env` wins over the folder's .env.
#[must_use]
pub fn load(dir: &Path, env: &Env, strictness: Strictness) -> Project {
    settings(dir, env, strictness).rules(Accounts::new())
}

/// Loads one file of rules, with the settings of the folder that it belongs to, when there is one.
#[must_use]
pub fn load_file(path: &Path, env: &Env) -> Project {
    settings_of_file(path, env).rules(Accounts::new())
}

impl Settings {
    /// The settings, when they can be used.
    #[must_use]
    pub const fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// Reads the rules, and checks them against these accounts, but for those that were read in another place than the
    /// connection leads to now.
    #[must_use]
    pub fn rules(mut self, accounts: Accounts) -> Project {
        let is_here = |name: &Arc<str>, kept: &Kept| {
            let config = self.config.as_ref();
            config.is_none_or(|config| kept.from.may_be(&config.membrane.place(name)))
        };
        let (here, elsewhere): (Accounts, Accounts) = accounts
            .into_iter()
            .partition(|(name, kept)| is_here(name, kept));
        let accounts = here.into_iter().map(|(name, kept)| (name, kept.account));
        let around = surroundings(self.declared.take(), accounts.collect(), self.misfit);
        let paths = match &self.only {
            Some(path) => vec![path.clone()],
            None => files::rules(&self.dir, &mut self.problems),
        };
        let mut rules = Vec::new();
        for path in paths {
            let Some(source) = files::read(&self.dir, &path, &mut self.problems) else {
                continue;
            };
            self.files += 1;
            rules.extend(rule::read(&source, &around, &mut self.problems));
            self.sources_text.push(source);
        }
        self.finish(rules, &around, &elsewhere)
    }

    fn finish(
        mut self,
        rules: Vec<Arc<Rule>>,
        around: &Surroundings,
        elsewhere: &Accounts,
    ) -> Project {
        let sources_text = self.sources_text;
        let rules = rule::unique(rules, &sources_text, &mut self.problems);
        rule::circles(&rules, around, &sources_text, &mut self.problems);
        let order = |problem: &Problem| {
            let file = sources_text
                .iter()
                .position(|source| source.name == problem.file);
            (file, problem.span.start)
        };
        self.problems.sort_by_key(order);
        let has_errors = self.problems.iter().any(Problem::is_error);
        Project {
            dir: self.dir,
            // One file alone is looked at, not run.
            config: self.config.filter(|_| self.only.is_none()),
            notes: notes::of(&rules, around, elsewhere, has_errors),
            rules: RuleSet::new(rules),
            problems: self.problems,
            sources_text,
            files: self.files,
        }
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
fn surroundings(
    declared: Option<Declared>,
    accounts: HashMap<Arc<str>, Account>,
    misfit: Severity,
) -> Surroundings {
    let mut around = Surroundings {
        accounts,
        misfit,
        ..Surroundings::of(kartra::catalog())
    };
    if let Some(declared) = declared {
        // What is kept of a connection that is not there any more says nothing of another one.
        let names = &declared.connections;
        around.accounts.retain(|name, _| names.contains(name));
        around.sources = Some(declared.sources.into_iter().map(facts).collect());
        around.connections = Some(declared.connections);
        around.env = Some(declared.env);
    }
    around
}

fn facts((name, source): (Arc<str>, Option<Arc<trigger::Source>>)) -> SourceFacts {
    let reports_account = source
        .as_ref()
        .is_some_and(|source| source.reports_account());
    let (other, asked) = (source.clone(), source.clone());
    let asked = asked.filter(|source| source.is_looked_up());
    SourceFacts {
        name,
        reports_account,
        lookup: asked
            .map(|source| Box::new(move |kind: &str| source.can_look_up(kind)) as rule::CanLookUp),
        lacks_address: Box::new(move |kind| {
            let source = other.as_ref();
            source.is_some_and(|source| source.lacks_address(kind))
        }),
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
