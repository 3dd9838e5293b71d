//! Event patterns: the names and globs of `events:`.

use super::complaint::Complaint;

/// The longest pattern, in bytes.
const LONGEST_BYTES: usize = 256;

/// A name of an event type, or a glob in which `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventPattern {
    /// Just this type.
    Exact(Box<str>),
    /// Every type in which these pieces stand in this order, the first at the start and the last at the end.
    Glob(Box<[Box<str>]>),
}

impl EventPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is empty, too long, or holds what only other globs know.
    pub fn parse(text: &str) -> Result<Self, Complaint> {
        if text.trim().is_empty() {
            return Err(Complaint::new("an event name is empty")
                .help("leave out `events` to take all events"));
        }
        if text.len() > LONGEST_BYTES {
            return Err(Complaint::new(format!(
                "an event name is longer than {LONGEST_BYTES} bytes"
            )));
        }
        if let Some(at) = text.find(['?', '{', '}']) {
            return Err(Complaint::new("only `*` is a wildcard in event names")
                .help("write a list for several names")
                .range(at..at + 1));
        }
        if !text.contains('*') {
            return Ok(Self::Exact(text.into()));
        }
        Ok(Self::Glob(text.split('*').map(Into::into).collect()))
    }

    /// Whether an event of this type is meant.
    #[must_use]
    pub fn matches(&self, kind: &str) -> bool {
        match self {
            Self::Exact(name) => **name == *kind,
            Self::Glob(pieces) => glob(pieces, kind),
        }
    }

    /// The one type that is meant, if it is no glob.
    pub(crate) fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(name) => Some(name),
            Self::Glob(_) => None,
        }
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Exact(name) => name.to_string(),
            Self::Glob(pieces) => pieces.join("*"),
        }
    }
}

/// Takes the middle pieces where they first occur, which leaves the most for the rest.
fn glob(pieces: &[Box<str>], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return false;
    };
    let Some(mut rest) = text.strip_prefix(&**first) else {
        return false;
    };
    for piece in middle {
        match rest.find(&**piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(&**last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, kind: &str) -> bool {
        EventPattern::parse(pattern).expect(pattern).matches(kind)
    }

    #[test]
    fn names_match_exactly_and_globs_anything_between() {
        assert!(matches("invoice.paid", "invoice.paid"));
        assert!(!matches("invoice.paid", "invoice.paid.x"));
        assert!(matches("invoice.*", "invoice.paid"));
        assert!(!matches("invoice.*", "invoice"));
        assert!(matches("*", ""));
        assert!(matches("*.paid", "invoice.paid"));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*a", "a"), "one letter is not two");
    }

    #[test]
    fn other_wildcards_are_refused_with_the_place() {
        assert_eq!(
            EventPattern::parse("order.?aid").expect_err("?").range,
            Some(6..7)
        );
        assert!(EventPattern::parse("{a,b}").is_err());
        assert!(EventPattern::parse("").is_err());
    }

    proptest! {
        #[test]
        fn a_glob_agrees_with_its_regular_expression(pattern in "[ab*]{1,6}", kind in "[ab]{0,8}") {
            let expected = regex::Regex::new(&format!("^{}$", pattern.replace('*', ".*"))).expect("a regex");
            prop_assert_eq!(matches(&pattern, &kind), expected.is_match(&kind));
            prop_assert_eq!(EventPattern::parse(&pattern).expect("a pattern").text(), pattern);
        }
    }
}
