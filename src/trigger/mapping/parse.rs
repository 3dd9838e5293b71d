//! The settings `id`, `type`, `live` and `person` of a source.

use super::{Mapping, Paths, Word};
use crate::rule::path::Path;
use crate::trigger::preset::Preset;
use crate::trigger::settings::Settings;
use crate::yaml::Node;

/// Reads them over what the preset says; every problem is reported.
pub(in crate::trigger) fn parse(
    settings: &mut Settings<'_, '_>,
    preset: Option<&Preset>,
) -> Mapping {
    let mut mapping = preset.map(Mapping::of).unwrap_or_default();
    if let Some(node) = settings.take("id") {
        let nodes = one_or_more(node);
        mapping.id = vec![nodes.iter().filter_map(|node| id(settings, node)).collect()];
    }
    if let Some(kind) = word(settings, "type") {
        mapping.kind = vec![kind];
        mapping.kind_of = None;
    }
    if let Some(live) = word(settings, "live") {
        mapping.live = live;
        mapping.test = Vec::new();
    }
    if let Some(node) = settings.take("person") {
        mapping.person = person(settings, node);
    }
    mapping
}

/// A path to the sender's id. A constant would make every event a repeat of the first.
fn id(settings: &mut Settings<'_, '_>, node: &Node) -> Option<Path> {
    let text = settings.as_text("id", node)?;
    if !text.trim_start().starts_with('$') {
        let message = format!("`id: {text}` is the same for every event");
        let help = "write the path to the sender's id, such as `$.body.id`; without `id` equal bodies are repeats";
        settings.error("K0707", node.span, message, help);
        return None;
    }
    settings.as_path("id", node)
}

/// A path if it begins with `$`, else this very text.
fn word(settings: &mut Settings<'_, '_>, key: &'static str) -> Option<Word> {
    let node = settings.take(key)?;
    let text = settings.as_text(key, node)?;
    if text.trim_start().starts_with('$') {
        return settings.as_path(key, node).map(Word::At);
    }
    Some(Word::Constant(text.trim().into()))
}

/// `person:` with paths for each part.
fn person<'n>(settings: &mut Settings<'n, '_>, node: &'n Node) -> Paths {
    let mut settings = settings.inner(node);
    if node.as_map().is_none() {
        let message = format!("`person` is {}, where a map must stand", node.kind_name());
        let help = "write `person: { email: $.body.email, name: $.body.name }`";
        settings.error("K0104", node.span, message, help);
        return Paths::default();
    }
    let found = Paths {
        email: paths(&mut settings, "email"),
        first_name: paths(&mut settings, "first_name"),
        last_name: paths(&mut settings, "last_name"),
        name: paths(&mut settings, "name"),
        phone: paths(&mut settings, "phone"),
        ids: ids(&mut settings),
    };
    settings.finish("a person");
    found
}

/// A path, or several of which the first that leads to text counts.
fn paths(settings: &mut Settings<'_, '_>, key: &'static str) -> Vec<Path> {
    match settings.take(key) {
        Some(node) => paths_of(settings, key, node),
        None => Vec::new(),
    }
}

fn paths_of(settings: &mut Settings<'_, '_>, key: &str, node: &Node) -> Vec<Path> {
    one_or_more(node)
        .iter()
        .filter_map(|node| settings.as_path(key, node))
        .collect()
}

/// `ids:` the sender's own customer ids, by kind.
fn ids(settings: &mut Settings<'_, '_>) -> Vec<(Box<str>, Vec<Path>)> {
    let Some(node) = settings.take("ids") else {
        return Vec::new();
    };
    let Some(entries) = node.as_map() else {
        let message = format!("`ids` is {}, where a map must stand", node.kind_name());
        let help = "write `ids: { customer: $.body.customer_id }`";
        settings.error("K0104", node.span, message, help);
        return Vec::new();
    };
    entries
        .iter()
        .map(|entry| {
            let paths = paths_of(settings, &entry.key, &entry.value);
            (Box::from(&*entry.key), paths)
        })
        .collect()
}

/// The members of a list, or the node itself.
fn one_or_more(node: &Node) -> &[Node] {
    node.as_list().unwrap_or(std::slice::from_ref(node))
}
