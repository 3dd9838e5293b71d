//! The project's .env: `NAME=value` lines, with quotes, comments and `export`. Nothing in it is computed.

use super::Env;
use crate::problem::{Problem, Source};

/// The variables of the file. A line that is none of the known forms is a problem; its content is not repeated in it.
pub(super) fn read(source: &Source, problems: &mut Vec<Problem>) -> Env {
    let mut pairs = Vec::new();
    let mut rest = 0;
    while rest < source.text.len() {
        let line_end = source.text[rest..]
            .find('\n')
            .map_or(source.text.len(), |at| rest + at);
        let line = &source.text[rest..line_end];
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = line_end + 1;
            continue;
        }
        match assignment(source, rest, line_end) {
            Ok((name, value, end)) => {
                pairs.push((name, value));
                rest = source.text[end..]
                    .find('\n')
                    .map_or(source.text.len(), |at| end + at + 1);
            }
            Err(why) => {
                problems.push(
                    Problem::error("K0706", source, source.span(rest..rest), why)
                        .help("write `NAME=value`, or `NAME=\"a value with spaces\"`"),
                );
                rest = line_end + 1;
            }
        }
    }
    Env::from_pairs(pairs)
}

/// Name, value, and the byte after it.
fn assignment(
    source: &Source,
    start: usize,
    line_end: usize,
) -> Result<(String, String, usize), &'static str> {
    let line = &source.text[start..line_end];
    let equals = line.find('=').ok_or("this line has no `=`")?;
    let name = line[..equals].trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if name.is_empty()
        || !name.chars().all(fits)
        || name.starts_with(|char: char| char.is_ascii_digit())
    {
        return Err("what stands before the `=` is no name of a variable");
    }
    let after = &source.text[start + equals + 1..];
    let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
    let value_start = start + equals + 1 + blank;
    let text = &source.text[value_start..];
    let (value, length) = match text.chars().next() {
        Some('\'') => single_quoted(text)?,
        Some('"') => double_quoted(text)?,
        _ => {
            let end = line_end.saturating_sub(value_start);
            (bare(&text[..end]), end)
        }
    };
    let end = value_start + length;
    let rest = source.text[end..].split('\n').next().unwrap_or("").trim();
    if !rest.is_empty() && !rest.starts_with('#') {
        return Err("something follows the closing quote");
    }
    Ok((name.to_owned(), value, end))
}

/// Up to ` #`, without white space around it.
fn bare(text: &str) -> String {
    let text = text.trim_end_matches('\r');
    let comment = text
        .match_indices('#')
        .find(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '\t']));
    comment
        .map_or(text, |(at, _)| &text[..at])
        .trim()
        .to_owned()
}

fn single_quoted(text: &str) -> Result<(String, usize), &'static str> {
    let end = text[1..].find('\'').ok_or("the quote is never closed")?;
    Ok((text[1..=end].to_owned(), end + 2))
}

fn double_quoted(text: &str) -> Result<(String, usize), &'static str> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((value, at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err("the quote is never closed")
}
