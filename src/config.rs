//! Settings: kartwheel.yaml, the environment and the project's .env, checked whole. The only module that reads the environment.

mod dotenv;
mod env;
mod later;
mod listen;
mod membrane;
mod retention;
mod secret;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::action::Limit;
use crate::membrane::Settings;
use crate::problem::{Problem, Severity, Source};
use crate::rule::{duration, zone};
use crate::trigger;
use crate::yaml::{self, Node, Reader};

pub use env::Env;
pub use retention::Retention;

/// Where webhooks come in, unless said otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// Where the console listens, unless said otherwise.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8081);
/// The database, unless said otherwise.
const DATABASE: &str = "sqlite://kartwheel.db";
/// How long a stop waits for unsafe calls, unless said otherwise.
const DRAIN: Duration = Duration::from_secs(90);
/// The longest `drain`.
const DRAIN_MAX: Duration = Duration::from_secs(60 * 60);
/// The environment variable that holds the API's token.
const TOKEN: &str = "KARTWHEEL_TOKEN";

/// What the settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// To look: a secret that is not there is a warning, for a build machine has none.
    Check,
    /// To run against the sandbox: Membrane's credentials are not needed, all else is.
    Sandbox,
    /// To run: what is not there is an error.
    Serve,
}

/// The settings of a project. `Debug` shows no secret.
#[derive(Debug)]
pub struct Config {
    /// The project's time zone.
    pub timezone: TimeZone,
    /// The database's URL, its path absolute or from the project's folder on.
    pub database: String,
    /// Where webhooks come in.
    pub listen: SocketAddr,
    /// The API and the pages.
    pub console: Console,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<trigger::Range>,
    /// The address under which senders know this daemon.
    pub public_url: Option<String>,
    /// The environment variables that rules may see.
    pub env: Map<String, Value>,
    /// How Kartra is reached, and the connections.
    pub membrane: Settings,
    /// The declared sources.
    pub sources: BTreeMap<Arc<str>, Arc<trigger::Source>>,
    /// By connection: how many calls of an action all rules together may make.
    pub limits: BTreeMap<Arc<str>, Vec<Limit>>,
    /// How long a stop waits for unsafe calls in flight.
    pub drain: Duration,
    /// What is kept how long.
    pub retention: Retention,
    /// The project's folder.
    pub dir: PathBuf,
    observed: Vec<Arc<str>>,
}

/// The console's settings.
#[derive(Clone)]
pub struct Console {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What callers must show; from `KARTWHEEL_TOKEN`.
    pub token: Option<SecretString>,
}

impl fmt::Debug for Console {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut console = out.debug_struct("Console");
        console.field("listen", &self.listen);
        console.field("has_token", &self.token.is_some()).finish()
    }
}

impl Config {
    /// The connections with `mode: observe`.
    pub fn observed_connections(&self) -> impl Iterator<Item = Arc<str>> {
        self.observed.iter().cloned()
    }
}

/// What kartwheel.yaml declares, as far as rules are checked against it. Also known when the settings have errors.
#[derive(Debug, Default)]
pub struct Declared {
    /// Every name under `sources:`, with the source where it could be read.
    pub sources: Vec<(Arc<str>, Option<Arc<trigger::Source>>)>,
    /// Every connection.
    pub connections: Vec<Arc<str>>,
    /// Every name of `env:`.
    pub env: Vec<Arc<str>>,
}

/// Reads kartwheel.yaml. `None` when it cannot be used; what it declares is told all the same, when it is YAML at all.
pub fn read(
    source: &Source,
    dir: &Path,
    env: &Env,
    strictness: Strictness,
    problems: &mut Vec<Problem>,
) -> (Option<Config>, Option<Declared>) {
    let first = problems.len();
    let documents = yaml::parse(source, problems);
    let errors = |problems: &[Problem]| {
        problems[first..]
            .iter()
            .filter(|problem| problem.is_error())
            .count()
    };
    let Some(root) = documents.first() else {
        if errors(problems) == 0 {
            let message = "kartwheel.yaml is empty";
            let problem = Problem::error("K0103", source, source.span(0..0), message);
            problems.push(
                problem.help("write at least `timezone: Europe/Berlin`, or run `kartwheel init`"),
            );
        }
        return (None, None);
    };
    let mut parser = Parser {
        reader: Reader::new(source, problems),
        dir,
        env,
        strictness,
        observed: Vec::new(),
        limits: BTreeMap::new(),
    };
    if let Some(second) = documents.get(1) {
        parser.reader.error_help(
            "K0701",
            second.span,
            "kartwheel.yaml is one document",
            "remove what follows `---`",
        );
    }
    let (config, declared) = parser.config(root);
    if strictness != Strictness::Check {
        let missing = |problem: &&mut Problem| matches!(problem.code, "K0702" | "K0704");
        for problem in problems[first..].iter_mut().filter(missing) {
            problem.severity = Severity::Error;
        }
    }
    let usable = errors(problems) == 0;
    crate::problem::settle(problems, first);
    (config.filter(|_| usable), Some(declared))
}

/// Reads the lines of a .env file.
pub fn read_dotenv(source: &Source, problems: &mut Vec<Problem>) -> Env {
    dotenv::read(source, problems)
}

