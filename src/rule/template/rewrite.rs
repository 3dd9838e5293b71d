//! Rewrites an expression before minijinja compiles it, so that its looser corners are as strict as the rest:
//! `a.b.c | default(x)` may be missing at any level, `~` refuses null, and `<` refuses to compare a text with a number.

use std::ops::Range;

use super::name::{Chain, closing, word};
use super::token::{Kind, Token};
use crate::rule::complaint::Complaint;

/// Looks a chain up and takes anything missing for undefined.
pub(super) const MAYBE: &str = "__maybe";
/// Makes text of a scalar.
pub(super) const TEXT: &str = "__text";
/// Compares, by the name of the operator.
pub(super) const COMPARE: [(&str, &str); 4] = [
    ("<", "__lt"),
    ("<=", "__lte"),
    (">", "__gt"),
    (">=", "__gte"),
];

/// Some bytes of the original and what stands in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The rewritten expression, and the way back to the places of the original.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    pub source: String,
    edits: Vec<Edit>,
}

/// Rewrites what needs it.
pub(super) fn rewrite(
    source: &str,
    tokens: &[Token],
    chains: &[Chain],
) -> Result<Rewritten, Complaint> {
    let mut edits = Vec::new();
    Span { source, tokens }.group(0..tokens.len(), &mut edits)?;
    // Last, because what is put at one place comes out in this order: outer brackets open first.
    for chain in chains
        .iter()
        .filter(|chain| chain.optional && chain.tokens.len() > 1)
    {
        maybe(source, tokens, chain, &mut edits);
    }
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut rewritten = String::with_capacity(source.len() + 32);
    let mut at = 0;
    for edit in &edits {
        rewritten.push_str(&source[at..edit.range.start]);
        rewritten.push_str(&edit.text);
        at = edit.range.end;
    }
    rewritten.push_str(&source[at..]);
    Ok(Rewritten {
        source: rewritten,
        edits,
    })
}

impl Rewritten {
    /// The bytes of the original that these bytes of the rewritten expression stand for.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.back(range.start);
        start..self.back(range.end).max(start)
    }

    fn back(&self, at: usize) -> usize {
        let mut shift: isize = 0;
        for edit in &self.edits {
            let begins = edit.range.start.saturating_add_signed(shift);
            if at < begins {
                break;
            }
            if at < begins + edit.text.len() {
                return edit.range.start;
            }
            shift += edit.text.len().cast_signed() - edit.range.len().cast_signed();
        }
        at.saturating_add_signed(-shift)
    }
}

fn put(edits: &mut Vec<Edit>, range: Range<usize>, text: impl Into<String>) {
    edits.push(Edit {
        range,
        text: text.into(),
    });
}

/// `a.b[c]` becomes `__maybe(a, 'b', (c))`.
fn maybe(source: &str, tokens: &[Token], chain: &Chain, edits: &mut Vec<Edit>) {
    put(
        edits,
        chain.range.start..chain.range.start,
        format!("{MAYBE}("),
    );
    let mut at = chain.tokens.start + 1;
    while at < chain.tokens.end {
        let token = &tokens[at];
        if word(source, Some(token)) == "." {
            let key = &tokens[at + 1];
            let name = word(source, Some(key));
            let quoted = if key.kind == Kind::Name {
                format!(", '{name}'")
            } else {
                format!(", {name}")
            };
            put(edits, token.range.start..key.range.end, quoted);
            at += 2;
        } else if let Some(end) = closing(source, tokens, at) {
            put(edits, token.range.clone(), ", (");
            put(edits, tokens[end].range.clone(), ")");
            at = end + 1;
        } else {
            return;
        }
    }
    put(edits, chain.range.end..chain.range.end, ")");
}

/// The tokens of an expression.
struct Span<'s> {
    source: &'s str,
    tokens: &'s [Token],
}

