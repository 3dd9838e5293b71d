//! The operating manual keeps to the code: every limit it names stands there with that value, and no public limit is left out.

use std::collections::BTreeSet;
use std::path::Path;

const MANUAL: &str = include_str!("../../docs/operating.md");

/// A row of the table of limits: constant, value as told, file.
struct Row<'m> {
    name: &'m str,
    told: &'m str,
    file: &'m str,
}

fn rows() -> Vec<Row<'static>> {
    let (_, limits) = MANUAL
        .split_once("## Limits")
        .expect("the manual has its limits");
    limits
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            Row {
                name: cells[1],
                told: cells[2],
                file: cells[3],
            }
        })
        .collect()
}

/// What stands behind `const NAME: … = ` in this text.
fn written<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("const {name}: "))?;
    let (_, rest) = rest.split_once(" = ")?;
    rest.split_once(';').map(|(value, _)| value)
}

/// `2 * 1024 * 1024`, `8 << 20`, `1_000`, `Duration::from_secs(15 * 60)`; in bytes and seconds.
fn in_code(name: &str, value: &str) -> f64 {
    let unit = [("MILLIS", 1e-3), ("MICROS", 1e-6), ("DAYS", 86_400.0)];
    let unit = unit
        .iter()
        .find(|(part, _)| name.contains(part))
        .map_or(1.0, |(_, unit)| *unit);
    let inner = value
        .strip_prefix("Duration::from_secs(")
        .and_then(|rest| rest.strip_suffix(')'));
    let product: f64 = inner
        .unwrap_or(value)
        .split(" * ")
        .map(|factor| match factor.split_once(" << ") {
            Some((left, right)) => number(left) * 2_f64.powf(number(right)),
            None => number(factor),
        })
        .product();
    product * unit
}

/// `2 MiB`, `15 min`, `1024`; in bytes and seconds.
fn in_words(told: &str) -> f64 {
    let (value, unit) = told.split_once(' ').unwrap_or((told, ""));
    let unit = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "KiB" => 1024.0,
        "MB" => 1e6,
        "MiB" => 1024.0 * 1024.0,
        other => panic!("the unit `{other}` of `{told}` is not known here"),
    };
    number(value) * unit
}

fn number(text: &str) -> f64 {
    text.replace('_', "")
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_limit_of_the_manual_stands_in_the_code_with_that_value() {
    let rows = rows();
    assert!(rows.len() > 20, "the table was found");
    for row in rows {
        let text = read(row.file);
        let value = written(&text, row.name);
        let value = value.unwrap_or_else(|| panic!("{} has no const {}", row.file, row.name));
        let (code, words) = (in_code(row.name, value), in_words(row.told));
        assert!(
            (code - words).abs() < 1e-9,
            "{} is {value} in {}, and {} in the manual",
            row.name,
            row.file,
            row.told
        );
    }
}

/// Public limits of the daemon. The sandbox's are its own.
#[test]
fn no_public_limit_is_missing_from_the_manual() {
    let known: BTreeSet<(String, String)> = rows()
        .iter()
        .map(|row| (row.file.to_owned(), row.name.to_owned()))
        .collect();
    let mut missing = Vec::new();
    visit(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut |file, text| {
            for line in text
                .lines()
                .filter_map(|line| line.strip_prefix("pub const "))
            {
                let Some((name, _)) = line.split_once(':') else {
                    continue;
                };
                let limit =
                    name.ends_with("_MAX") || name.starts_with("MAX_") || name.starts_with("MOST_");
                if limit
                    && !file.starts_with("src/sandbox")
                    && !known.contains(&(file.to_owned(), name.to_owned()))
                {
                    missing.push(format!("{name} of {file}"));
                }
            }
        },
    );
    assert!(
        missing.is_empty(),
        "docs/operating.md, Limits, lacks {}",
        missing.join(", ")
    );
}

/// Shows every Rust file below this folder, by its path in the repository.
fn visit(folder: &Path, see: &mut dyn FnMut(&str, &str)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, see);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path
                .strip_prefix(env!("CARGO_MANIFEST_DIR"))
                .expect("inside")
                .to_string_lossy()
                .into_owned();
            see(&name, &read(&name));
        }
    }
}
