//! The keys of every part of a rule, and the words of other systems with ours beside them.
//!
//! To add a key: its name in the list of its part, and the code that reads it. A word of another system needs only its row here.

use crate::yaml::{Foreign, Keys};

/// A rule.
pub(crate) const RULE: Keys = Keys {
    of: "a rule",
    known: &[
        "id",
        "name",
        "description",
        "connection",
        "trigger",
        "match",
        "vars",
        "key",
        "once",
        "actions",
        "on_failure",
        "limits",
        "tests",
        "enabled",
        "priority",
        "echo",
        "live",
        "mode",
        "timeout",
    ],
    foreign: &[
        ("on", "`trigger`"),
        ("triggers", "`trigger`"),
        ("when", "`match`"),
        ("if", "`match`"),
        ("condition", "`match`"),
        ("conditions", "`match`"),
        ("criteria", "`match`"),
        ("filter", "`match`"),
        ("filters", "`match`"),
        ("where", "`match`"),
        ("then", "`actions`"),
        ("do", "`actions`"),
        ("steps", "`actions`"),
        ("tasks", "`actions`"),
        ("action", "`actions`"),
        ("run", "`actions`"),
        ("runs", "`actions`"),
        ("jobs", "`actions`"),
        ("cron", "`trigger: { schedule: { cron: … } }`"),
        ("schedule", "`trigger: { schedule: … }`"),
        ("variables", "`vars`"),
        ("alias", "`name`"),
        ("title", "`name`"),
    ],
};

/// `when` of a rule without a trigger means the trigger.
pub(crate) const WHEN_IS_TRIGGER: &str = "`trigger` (and `match` for conditions)";

/// What starts a rule.
pub(crate) const TRIGGER: Keys = Keys {
    of: "a trigger",
    known: &["webhook", "events", "schedule", "run_failed", "manual"],
    foreign: &[
        ("event", "`events`"),
        ("type", "`events`"),
        ("types", "`events`"),
        ("source", "`webhook`"),
        ("cron", "`schedule: { cron: … }`"),
        ("match", "`match` of the rule, beside `trigger`"),
    ],
};

/// A clock.
pub(crate) const SCHEDULE: Keys = Keys {
    of: "a schedule",
    known: &[
        "cron", "every", "at", "timezone", "missed", "overlap", "jitter", "gap", "fold", "except",
    ],
    foreign: &[("interval", "`every`"), ("tz", "`timezone`")],
};

/// What a schedule does after downtime.
pub(crate) const MISSED: Keys = Keys {
    of: "`missed`",
    known: &["policy", "within", "at_most"],
    foreign: &[],
};

/// Another rule's failure.
pub(crate) const RUN_FAILED: Keys = Keys {
    of: "`run_failed`",
    known: &["rules", "in_a_row"],
    foreign: &[("rule", "`rules`")],
};

/// Keys that stand beside the verb of a step.
pub(crate) const STEP: &[&str] = &[
    "id",
    "name",
    "if",
    "retry",
    "timeout",
    "on_error",
    "connection",
    "approve",
    "fallback",
    "full",
];

const UNDER_THE_VERB: &str = "directly under the verb, as in `assign-tag: { email: … }`";
const THE_VERB: &str = "the verb as the key, as in `assign-tag: { … }`";
const A_WAIT: &str = "`wait`, as in `wait: 3d`";

/// Words of other systems in a step.
pub(crate) const STEP_FOREIGN: &[Foreign] = &[
    ("uses", THE_VERB),
    ("action", THE_VERB),
    ("service", THE_VERB),
    ("type", THE_VERB),
    ("with", UNDER_THE_VERB),
    ("input", UNDER_THE_VERB),
    ("inputs", UNDER_THE_VERB),
    ("data", UNDER_THE_VERB),
    ("parameters", UNDER_THE_VERB),
    ("params", UNDER_THE_VERB),
    ("needs", "nothing: steps run in the order written"),
    ("depends_on", "nothing: steps run in the order written"),
    ("continue-on-error", "`on_error: continue`"),
    ("continue_on_error", "`on_error: continue`"),
    ("sleep", A_WAIT),
    ("delay", A_WAIT),
    ("pause", A_WAIT),
    ("repeat", "`for-each`"),
    ("loop", "`for-each`"),
    ("foreach", "`for-each`"),
    ("for_each", "`for-each`"),
    ("switch", "`choose`"),
    ("variables", "`set`"),
    ("vars", "`set`, as in `set: { name: value }`"),
    ("when", "`if`"),
    ("condition", "`if`"),
    ("conditions", "`if`"),
    ("retries", "`retry: { attempts: … }`"),
    ("alias", "`name`"),
    ("title", "`name`"),
];

