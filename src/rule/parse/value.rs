//! The small values of a rule: names, durations, connections, texts with expressions.

use std::sync::Arc;
use std::time::Duration;

use super::Parser;
use crate::problem::{Problem, Span, nearest};
use crate::rule::check::Unknown;
use crate::rule::complaint::{Complaint, narrow};
use crate::rule::duration;
use crate::rule::expr::{Expr, Shape};
use crate::rule::template::Template;
use crate::yaml::{Kind, Node};

/// The longest id of a step, or name of a var.
const NAME_BYTES_MAX: usize = 64;

impl Parser<'_> {
    /// Notes what is wrong with a piece of the scalar at this node.
    pub(crate) fn complain(&mut self, code: &'static str, node: &Node, complaint: Complaint) {
        let problem = complaint.problem(code, self.reader.source, node.span, &node.raw);
        self.reader.note(problem);
    }

    /// Notes something that a later version carries out.
    pub(crate) fn later(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} is not in this version");
        self.reader.error_help("K0107", span, message, help);
    }

    /// Notes a name that cannot be used.
    pub(crate) fn unknown(&mut self, unknown: Unknown, span: Span) {
        let problem = Problem::error(unknown.code, self.reader.source, span, unknown.message);
        self.reader.note(match unknown.help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    /// The id of a step or the name of a var.
    pub(crate) fn name(&mut self, text: &str, span: Span, what: &str) -> Option<Arc<str>> {
        let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        if text.chars().all(fits)
            && text.starts_with(|char: char| char.is_ascii_lowercase())
            && text.len() <= NAME_BYTES_MAX
        {
            return Some(Arc::from(text));
        }
        let proposal: String = text
            .to_lowercase()
            .chars()
            .map(|char| if fits(char) { char } else { '_' })
            .collect();
        let begins_well = proposal.starts_with(|char: char| char.is_ascii_lowercase());
        let help = if begins_well && proposal.len() <= NAME_BYTES_MAX {
            format!("write `{proposal}`; a dash would be a subtraction in an expression")
        } else {
            "write something like `lead_2`".to_owned()
        };
        self.reader.error_help(
            "K0105",
            span,
            format!("{what} has only a-z, 0-9 and _, and begins with a letter"),
            help,
        );
        None
    }

    /// A duration such as `3d`.
    pub(crate) fn duration(&mut self, node: &Node, what: &str, days_max: u64) -> Option<Duration> {
        if let Kind::Number(number) = &node.kind {
            self.reader.error_help(
                "K0109",
                node.span,
                format!("{what} is a duration, and {number} has no unit"),
                format!("write `{number}s`, `{number}m`, `{number}h` or `{number}d`"),
            );
            return None;
        }
        let text = self.reader.text(node, what)?;
        let longest = Duration::from_secs(days_max * 24 * 60 * 60);
        match duration::parse_within(text, longest) {
            Ok(duration) => Some(duration),
            Err(complaint) => {
                self.complain("K0109", node, complaint);
                None
            }
        }
    }

    /// A `timeout`: with none at all, every try would end before it began.
    pub(crate) fn timeout(&mut self, node: &Node, days_max: u64) -> Option<Duration> {
        let duration = self.duration(node, "`timeout`", days_max)?;
        if duration.is_zero() {
            self.reader.error_help(
                "K0110",
                node.span,
                "a `timeout` of zero leaves no time for anything",
                "write one such as `30s`, or leave it out",
            );
        }
        Some(duration)
    }

    /// The name of a declared connection.
    pub(crate) fn connection(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.reader.text(node, "`connection`")?;
        if let Some(known) = &self.around.connections
            && !known.iter().any(|name| **name == *text)
        {
            let help = match nearest(text, known.iter().map(|name| &**name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => {
                    "declare it under `connections:` of kartwheel.yaml".to_owned()
                }
                None => format!("declared in kartwheel.yaml: {}", known.join(", ")),
            };
            self.reader.error_help(
                "K0203",
                node.span,
                format!("no connection is called `{text}`"),
                help,
            );
        }
        Some(Arc::from(text))
    }

    /// A text with or without expressions.
    pub(crate) fn expr(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let Some(text) = node.text() else {
            self.reader
                .wrong_type(node, &format!("{what} is a text or an expression"));
            return None;
        };
        self.notice_bare_braces(node, text);
        let template = match Template::compile(text) {
            Ok(template) => template,
            Err(complaint) => {
                self.complain("K0401", node, complaint);
                return None;
            }
        };
        for name in template.references() {
            let place = narrow(self.reader.source, node.span, text, &name.range);
            self.names.used(&name.path, text, place);
            if let Some(unknown) = self.names.check(&name.path) {
                self.unknown(unknown, place);
            }
        }
        Some(Expr {
            constant: self.names.constant(&template),
            template,
            place: self.place(node.span),
        })
    }

    /// An expression that is true or false.
    pub(crate) fn test(&mut self, node: &Node, what: &str) -> Option<Expr> {
        if node.text().is_some_and(|text| !Template::is_template(text)) {
            self.reader.error_help(
                "K0401",
                node.span,
                format!("{what} takes an expression"),
                if node.raw.trim_start().starts_with("{{") {
                    format!("write `${}`", node.raw.trim())
                } else {
                    let written = node.raw.trim();
                    let name = written.strip_prefix("$.").unwrap_or(written);
                    format!("write `${{{{ {name} }}}}`")
                },
            );
            return None;
        }
        let expr = self.expr(node, what)?;
        if !expr.template.keeps_type() {
            self.reader.error_help(
                "K0401",
                node.span,
                format!("{what} takes one expression with nothing around it"),
                "text around an expression makes text, which is never true; write `and` and `or` inside it",
            );
            return None;
        }
        Some(expr)
    }

    /// A value of any type, with expressions in its texts.
    pub(crate) fn shape(&mut self, node: &Node) -> Option<Shape> {
        match &node.kind {
            Kind::Text(_) => {
                if let Some(problem) = node.altered_problem(self.reader.source) {
                    self.reader.note(problem);
                    return None;
                }
                self.text_shape(node)
            }
            Kind::List(members) => {
                let shapes: Vec<_> = members.iter().map(|member| self.shape(member)).collect();
                shapes
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Shape::List)
            }
            Kind::Map(entries) => {
                let shapes: Vec<_> = entries
                    .iter()
                    .map(|entry| Some((entry.key.to_string(), self.shape(&entry.value)?)))
                    .collect();
                shapes
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Shape::Map)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => Some(Shape::Fixed(node.to_json())),
        }
    }

    /// A scalar as it is written, with expressions.
    pub(crate) fn text_shape(&mut self, node: &Node) -> Option<Shape> {
        let text = node.text()?;
        if Template::is_template(text) {
            return self.expr(node, "a value").map(Shape::Expr);
        }
        self.notice_bare_braces(node, text);
        Some(Shape::Fixed(text.into()))
    }

    /// `rules/x.yaml:12:9`.
    pub(crate) fn place(&self, span: Span) -> Arc<str> {
        let name = &self.reader.source.name;
        Arc::from(format!("{name}:{}:{}", span.line, span.column))
    }

    /// `"{{ x }}"` without the dollar sign is only text.
    fn notice_bare_braces(&mut self, node: &Node, text: &str) {
        if Template::is_template(text) {
            return;
        }
        let Some(open) = text.find("{{") else {
            return;
        };
        let Some(length) = text[open..].find("}}") else {
            return;
        };
        let written = &text[open..open + length + 2];
        let span = node.inside(self.reader.source, open..open + length + 2);
        self.reader.warn_help(
            "K0406",
            span,
            format!("`{written}` is only text: an expression begins with a dollar sign"),
            format!("write `${written}`"),
        );
    }
}
