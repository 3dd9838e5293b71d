//! Mapping: where in a delivery its id, type, live mark and person stand.

mod parse;

use serde_json::Value;

use super::preset::{self, Preset};
use super::signature::scalar;
use crate::event::Person;
use crate::rule::path::Path;
use crate::rule::pattern::EventPattern;

pub(super) use parse::parse;

/// Longest id and type that are kept as they are.
const NAME_BYTES_MAX: usize = 255;

/// Where a source finds what every event has.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// The sender's id: the first row all of whose paths lead to text, joined. Empty: the sender has none.
    pub(super) id: Vec<Vec<Path>>,
    /// The type: the first that is there.
    pub(super) kind: Vec<Word>,
    /// The type, where the preset needs more than paths.
    pub(super) kind_of: Option<fn(&Value) -> Option<String>>,
    /// Whether it is real.
    pub(super) live: Word,
    /// Where a test is marked as one.
    pub(super) test: Vec<Path>,
    /// The person, from the source's own settings.
    pub(super) person: Paths,
    /// The person, as the preset says, by type.
    pub(super) people: Vec<(EventPattern, Paths)>,
    /// The person, where the preset needs more than paths.
    pub(super) finder: Option<fn(&Value) -> Person>,
}

/// A text that stands somewhere or is always the same.
#[derive(Debug, Default)]
pub(super) enum Word {
    /// There is none.
    #[default]
    Absent,
    /// It is this.
    Constant(Box<str>),
    /// It stands here.
    At(Path),
}

/// Where a person's parts stand: of each, the first path that leads to text.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) email: Vec<Path>,
    pub(super) first_name: Vec<Path>,
    pub(super) last_name: Vec<Path>,
    /// The whole name, where the sender doesn't part it.
    pub(super) name: Vec<Path>,
    pub(super) phone: Vec<Path>,
    pub(super) ids: Vec<(Box<str>, Vec<Path>)>,
}

impl Mapping {
    /// What the preset says.
    pub(super) fn of(preset: &Preset) -> Self {
        let word = |text: &str| Path::compile(text).map_or(Word::Absent, Word::At);
        let (people, finder) = match preset.people {
            preset::People::Rows(rows) => {
                let row = |row: &preset::Row| {
                    let pattern = EventPattern::parse(row.events).ok()?;
                    Some((pattern, Paths::of(row)))
                };
                (rows.iter().filter_map(row).collect(), None)
            }
            preset::People::Finder(finder) => (Vec::new(), Some(finder)),
        };
        let (live, test) = match preset.live {
            preset::Live::Unmarked => (Word::Absent, Vec::new()),
            preset::Live::At(path) => (word(path), Vec::new()),
            preset::Live::TestAt(marks) => (Word::Absent, compiled(marks)),
        };
        Self {
            id: preset.id.iter().map(|row| compiled(row)).collect(),
            kind: preset.kind.iter().map(|path| word(path)).collect(),
            kind_of: preset.kind_of,
            live,
            test,
            people,
            finder,
            ..Self::default()
        }
    }

    /// The sender's id. `None`: it gives none, or not this time.
    pub(super) fn id(&self, delivery: &Value) -> Option<String> {
        self.id.iter().find_map(|row| joined(row, delivery))
    }

    /// The event's type; empty if it has none.
    pub(super) fn kind(&self, delivery: &Value) -> String {
        let told = self.kind_of.and_then(|tell| tell(delivery));
        let mut kind = told
            .or_else(|| self.kind.iter().find_map(|word| word.read(delivery)))
            .unwrap_or_default();
        if kind.len() > NAME_BYTES_MAX {
            let mut end = NAME_BYTES_MAX;
            while !kind.is_char_boundary(end) {
                end -= 1;
            }
            kind.truncate(end);
        }
        kind
    }

    /// Whether it is real. A mark that says neither is no mark.
    pub(super) fn live(&self, delivery: &Value) -> Option<bool> {
        if !self.test.is_empty() {
            let mut marks = self
                .test
                .iter()
                .filter_map(|path| scalar(path.first(delivery)?));
            let is_test =
                |mark: &str| ["true", "1", "yes", "test"].contains(&&*mark.to_ascii_lowercase());
            return Some(!marks.any(|mark| is_test(&mark)));
        }
        match self.live.read(delivery)?.to_ascii_lowercase().as_str() {
            "true" | "live" | "prod" | "production" => Some(true),
            "false" | "test" | "testing" | "sandbox" => Some(false),
            _ => None,
        }
    }

