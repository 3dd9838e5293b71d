//! The stable codes of all problems, by theme. A code once given keeps its meaning; a new kind of mistake gets a new one.
//!
//! To add a code: one row here, and one case `tests/rules/err_*.yaml` that shows it.

/// Every code with its title.
pub const CODES: &[(&str, &str)] = &[
    // K00: files and YAML
    ("K0001", "A file cannot be read"),
    ("K0002", "A file is too large, too deep or repeats too much"),
    ("K0003", "The YAML is broken"),
    ("K0004", "A tab where YAML allows only spaces"),
    ("K0005", "A key stands twice in one map"),
    ("K0006", "A tag such as `!secret`"),
    (
        "K0007",
        "A `*` or `&` that YAML takes for an alias or anchor",
    ),
    ("K0008", "A `#` that makes the value a comment"),
    ("K0009", "Braces that YAML takes for a map"),
    ("K0010", "A second `: ` in one line"),
    (
        "K0011",
        "A character that cannot begin a value without quotes",
    ),
    ("K0012", "A number that YAML would change"),
    ("K0013", "A word that looks like true or false and is text"),
    ("K0014", "A key that is not text"),
    ("K0015", "A file without a rule"),
    ("K0016", "An expression that needs quotes"),
    // K01: the shape of a rule
    ("K0101", "An unknown key"),
    ("K0102", "A word of another system"),
    ("K0103", "A required key is missing"),
    ("K0104", "A value of the wrong type"),
    ("K0105", "An id or name of the wrong form"),
    ("K0106", "An id that stands twice"),
    ("K0107", "Not in this version"),
    ("K0108", "A word that is none of the choices"),
    ("K0109", "A wrong duration"),
    ("K0110", "A value beyond its limits"),
    ("K0111", "A wrong time or time zone"),
    ("K0112", "Not exactly one trigger"),
    ("K0113", "Not exactly one verb in a step"),
    ("K0114", "An unknown verb"),
    ("K0115", "A key that does not go with its neighbour"),
    ("K0116", "A limit that is never reached"),
    // K02: triggers and connections
    ("K0201", "A source that is not declared"),
    ("K0202", "An event type that the sender does not have"),
    ("K0203", "A connection that is not declared"),
    ("K0204", "A wrong pattern of event types"),
    ("K0205", "A wrong schedule"),
    ("K0206", "Rules that start each other in a circle"),
    ("K0207", "The address of an event that has none"),
    ("K0208", "An event that cannot be looked up"),
    // K03: match
    ("K0301", "A wrong JSONPath"),
    ("K0302", "An unknown operator"),
    ("K0303", "A wrong operand"),
    ("K0304", "A condition without content"),
    // K04: expressions
    ("K0401", "A wrong expression"),
    ("K0402", "A name that does not exist"),
    ("K0403", "A step that has not run yet"),
    ("K0404", "An expression where none may stand"),
    (
        "K0405",
        "A `key` or `once` that is the same for every event",
    ),
    ("K0406", "Braces without `$`"),
    // K05: inputs of actions
    ("K0501", "An input that the action does not have"),
    ("K0502", "An input that the action needs"),
    ("K0503", "An input of the wrong type"),
    ("K0504", "A refund without a safe amount"),
    // K06: tests
    ("K0601", "A test that names what the rule does not have"),
    // K07: kartwheel.yaml
    ("K0701", "A wrong setting"),
    ("K0702", "An environment variable that is not set"),
    ("K0703", "A secret that is written out"),
    ("K0704", "A secret file that cannot be read"),
    ("K0705", "A setting without effect yet"),
    ("K0706", "A wrong line in .env"),
    ("K0707", "A wrong source"),
    ("K0708", "A secret that cannot be one"),
    ("K0709", "White space around a secret"),
    ("K0710", "A part of a delivery that is not signed"),
    ("K0711", "An API without a token"),
    ("K0712", "Payments to anybody"),
    ("K0713", "Two names of one connection"),
    // K08: the account
    ("K0801", "A name that the account does not have"),
    ("K0802", "A custom field that the account does not have"),
    ("K0803", "A value that a custom field does not take"),
    ("K0804", "An action that the connection does not offer"),
    ("K0805", "A step that uses its fallback"),
];

/// The title of a code.
#[must_use]
pub fn title(code: &str) -> Option<&'static str> {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, title)| *title)
}