/// What a step is called elsewhere, and our verb for it.
pub(crate) const VERB_FOREIGN: &[(&str, &str)] = &[
    ("add-tag", "assign-tag"),
    ("apply-tag", "assign-tag"),
    ("remove-tag", "unassign-tag"),
    ("delete-tag", "unassign-tag"),
    ("add-to-list", "subscribe-lead-to-list"),
    ("subscribe", "subscribe-lead-to-list"),
    ("subscribe-to-list", "subscribe-lead-to-list"),
    ("remove-from-list", "unsubscribe-lead-from-list"),
    ("unsubscribe", "unsubscribe-lead-from-list"),
    ("unsubscribe-from-list", "unsubscribe-lead-from-list"),
    ("add-to-sequence", "subscribe-lead-to-sequence"),
    ("subscribe-to-sequence", "subscribe-lead-to-sequence"),
    ("remove-from-sequence", "unsubscribe-lead-from-sequence"),
    (
        "unsubscribe-from-sequence",
        "unsubscribe-lead-from-sequence",
    ),
    ("grant-access", "grant-membership-access"),
    ("grant-membership", "grant-membership-access"),
    ("revoke-access", "revoke-membership-access"),
    ("revoke-membership", "revoke-membership-access"),
    ("update-lead", "edit-lead"),
    ("update-contact", "edit-lead"),
    ("upsert-lead", "ensure-lead"),
    ("search-lead", "get-lead"),
    ("find-lead", "get-lead"),
    ("refund", "refund-transaction"),
    ("cancel", "cancel-subscription"),
    ("http", "request"),
];

/// Words of other systems in the input of an action.
pub(crate) const INPUT_FOREIGN: &[(&str, &str)] = &[
    ("tag", "tag_name"),
    ("list", "list_name"),
    ("sequence", "sequence_name"),
    ("membership", "membership_name"),
    ("level", "level_name"),
    ("transaction", "transaction_id"),
    ("amount", "refund_amount"),
    ("subscription_id", "transaction_internal_subscription_id"),
];

/// `retry` of a step.
pub(crate) const RETRY: Keys = Keys {
    of: "`retry`",
    known: &["attempts", "within", "backoff"],
    foreign: &[
        ("times", "`attempts`"),
        ("max", "`attempts`"),
        ("max_attempts", "`attempts`"),
        ("delay", "`backoff`, as in `backoff: 2s..15m`"),
        ("interval", "`backoff`, as in `backoff: 2s..15m`"),
        ("for", "`within`"),
    ],
};

/// `wait` with a map.
pub(crate) const WAIT: Keys = Keys {
    of: "`wait`",
    known: &[
        "until",
        "for",
        "by",
        "match",
        "look_back",
        "at_most",
        "else",
    ],
    foreign: &[
        ("seconds", "a duration, as in `wait: 30s`"),
        ("minutes", "a duration, as in `wait: 5m`"),
        ("hours", "a duration, as in `wait: 2h`"),
        ("days", "a duration, as in `wait: 3d`"),
        ("timeout", "`at_most`"),
    ],
};

/// The event that a `wait` waits for.
pub(crate) const WAIT_FOR: Keys = Keys {
    of: "`wait.for`",
    known: &["webhook", "events"],
    foreign: &[("source", "`webhook`"), ("event", "`events`")],
};

/// One branch of `choose`.
pub(crate) const BRANCH: Keys = Keys {
    of: "a branch of `choose`",
    known: &["match", "if", "actions", "else"],
    foreign: &[
        ("sequence", "`actions`"),
        ("then", "`actions`"),
        ("do", "`actions`"),
        ("steps", "`actions`"),
        ("when", "`if`"),
        ("condition", "`if`"),
        ("conditions", "`if`"),
        ("default", "`else`"),
    ],
};

/// `for-each`.
pub(crate) const FOR_EACH: Keys = Keys {
    of: "`for-each`",
    known: &["in", "as", "at_most", "at_once", "actions"],
    foreign: &[
        ("items", "`in`"),
        ("sequence", "`actions`"),
        ("do", "`actions`"),
        ("steps", "`actions`"),
    ],
};

/// `notify` with a map.
pub(crate) const NOTIFY: Keys = Keys {
    of: "`notify`",
    known: &["channel", "title", "text", "data"],
    foreign: &[("message", "`text`"), ("to", "`channel`")],
};

/// `request`.
pub(crate) const REQUEST: Keys = Keys {
    of: "`request`",
    known: &["method", "path", "query", "headers", "body", "repeatable"],
    foreign: &[("url", "`path`"), ("data", "`body`"), ("json", "`body`")],
};

/// `run`.
pub(crate) const RUN: Keys = Keys {
    of: "`run`",
    known: &["rule", "input"],
    foreign: &[("with", "`input`"), ("id", "`rule`")],
};

/// `limits` of a rule.
pub(crate) const LIMITS: Keys = Keys {
    of: "`limits`",
    known: &["per_hour", "per_day"],
    foreign: &[],
};

/// One of `tests`.
pub(crate) const CASE: Keys = Keys {
    of: "a test",
    known: &["name", "event", "now", "until", "answers", "expect"],
    foreign: &[
        ("title", "`name`"),
        ("payload", "`event`"),
        ("expected", "`expect`"),
    ],
};

/// `event` of a test.
pub(crate) const CASE_EVENT: Keys = Keys {
    of: "the event of a test",
    known: &["sample", "file", "inline", "set", "type"],
    foreign: &[
        ("body", "`inline`"),
        ("payload", "`inline` or `file`"),
        ("with", "`set`"),
    ],
};

/// `expect` of a test.
pub(crate) const EXPECT: Keys = Keys {
    of: "`expect`",
    known: &["matched", "because", "calls", "state"],
    foreign: &[
        ("match", "`matched`"),
        ("actions", "`calls`"),
        ("reason", "`because`"),
    ],
};