/// Reads the settings while noting problems.
struct Parser<'a> {
    reader: Reader<'a>,
    dir: &'a Path,
    env: &'a Env,
    strictness: Strictness,
    observed: Vec<Arc<str>>,
    limits: BTreeMap<Arc<str>, Vec<Limit>>,
}

impl Parser<'_> {
    fn config(&mut self, root: &Node) -> (Option<Config>, Declared) {
        let mut declared = Declared::default();
        if self.reader.map(root, &words::ROOT).is_none() {
            return (None, declared);
        }
        let timezone = self.timezone(root);
        let database = self.database(root);
        let listen = self.address(root.get("listen"), "`listen`", LISTEN);
        let console = self.console(root);
        let env = self.shown_env(root, &mut declared);
        let membrane = self.membrane(root);
        declared.connections = membrane.connections.keys().cloned().collect();
        let public_url = self.public_url(root);
        let sources = self.sources(root, public_url.as_deref(), &mut declared);
        let trusted_proxies = self.proxies(root);
        let drain = self.drain(root);
        let retention = self.retention(root);
        self.later(root);
        let config = timezone.map(|timezone| Config {
            timezone,
            database,
            listen,
            console,
            trusted_proxies,
            public_url,
            env,
            membrane,
            sources,
            limits: std::mem::take(&mut self.limits),
            drain,
            retention,
            dir: self.dir.to_owned(),
            observed: std::mem::take(&mut self.observed),
        });
        (config, declared)
    }

    fn timezone(&mut self, root: &Node) -> Option<TimeZone> {
        let Some(node) = root.get("timezone") else {
            let start = root.as_map().and_then(|entries| entries.first());
            let span = start.map_or(root.span, |entry| entry.key_span);
            let help = "add a line such as `timezone: Europe/Berlin`";
            self.reader
                .error_help("K0103", span, "kartwheel.yaml needs a `timezone`", help);
            return None;
        };
        let text = self.reader.text(node, "`timezone`")?;
        match zone::parse(text) {
            Ok(zone) => Some(zone),
            Err(complaint) => {
                let problem = complaint.problem("K0111", self.reader.source, node.span, text);
                self.reader.note(problem);
                None
            }
        }
    }

    fn database(&mut self, root: &Node) -> String {
        let fallback = self.in_folder(DATABASE.trim_start_matches("sqlite://"));
        let Some(node) = root.get("database") else {
            return fallback;
        };
        let Some(url) = self.value(node, "`database`", secret::Kind::Plain) else {
            return fallback;
        };
        if let Some(path) = url.strip_prefix("sqlite://")
            && !path.is_empty()
        {
            return self.in_folder(path);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let help = "write `database: sqlite://kartwheel.db`";
            self.reader.error_help(
                "K0107",
                node.span,
                "PostgreSQL is not in this version",
                help,
            );
        } else {
            let message = "`database` is not the address of a database";
            self.reader.error_help(
                "K0701",
                node.span,
                message,
                "write `database: sqlite://kartwheel.db`",
            );
        }
        fallback
    }

    fn in_folder(&self, path: &str) -> String {
        format!("sqlite://{}", self.dir.join(path).display())
    }

    fn shown_env(&mut self, root: &Node, declared: &mut Declared) -> Map<String, Value> {
        let mut shown = Map::new();
        let Some(node) = root.get("env") else {
            return shown;
        };
        for member in self.reader.list_or_one(node) {
            let Some(name) = self
                .reader
                .text(member, "the name of an environment variable")
            else {
                continue;
            };
            declared.env.push(Arc::from(name));
            match self.env.get(name) {
                Some(value) => {
                    shown.insert(name.to_owned(), value.into());
                }
                None => self.not_set(member, name),
            }
        }
        shown
    }

    fn sources(
        &mut self,
        root: &Node,
        public_url: Option<&str>,
        declared: &mut Declared,
    ) -> BTreeMap<Arc<str>, Arc<trigger::Source>> {
        let mut sources = BTreeMap::new();
        let Some(node) = root.get("sources") else {
            return sources;
        };
        let Some(entries) = node.as_map() else {
            self.reader
                .wrong_type(node, "`sources` is a map from names to sources");
            return sources;
        };
        for entry in entries {
            let (env, dir) = (self.env, self.dir);
            let look_up = |text: &str| secret::look_up(text, env, dir);
            let file = self.reader.source;
            let problems = self.reader.problems();
            let home = trigger::Home {
                secrets: &look_up,
                public_url,
            };
            let source = trigger::Source::parse(&entry.key, &entry.value, file, &home, problems);
            let source = source.map(Arc::new);
            declared.sources.push((entry.key.clone(), source.clone()));
            if let Some(source) = source {
                sources.insert(entry.key.clone(), source);
            }
        }
        sources
    }

    fn drain(&mut self, root: &Node) -> Duration {
        let Some(node) = root.get("drain") else {
            return DRAIN;
        };
        let Some(text) = self.reader.text(node, "`drain`") else {
            return DRAIN;
        };
        match duration::parse_within(text, DRAIN_MAX) {
            Ok(drain) => drain,
            Err(complaint) => {
                let problem = complaint.problem("K0109", self.reader.source, node.span, &node.raw);
                self.reader.note(problem);
                DRAIN
            }
        }
    }
}