    /// Whether an event may name a person by an id of the sender's.
    pub(super) fn has_ids(&self) -> bool {
        let rows = self.people.iter().map(|(_, paths)| paths);
        let mut all = rows.chain([&self.person]);
        self.finder.is_some() || all.any(|paths| !paths.ids.is_empty())
    }

    /// Who an event of this type is about.
    pub(super) fn person(&self, kind: &str, delivery: &Value) -> Person {
        let mut person = Person::default();
        self.person.fill(&mut person, delivery);
        if let Some((_, paths)) = self.people.iter().find(|(events, _)| events.matches(kind)) {
            paths.fill(&mut person, delivery);
        }
        if let (Some(find), Some(body)) = (self.finder, delivery.get("body")) {
            let found = find(body);
            person.email = person.email.or(found.email);
            person.phone = person.phone.or(found.phone);
            person.first_name = person.first_name.or(found.first_name);
            person.last_name = person.last_name.or(found.last_name);
            for (kind, id) in found.ids {
                person.ids.entry(kind).or_insert(id);
            }
        }
        trim(&mut person);
        person
    }
}

/// The texts that these paths lead to, joined. `None`: one of them leads nowhere, or what comes out is no id.
fn joined(row: &[Path], delivery: &Value) -> Option<String> {
    let mut parts = row.iter().map(|path| {
        let text = path.first(delivery).and_then(scalar)?;
        (!text.trim().is_empty()).then_some(text)
    });
    let mut id = parts.next()??.into_owned();
    for part in parts {
        id.push('/');
        id.push_str(&part?);
    }
    let usable = id.len() <= NAME_BYTES_MAX && !id.chars().any(char::is_control);
    usable.then_some(id)
}

/// White space around a name or an address is nobody's; what is only that is nothing.
fn trim(person: &mut Person) {
    for text in [
        &mut person.email,
        &mut person.first_name,
        &mut person.last_name,
        &mut person.phone,
    ] {
        let trimmed = text.as_deref().map(str::trim);
        *text = trimmed.filter(|text| !text.is_empty()).map(str::to_owned);
    }
}

impl Word {
    fn read(&self, delivery: &Value) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Constant(text) => Some(text.to_string()),
            Self::At(path) => path
                .first(delivery)
                .and_then(scalar)
                .map(std::borrow::Cow::into_owned),
        }
    }
}

impl Paths {
    /// Those of a preset.
    fn of(row: &preset::Row) -> Self {
        Self {
            email: compiled(row.email),
            first_name: compiled(row.first_name),
            last_name: compiled(row.last_name),
            name: compiled(row.name),
            phone: compiled(row.phone),
            ids: row
                .ids
                .iter()
                .map(|(kind, paths)| ((*kind).into(), compiled(paths)))
                .collect(),
        }
    }

    /// Adds what is there to what the person does not have yet.
    fn fill(&self, person: &mut Person, delivery: &Value) {
        let or = |known: &mut Option<String>, paths: &[Path]| {
            if known.is_none() {
                *known = text(paths, delivery);
            }
        };
        or(&mut person.email, &self.email);
        or(&mut person.phone, &self.phone);
        or(&mut person.first_name, &self.first_name);
        or(&mut person.last_name, &self.last_name);
        if let Some(name) = text(&self.name, delivery) {
            let (first, last) = part(&name);
            if person.first_name.is_none() && person.last_name.is_none() {
                person.last_name = last;
                person.first_name = first;
            }
        }
        for (kind, paths) in &self.ids {
            if let Some(id) = text(paths, delivery) {
                let entry = person.ids.entry(kind.to_string());
                entry.or_insert(Value::String(id));
            }
        }
    }
}

/// The first text that one of the paths leads to.
fn text(paths: &[Path], delivery: &Value) -> Option<String> {
    paths
        .iter()
        .filter_map(|path| path.first(delivery))
        .filter_map(scalar)
        .find(|text| !text.trim().is_empty())
        .map(std::borrow::Cow::into_owned)
}

/// A whole name in two: the first word, and the rest.
pub(super) fn part(name: &str) -> (Option<String>, Option<String>) {
    let name = name.trim();
    let (first, last) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    (some(first), some(last))
}

/// A preset's paths. They are known to be right: a test compiles them all.
fn compiled(paths: &[&str]) -> Vec<Path> {
    paths
        .iter()
        .filter_map(|text| Path::compile(text).ok())
        .collect()
}
