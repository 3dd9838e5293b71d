//! What the rules use, held against what the connection offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::Sheet;
use super::live::is;
use crate::account::OfferedAction;
use crate::cli::Desk;
use crate::cli::desk::load;
use crate::config::Config;
use crate::kartra;
use crate::project::Strictness;

/// Looks whether the connection offers every action that a rule of it uses.
pub(super) async fn look(
    config: &Arc<Config>,
    name: &Arc<str>,
    desk: &Desk,
    offered: Option<&[OfferedAction]>,
    sheet: &mut Sheet<'_>,
) {
    let (Some(offered), Ok(project)) = (offered, load(&desk.project, Strictness::Check)) else {
        return;
    };
    let only = config.membrane.connections.len() == 1;
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut used = 0;
    for rule in project.rules.rules() {
        for step in rule.steps.iter().chain(&rule.on_failure) {
            let connection = step.connection.as_ref().or(rule.connection.as_ref());
            let here = connection.map_or(only || &**name == "main", |one| one == name);
            let key = match &*step.verb {
                "ensure-lead" => "create-lead",
                verb => verb,
            };
            if !here || kartra::catalog().get(key).is_none() {
                continue;
            }
            used += 1;
            if !offered.iter().any(|action| is(action, key)) {
                let rules = missing
                    .entry(kartra::catalog().get(key).map_or("", |spec| spec.key))
                    .or_default();
                if !rules.contains(&&*rule.id) {
                    rules.push(&rule.id);
                }
            }
        }
    }
    if missing.is_empty() {
        if used > 0 {
            sheet.ok("rules", "every action that they use is offered");
        }
        return;
    }
    for (key, rules) in missing {
        sheet.problem(
            "rules",
            format!("{key} is not offered, and is used by {}", rules.join(", ")),
            "write what to do instead beside the step: `fallback: { assign-tag: \"…\" }`, and let an automation in Kartra do the rest on that tag",
        );
    }
}
