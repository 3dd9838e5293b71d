//! Lines of .env: set in place, others kept.

use crate::config::{self, Env};
use crate::problem::Source;

/// The text with these variables set: where a name stands its line is changed, the others come last. `None` where the result would not
/// be read as meant, as in a file with a quote that is never closed.
pub(crate) fn set(text: &str, variables: &[(String, String)]) -> Option<String> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", text),
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (name, value) in variables {
        let line = format!("{name}={}", quoted(value));
        let is_it = |line: &&mut String| name_of(line) == Some(name);
        match lines.iter_mut().rev().find(is_it) {
            Some(there) => *there = line,
            None => match lines.iter_mut().find(|line| is_blank_of(line, name)) {
                Some(there) => *there = line,
                None => lines.push(line),
            },
        }
    }
    let mut new = lines.join(newline);
    new.push_str(newline);
    let (before, after) = (read(text)?, read(&new)?);
    let is_meant = variables
        .iter()
        .all(|(name, value)| after.get(name) == Some(value));
    let others_stay = text
        .lines()
        .filter_map(name_of)
        .filter(|name| variables.iter().all(|(set, _)| set != name))
        .all(|name| before.get(name) == after.get(name));
    (is_meant && others_stay).then(|| format!("{mark}{new}"))
}

/// The variables of a text; `None` where a line is not understood.
fn read(text: &str) -> Option<Env> {
    let mut problems = Vec::new();
    let env = config::read_dotenv(&Source::new(".env", text), &mut problems);
    problems.is_empty().then_some(env)
}

fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim();
    Some(name.strip_prefix("export ").unwrap_or(name).trim())
}

/// `#NAME=`, as a new project has it.
fn is_blank_of(line: &str, name: &str) -> bool {
    line.strip_prefix('#')
        .and_then(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
        .is_some_and(|rest| rest.trim().is_empty())
}

fn quoted(value: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.:/+=@".contains(char);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from('"');
    for char in value.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_one(text: &str, name: &str, value: &str) -> Option<String> {
        set(text, &[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_line_is_changed_in_place_and_the_others_stay() {
        let text = "# said\nA=1\nexport B='old' # kept?\n#C=\nD=\"x y\"\n";
        assert_eq!(
            set_one(text, "B", "new").as_deref(),
            Some("# said\nA=1\nB=new\n#C=\nD=\"x y\"\n")
        );
        assert_eq!(
            set_one(text, "C", "a b\"\\").as_deref(),
            Some("# said\nA=1\nexport B='old' # kept?\nC=\"a b\\\"\\\\\"\nD=\"x y\"\n")
        );
        assert_eq!(set_one("A=1", "E", "2").as_deref(), Some("A=1\nE=2\n"));
        assert_eq!(set_one("", "E", "2").as_deref(), Some("E=2\n"));
    }

    #[test]
    fn the_ends_of_lines_and_the_mark_at_the_start_stay() {
        assert_eq!(
            set_one("\u{feff}A=1\r\nB=2\r\n", "B", "3").as_deref(),
            Some("\u{feff}A=1\r\nB=3\r\n")
        );
        assert_eq!(
            set_one("A=1\r\n", "C", "3").as_deref(),
            Some("A=1\r\nC=3\r\n")
        );
    }

    #[test]
    fn of_two_lines_the_one_that_counts_is_changed() {
        assert_eq!(
            set_one("A=1\nA=2\n", "A", "3").as_deref(),
            Some("A=1\nA=3\n")
        );
    }

    #[test]
    fn a_file_that_is_not_understood_is_left_alone() {
        assert_eq!(set_one("A=\"open\nB=1\n", "C", "3"), None);
        // A value of two lines, of which one looks like a variable.
        assert_eq!(set_one("A=\"one\nB=two\"\n", "B", "3"), None);
    }
}
