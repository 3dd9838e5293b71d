//! The rules of `tidy` as data: who may import whom, which crates are kept where, which folders are lists.

/// A file is read in one sitting.
pub(super) const FILE_LINES_MAX: usize = 400;

/// Which modules each module may import. Arrows go down only; `ARCHITECTURE.md` draws the same table.
pub(super) const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("account", &[]),
    ("action", &["account"]),
    ("clock", &[]),
    ("event", &[]),
    ("problem", &[]),
    ("kartra", &["account", "action"]),
    ("membrane", &["account", "action", "clock"]),
    ("run", &["action", "event"]),
    ("yaml", &["problem"]),
    (
        "rule",
        &["account", "action", "event", "problem", "run", "yaml"],
    ),
    ("sandbox", &["action", "clock", "kartra"]),
    ("store", &["account", "action", "clock", "event", "run"]),
    ("trigger", &["event", "problem", "rule", "yaml"]),
    (
        "config",
        &[
            "action", "kartra", "membrane", "problem", "rule", "trigger", "yaml",
        ],
    ),
    ("engine", ENGINE),
    ("outside", &["clock", "trigger"]),
    ("project", PROJECT),
    ("web", WEB),
    ("app", APP),
    ("cli", EVERYTHING),
    ("main", &["cli"]),
];
pub(super) const ENGINE: &[&str] = &[
    "account", "action", "clock", "event", "rule", "run", "store", "trigger",
];
pub(super) const PROJECT: &[&str] = &[
    "account", "config", "kartra", "problem", "rule", "trigger", "yaml",
];
pub(super) const WEB: &[&str] = &[
    "account", "action", "clock", "config", "engine", "event", "outside", "problem", "project",
    "rule", "run", "store", "trigger",
];
pub(super) const APP: &[&str] = &[
    "account", "action", "clock", "config", "engine", "event", "kartra", "membrane", "outside",
    "problem", "project", "rule", "run", "sandbox", "store", "trigger", "web", "yaml",
];
pub(super) const EVERYTHING: &[&str] = &[
    "account", "action", "app", "clock", "config", "engine", "event", "kartra", "membrane",
    "outside", "problem", "project", "rule", "run", "sandbox", "store", "trigger", "web", "yaml",
];

/// Large crates, and the only modules that may name them.
pub(super) const HEAVY: &[(&str, &[&str])] = &[
    ("aws_lc_rs", &["trigger"]),
    ("axum", &["app", "sandbox", "web"]),
    ("clap", &["cli"]),
    ("cron", &["rule"]),
    ("flate2", &["store"]),
    ("hyper", &["sandbox", "web"]),
    ("jsonpath_rust", &["rule"]),
    ("minijinja", &["rule"]),
    ("regex", &["rule"]),
    ("reqwest", &["cli", "membrane", "outside"]),
    ("roxmltree", &["trigger"]),
    ("rustls_pki_types", &["trigger"]),
    ("serde_yaml", &["yaml"]),
    ("sqlx", &["store"]),
    ("tokio", TOKIO),
    ("tower", &["sandbox", "web"]),
    ("webpki", &["trigger"]),
    ("webpki_roots", &["trigger"]),
];
pub(super) const TOKIO: &[&str] = &[
    "app", "cli", "clock", "engine", "membrane", "outside", "sandbox", "store", "web",
];

/// Modules that do no I/O, read no clock, await nothing and throw no dice. Their tests may read files.
pub(super) const PURE: &[&str] = &[
    "account", "action", "event", "kartra", "problem", "rule", "run", "trigger", "yaml",
];
/// What a pure module does not name.
pub(super) const IMPURE: &[&str] = &[
    "fastrand::",
    "getrandom::",
    "rand::",
    "std::env::",
    "std::fs::",
    "std::net::TcpStream",
    "std::process::",
    "std::thread::",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Folders that are a list of equals: each file is a module of `mod.rs`, in order, and is named in the list there;
/// its tests aside.
pub(super) const LISTS: &[&str] = &[
    "src/cli",
    "src/rule/op",
    "src/rule/step",
    "src/store/sqlite/verify",
    "src/store/verify",
    "src/trigger/preset",
    "src/trigger/signature",
];

/// Names that say nothing about what is inside.
pub(super) const DRAWERS: &[&str] = &[
    "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils",
];
