//! The keys of kartwheel.yaml, and the words that others use for them.
//!
//! To add a setting: its name here, the code that reads it, its field in `Config`, and a line in docs/operating.md.

use crate::yaml::Keys;

/// The whole file.
pub(super) const ROOT: Keys = Keys {
    of: "kartwheel.yaml",
    known: &[
        "timezone",
        "database",
        "listen",
        "trusted_proxies",
        "public_url",
        "console",
        "env",
        "membrane",
        "connections",
        "sources",
        "tables",
        "notify",
        "alerts",
        "drain",
        "retention",
    ],
    foreign: &[
        ("tz", "`timezone`"),
        ("time_zone", "`timezone`"),
        ("db", "`database`"),
        ("port", "`listen`, as in `listen: 0.0.0.0:8080`"),
        ("bind", "`listen`, as in `listen: 0.0.0.0:8080`"),
        ("webhooks", "`sources`"),
        ("source", "`sources`"),
        ("rules", "the folder rules/ beside this file"),
    ],
};

/// `console`.
pub(super) const CONSOLE: Keys = Keys {
    of: "`console`",
    known: &["listen"],
    foreign: &[(
        "token",
        "the environment variable KARTWHEEL_TOKEN, which .env may hold",
    )],
};

/// `membrane`.
pub(super) const MEMBRANE: Keys = Keys {
    of: "`membrane`",
    known: &[
        "workspace_key",
        "workspace_secret",
        "tenant_key",
        "token",
        "url",
        "api_version",
    ],
    foreign: &[
        ("key", "`workspace_key`"),
        ("secret", "`workspace_secret`"),
        ("tenant", "`tenant_key`"),
        (
            "api_key",
            "`workspace_key` and `workspace_secret`, or `token`",
        ),
    ],
};

/// One of `connections`.
pub(super) const CONNECTION: Keys = Keys {
    of: "a connection",
    known: &[
        "id",
        "app",
        "per_second",
        "at_once",
        "limits",
        "mode",
        "token",
        "workspace_key",
        "workspace_secret",
        "tenant_key",
    ],
    foreign: &[
        ("url", "`app`"),
        ("rate", "`per_second`"),
        ("concurrency", "`at_once`"),
    ],
};

/// `retention`.
pub(super) const RETENTION: Keys = Keys {
    of: "`retention`",
    known: &["events", "failed", "dedupe", "at_most"],
    foreign: &[
        ("bodies", "`events`"),
        ("history", "`dedupe`"),
        ("size", "`at_most`"),
        ("max_size", "`at_most`"),
        ("database_max", "`at_most`"),
    ],
};
