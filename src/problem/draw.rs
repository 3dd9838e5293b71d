//! A problem drawn with its source line, in the look of the Rust compiler's messages.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::{Problem, Severity, Source, floor};

/// Columns after which a long source line is cut.
const WIDTH_COLUMNS: usize = 140;

/// The problem with its source line, a caret and its fix. `text` is the file's text.
#[must_use]
pub fn draw(problem: &Problem, text: &str, colour: bool) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(one_line(&problem.message))
        .id(problem.code);
    let mut group = if problem.span.end > text.len() || text.is_empty() {
        // The text is not at hand, or is not to be shown.
        let origin = Origin::path(&*problem.file)
            .line(problem.span.line as usize)
            .char_column(problem.span.column as usize);
        title.element(origin)
    } else {
        title.element(
            Snippet::source(text)
                .path(&*problem.file)
                .annotation(AnnotationKind::Primary.span(first_line(problem, text))),
        )
    };
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.term_width(WIDTH_COLUMNS).render(&[group])
}

/// All problems, one after another with an empty line between, each ending with a line break. A problem whose file is not among
/// the sources is drawn without a source line.
#[must_use]
pub fn draw_all(problems: &[Problem], sources: &[Source], colour: bool) -> String {
    let drawn: Vec<String> = problems
        .iter()
        .map(|problem| {
            let source = sources.iter().find(|source| source.name == problem.file);
            let text = source.map_or("", |source| &source.text);
            draw(problem, text, colour) + "\n"
        })
        .collect();
    drawn.join("\n")
}

/// The part of the place that lies on its first line: a block of many lines is named by its beginning.
fn first_line(problem: &Problem, text: &str) -> std::ops::Range<usize> {
    let start = floor(text, problem.span.start);
    let end = floor(text, problem.span.end).max(start);
    let line = text[start..end].split('\n').next().unwrap_or("");
    start..start + line.trim_end().len()
}

/// Control characters would break the picture.
fn one_line(message: &str) -> String {
    message
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}
