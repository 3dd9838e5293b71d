//! What a path may ask for: nothing ill-typed, and nothing whose cost an event could blow up.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector,
    SingularQuery, Test, TestFunction,
};
use regex::RegexBuilder;

use crate::rule::complaint::Complaint;

/// `..` in a whole path, filters included.
const MOST_DESCENDANTS: usize = 1;
/// Filters within filters.
const DEEPEST_FILTERS: usize = 2;
/// Size of a compiled regular expression.
const REGEX_BYTES: usize = 1 << 20;

/// What has been met on the way.
#[derive(Default)]
struct Guard {
    descendants: usize,
}

/// Refuses what is ill-typed by RFC 9535 and what is too expensive.
pub(super) fn check(query: &JpQuery) -> Result<(), Complaint> {
    Guard::default().segments(&query.segments, 0)
}

impl Guard {
    fn segments(&mut self, segments: &[Segment], filters: usize) -> Result<(), Complaint> {
        segments
            .iter()
            .try_for_each(|segment| self.segment(segment, filters))
    }

    fn segment(&mut self, segment: &Segment, filters: usize) -> Result<(), Complaint> {
        match segment {
            Segment::Descendant(inner) => {
                self.descendants += 1;
                if self.descendants > MOST_DESCENDANTS {
                    return Err(
                        Complaint::new("a path may have one `..`").help("name the steps between")
                    );
                }
                self.segment(inner, filters)
            }
            Segment::Selector(selector) => self.selector(selector, filters),
            Segment::Selectors(selectors) => selectors
                .iter()
                .try_for_each(|selector| self.selector(selector, filters)),
        }
    }

    fn selector(&mut self, selector: &Selector, filters: usize) -> Result<(), Complaint> {
        match selector {
            Selector::Filter(_) if filters == DEEPEST_FILTERS => {
                Err(Complaint::new("filters may stand two levels deep")
                    .help("split the condition into several paths"))
            }
            Selector::Filter(filter) => self.filter(filter, filters + 1),
            Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => {
                Ok(())
            }
        }
    }

