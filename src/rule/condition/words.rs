//! Words of `match` in other systems, and what they are here.

/// What a run makes, which no path can see.
pub(super) const MADE: [&str; 4] = ["vars", "steps", "item", "failure"];

/// Keys of other systems, and what they are here.
pub(super) const FOREIGN_KEYS: [(&str, &str); 7] = [
    ("or", "any"),
    ("and", "all"),
    ("none", "not"),
    ("any_of", "any"),
    ("all_of", "all"),
    ("none_of", "not"),
    ("if", "expr"),
];

/// Operators of other systems, and what they are here.
pub(super) const FOREIGN_OPERATORS: [(&str, &str); 25] = [
    ("==", "eq"),
    ("=", "eq"),
    ("equals", "eq"),
    ("is", "eq"),
    ("equal", "eq"),
    ("!=", "ne"),
    ("not", "ne"),
    ("neq", "ne"),
    ("not_equals", "ne"),
    (">", "gt"),
    ("greater_than", "gt"),
    (">=", "gte"),
    ("ge", "gte"),
    ("min", "gte"),
    ("<", "lt"),
    ("less_than", "lt"),
    ("<=", "lte"),
    ("le", "lte"),
    ("max", "lte"),
    ("nin", "not_in"),
    ("one_of", "in"),
    ("any_of", "in"),
    ("matches", "regex"),
    ("pattern", "regex"),
    ("includes", "contains"),
];