impl Span<'_> {
    fn word(&self, at: usize) -> &str {
        word(self.source, self.tokens.get(at))
    }

    /// Looks at the tokens of one bracket: first inside the brackets within, then at what stands between looser operators.
    fn group(&self, range: Range<usize>, edits: &mut Vec<Edit>) -> Result<(), Complaint> {
        let mut clause = Clause::new(range.start);
        let mut at = range.start;
        while at < range.end {
            match self.word(at) {
                "(" | "[" | "{" => {
                    let end = closing(self.source, self.tokens, at)
                        .unwrap_or(range.end)
                        .min(range.end);
                    self.group(at + 1..end, edits)?;
                    at = end;
                }
                "," | ":" | "=" | "and" | "or" | "if" | "else" => {
                    self.clause(&clause, at, edits)?;
                    clause = Clause::new(at + 1);
                }
                "not" if !self.follows(at, "is") && self.word(at + 1) != "in" => {
                    self.clause(&clause, at, edits)?;
                    clause = Clause::new(at + 1);
                }
                "<" | "<=" | ">" | ">=" | "==" | "!=" => clause.compared(at),
                "in" if !self.tested(at) => {
                    clause.compared(if self.follows(at, "not") { at - 1 } else { at });
                }
                "~" => clause.joined.push(at),
                "+" | "-" if self.is_binary(at, range.start) => clause.added.push(at),
                _ => {}
            }
            at += 1;
        }
        self.clause(&clause, range.end, edits)
    }

    fn follows(&self, at: usize, before: &str) -> bool {
        at > 0 && self.word(at - 1) == before
    }

    /// A word right after `is` or `is not` is the name of a test.
    fn tested(&self, at: usize) -> bool {
        self.follows(at, "is") || (self.follows(at, "not") && at > 1 && self.word(at - 2) == "is")
    }

    /// Whether a sign stands between two operands.
    fn is_binary(&self, at: usize, start: usize) -> bool {
        at > start
            && match self.tokens[at - 1].kind {
                Kind::Mark => matches!(self.word(at - 1), ")" | "]" | "}"),
                Kind::Name => !matches!(
                    self.word(at - 1),
                    "and" | "or" | "not" | "in" | "is" | "if" | "else"
                ),
                Kind::Number | Kind::Text => true,
            }
    }

    /// Rewrites the comparison and the joins of one clause, which ends before the token `end`.
    fn clause(&self, clause: &Clause, end: usize, edits: &mut Vec<Edit>) -> Result<(), Complaint> {
        let ordered = clause.comparisons.iter().find_map(|at| {
            COMPARE
                .iter()
                .find(|(mark, _)| *mark == self.word(*at))
                .map(|(_, name)| (*at, *name))
        });
        if let Some((at, name)) = ordered {
            if clause.comparisons.len() > 1 {
                return Err(Complaint::new("one comparison at a time")
                    .help("write `a < b and b < c`")
                    .range(self.tokens[at].range.clone()));
            }
            if at > clause.start && at + 1 < end {
                let (first, last) = (
                    &self.tokens[clause.start].range,
                    &self.tokens[end - 1].range,
                );
                put(edits, first.start..first.start, format!("{name}("));
                self.joins(clause, end, edits);
                put(edits, self.tokens[at].range.clone(), ",");
                put(edits, last.end..last.end, ")");
                return Ok(());
            }
        }
        self.joins(clause, end, edits);
        Ok(())
    }

    /// Every operand of a `~` is made text of.
    fn joins(&self, clause: &Clause, end: usize, edits: &mut Vec<Edit>) {
        let mut bounds: Vec<usize> = clause
            .comparisons
            .iter()
            .chain(&clause.added)
            .chain(&clause.joined)
            .copied()
            .collect();
        bounds.sort_unstable();
        for at in &clause.joined {
            let left = bounds.iter().rev().find(|bound| *bound < at).copied();
            if left.is_none_or(|left| !clause.joined.contains(&left)) {
                self.operand(
                    left.map_or(clause.start, |left| left + self.width(left)),
                    *at,
                    edits,
                );
            }
            let right = bounds
                .iter()
                .find(|bound| *bound > at)
                .copied()
                .unwrap_or(end);
            self.operand(at + 1, right, edits);
        }
    }

    /// `not in` is two tokens.
    fn width(&self, at: usize) -> usize {
        if self.word(at) == "not" { 2 } else { 1 }
    }

    fn operand(&self, start: usize, end: usize, edits: &mut Vec<Edit>) {
        if start < end {
            let (first, last) = (&self.tokens[start].range, &self.tokens[end - 1].range);
            put(edits, first.start..first.start, format!("{TEXT}("));
            put(edits, last.end..last.end, ")");
        }
    }
}

/// What stands between two of the loosest operators.
struct Clause {
    start: usize,
    comparisons: Vec<usize>,
    joined: Vec<usize>,
    added: Vec<usize>,
}

impl Clause {
    const fn new(start: usize) -> Self {
        Self {
            start,
            comparisons: Vec::new(),
            joined: Vec::new(),
            added: Vec::new(),
        }
    }

    fn compared(&mut self, at: usize) {
        self.comparisons.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::super::name::chains;
    use super::super::token::tokens;
    use super::*;

    fn rewritten(source: &str) -> Rewritten {
        let tokens = tokens(source);
        rewrite(source, &tokens, &chains(source, &tokens)).expect(source)
    }

    #[test]
    fn only_what_is_too_loose_is_rewritten() {
        for (source, expected) in [
            ("body.x", "body.x"),
            (
                "a.b[c.d].0 | default(e.f)",
                "__maybe(a, 'b', (c.d), 0) | default(e.f)",
            ),
            ("a.b is not defined", "__maybe(a, 'b') is not defined"),
            (
                "a.b['c'] | d(x.y | d(1))",
                "__maybe(a, 'b', ('c')) | d(__maybe(x, 'y') | d(1))",
            ),
            (
                "'x' ~ a.b|lower ~ 1 + 2",
                "__text('x') ~ __text(a.b|lower) ~ __text(1) + 2",
            ),
            ("a == 'x' ~ b", "a == __text('x') ~ __text(b)"),
            ("a not in b ~ c", "a not in __text(b) ~ __text(c)"),
            ("-1 ~ -a", "__text(-1) ~ __text(-a)"),
            ("a.b > 1 and not c < d", "__gt(a.b , 1) and not __lt(c , d)"),
            ("a ~ b >= c", "__gte(__text(a) ~ __text(b) , c)"),
            (
                "f(a > 1, k=b<2) if c <= 3 else d",
                "f(__gt(a , 1), k=__lt(b,2)) if __lte(c , 3) else d",
            ),
            ("a.b | d(1) > 2", "__gt(__maybe(a, 'b') | d(1) , 2)"),
            (
                "1 < a.b[0] | default(2)",
                "__lt(1 , __maybe(a, 'b', (0)) | default(2))",
            ),
        ] {
            assert_eq!(rewritten(source).source, expected);
        }
    }

    #[test]
    fn chained_comparisons_are_refused() {
        let source = "1 < a < 3";
        let tokens = tokens(source);
        assert_eq!(
            rewrite(source, &tokens, &[]).expect_err("chained").range,
            Some(2..3)
        );
    }

    #[test]
    fn places_are_found_back() {
        let source = "a.b | default(1) ~ zz";
        let made = rewritten(source);
        let at = made.source.find("zz").expect("zz");
        assert_eq!(&source[made.original(&(at..at + 2))], "zz");
        let at = made.source.find("default").expect("default");
        assert_eq!(&source[made.original(&(at..at + 7))], "default");
    }
}
