//! `vars` and `set`: the names that a rule gives to values.

use std::sync::Arc;

use super::Parser;
use crate::rule::expr::Shape;
use crate::yaml::Node;

impl Parser<'_> {
    /// The rule's own `vars`.
    pub(super) fn own_vars(&mut self, root: &Node) -> Vec<(Arc<str>, Shape)> {
        set_by_steps(root, &mut self.names.changing);
        root.get("vars")
            .map_or_else(Vec::new, |node| self.vars(node, "`vars`"))
    }

    /// `vars` and `set`: each entry knows those before it.
    pub(crate) fn vars(&mut self, node: &Node, what: &str) -> Vec<(Arc<str>, Shape)> {
        let Some(entries) = node.as_map() else {
            self.reader
                .wrong_type(node, &format!("{what} is a map of names and values"));
            return Vec::new();
        };
        if entries.is_empty() {
            let help = "write `name: value`, or remove it";
            self.reader
                .error_help("K0110", node.span, format!("{what} names nothing"), help);
        }
        let mut vars = Vec::new();
        for entry in entries {
            self.name(&entry.key, entry.key_span, "the name of a var");
            if let Some(shape) = self.shape(&entry.value) {
                self.names.fix(&entry.key, &shape);
                vars.push((entry.key.clone(), shape));
            }
            if !self.names.vars.contains(&entry.key) {
                self.names.vars.push(entry.key.clone());
            }
        }
        vars
    }
}

/// The names that `set` steps give, however deep they stand.
fn set_by_steps(node: &Node, names: &mut Vec<Arc<str>>) {
    for member in node.as_list().unwrap_or_default() {
        set_by_steps(member, names);
    }
    for entry in node.as_map().unwrap_or_default() {
        if &*entry.key == "set" {
            let vars = entry.value.as_map().unwrap_or_default();
            names.extend(vars.iter().map(|var| var.key.clone()));
        }
        set_by_steps(&entry.value, names);
    }
}