    fn filter(&mut self, filter: &Filter, filters: usize) -> Result<(), Complaint> {
        match filter {
            Filter::Or(parts) | Filter::And(parts) => {
                parts.iter().try_for_each(|part| self.filter(part, filters))
            }
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr, filters),
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                self.comparison(comparison, filters)
            }
            Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
                Test::Function(function) if !yields_truth(function) => Err(Complaint::new(
                    format!("`{}(…)` is a value, not a condition", name(function)),
                )
                .help(format!(
                    "compare it, such as `{}(@.items) > 0`",
                    name(function)
                ))),
                test => self.test(test, filters),
            },
        }
    }

    fn comparison(&mut self, comparison: &Comparison, filters: usize) -> Result<(), Complaint> {
        let (left, right) = comparison.vals();
        for side in [left, right] {
            match side {
                Comparable::Function(function) if yields_truth(function) => {
                    return Err(Complaint::new(format!(
                        "`{}(…)` is a condition, not a value",
                        name(function)
                    ))
                    .help("write it without the comparison, or with `!` before it"));
                }
                Comparable::Function(function) => self.function(function, filters)?,
                Comparable::SingularQuery(SingularQuery::Root(_)) => return Err(absolute()),
                Comparable::SingularQuery(SingularQuery::Current(_)) | Comparable::Literal(_) => {}
            }
        }
        Ok(())
    }

    fn test(&mut self, test: &Test, filters: usize) -> Result<(), Complaint> {
        match test {
            Test::AbsQuery(_) => Err(absolute()),
            // The library takes a filter right behind `@` for a test of the node itself.
            Test::RelQuery(segments) if segments.first().is_some_and(filters_here) => {
                Err(Complaint::new("a filter may not stand right after `@`")
                    .help("name what is filtered, such as `@.items[?@.price > 10]`"))
            }
            Test::RelQuery(segments) => self.segments(segments, filters),
            Test::Function(function) => self.function(function, filters),
        }
    }

    fn function(&mut self, function: &TestFunction, filters: usize) -> Result<(), Complaint> {
        match function {
            TestFunction::Custom(name, _) => Err(Complaint::new(format!(
                "`{name}` is no function of JSONPath"
            ))
            .help("the functions are length, count, value, match and search")),
            TestFunction::Length(argument) => self.value(argument, "length", filters),
            TestFunction::Value(argument) => self.nodes(argument, "value", filters),
            TestFunction::Count(argument) => self.nodes(argument, "count", filters),
            TestFunction::Search(text, regex) => {
                self.value(text, "search", filters)?;
                literal_regex(regex, "search")
            }
            TestFunction::Match(text, regex) => {
                self.value(text, "match", filters)?;
                literal_regex(regex, "match")
            }
        }
    }

    /// An argument that must be one value.
    fn value(&mut self, argument: &FnArg, function: &str, filters: usize) -> Result<(), Complaint> {
        match argument {
            FnArg::Literal(_) => Ok(()),
            FnArg::Test(test) => match &**test {
                Test::RelQuery(segments) if !segments.iter().all(is_singular) => {
                    Err(Complaint::new(format!(
                        "`{function}` takes one value, and this can select several"
                    ))
                    .help("name one node, such as `@.items`, or use `count`"))
                }
                Test::Function(inner) if yields_truth(inner) => Err(not_an_argument(function)),
                test => self.test(test, filters),
            },
            FnArg::Filter(_) => Err(not_an_argument(function)),
        }
    }

    /// An argument that must be a query.
    fn nodes(&mut self, argument: &FnArg, function: &str, filters: usize) -> Result<(), Complaint> {
        match argument {
            FnArg::Test(test) => match &**test {
                Test::Function(_) => Err(not_an_argument(function)),
                test => self.test(test, filters),
            },
            FnArg::Literal(_) | FnArg::Filter(_) => Err(not_an_argument(function)),
        }
    }
}

fn literal_regex(argument: &FnArg, function: &str) -> Result<(), Complaint> {
    let FnArg::Literal(Literal::String(pattern)) = argument else {
        return Err(Complaint::new(format!(
            "the regular expression of `{function}` must be written out"
        ))
        .help("one that an event brings could take forever"));
    };
    match RegexBuilder::new(pattern).size_limit(REGEX_BYTES).build() {
        Ok(_) => Ok(()),
        Err(_) => Err(Complaint::new(format!(
            "`{pattern}` is not a regular expression"
        ))),
    }
}

fn absolute() -> Complaint {
    Complaint::new("a filter may not look from the root again")
        .help("use `@` within filters, or compare with an operand: `{ eq: \"${{ … }}\" }`")
}

fn not_an_argument(function: &str) -> Complaint {
    Complaint::new(format!("that is no argument for `{function}`"))
        .help(format!("write a path, such as `{function}(@.items)`"))
}

fn filters_here(segment: &Segment) -> bool {
    match segment {
        Segment::Descendant(inner) => filters_here(inner),
        Segment::Selector(selector) => matches!(selector, Selector::Filter(_)),
        Segment::Selectors(selectors) => selectors
            .iter()
            .any(|selector| matches!(selector, Selector::Filter(_))),
    }
}

const fn yields_truth(function: &TestFunction) -> bool {
    matches!(function, TestFunction::Search(..) | TestFunction::Match(..))
}

fn is_singular(segment: &Segment) -> bool {
    matches!(
        segment,
        Segment::Selector(Selector::Name(_) | Selector::Index(_))
    )
}

fn name(function: &TestFunction) -> &str {
    match function {
        TestFunction::Custom(name, _) => name,
        TestFunction::Length(_) => "length",
        TestFunction::Value(_) => "value",
        TestFunction::Count(_) => "count",
        TestFunction::Search(..) => "search",
        TestFunction::Match(..) => "match",
    }
}
