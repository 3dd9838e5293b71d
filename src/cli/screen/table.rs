//! Tables, and text that is cut or broken to a width.

use super::{Line, Tone, clean};

/// Between two columns of a table.
const GAP: &str = "  ";

/// A table: headings, and rows of cells. Each column has an upper width.
pub(crate) struct Table {
    heads: &'static [(&'static str, usize)],
}

impl Table {
    /// A table with these columns: heading and greatest width.
    #[must_use]
    pub(crate) const fn new(heads: &'static [(&'static str, usize)]) -> Self {
        Self { heads }
    }

    /// The heading.
    #[must_use]
    pub(crate) fn head(&self) -> Line {
        self.row(
            &self
                .heads
                .iter()
                .map(|(head, _)| (Tone::Dim, (*head).to_owned()))
                .collect::<Vec<_>>(),
        )
    }

    /// One row, cut and padded.
    #[must_use]
    pub(crate) fn row(&self, cells: &[(Tone, String)]) -> Line {
        let mut line = Line::default();
        for (place, ((_, width), (tone, cell))) in self.heads.iter().zip(cells).enumerate() {
            if place > 0 {
                line = line.plain(GAP);
            }
            let cell = cut(cell, *width);
            let padding = " ".repeat(width - cell.chars().count());
            line = line.add(*tone, cell).plain(padding);
        }
        line
    }
}

/// The text in at most `width` characters, with an ellipsis where it was cut.
#[must_use]
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= width {
        return text;
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Breaks text into lines of at most `width` characters, at spaces.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let long = line.chars().count() + 1 + word.chars().count() > width;
            if long && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}
