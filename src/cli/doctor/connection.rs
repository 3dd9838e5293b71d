//! One connection: whether it is there, READY, and works.

use std::sync::Arc;

use super::finding::{Finding, Sheet};
use super::{live, rules};
use crate::cli::Desk;
use crate::cli::connection::view;
use crate::cli::desk::{connection_id, membrane_desk};
use crate::config::Config;
use crate::membrane::{self, Help};

/// Looks at a connection, and where it is READY at what it answers.
pub(super) async fn look(
    config: &Arc<Config>,
    name: &Arc<str>,
    desk: &Desk,
    found: &mut Vec<Finding>,
) {
    let mut sheet = Sheet::new(&format!("connection {name}"), found);
    // Credentials that cannot be used were told of already.
    let Ok(membrane) = membrane_desk(config, name, None, &desk.clock) else {
        return;
    };
    let Some(id) = identify(config, name, &membrane, &mut sheet).await else {
        return;
    };
    let Ok(membrane) = membrane_desk(config, name, Some(&id), &desk.clock) else {
        return;
    };
    let ready = state(name, &id, &membrane, &mut sheet).await;
    wait(&id, &membrane, &mut sheet).await;
    if !ready {
        return;
    }
    test(&id, &membrane, &mut sheet).await;
    live::offered(&id, &membrane, &mut sheet).await;
    live::read(name, &id, &membrane, desk, &mut sheet).await;
    rules::look(config, name, &id, desk, &mut sheet).await;
}

async fn identify(
    config: &Config,
    name: &str,
    membrane: &membrane::Desk,
    sheet: &mut Sheet<'_>,
) -> Option<String> {
    let settings = config.membrane.connections.get(name);
    let pinned = settings.is_some_and(|connection| connection.id.is_some());
    match connection_id(config, name, membrane).await {
        Ok(Ok(id)) if pinned => Some(id),
        Ok(Ok(id)) => {
            sheet.note(
                "id",
                format!("found by its name: {id}"),
                &format!("pin it: `kartwheel connect --connection {name}`"),
            );
            Some(id)
        }
        Ok(Err(why)) => {
            let why = why.to_string();
            let (what, to_do) = why.split_once('\n').unwrap_or((&why, ""));
            sheet.problem("id", what, to_do);
            None
        }
        Err(failed) => {
            sheet.problem("id", failed.message.clone(), "");
            None
        }
    }
}

/// Whether it is READY.
async fn state(name: &str, id: &str, membrane: &membrane::Desk, sheet: &mut Sheet<'_>) -> bool {
    match membrane.connection(id).await {
        Ok(found) => match found.help() {
            Help::Nothing => {
                sheet.ok("state", "READY");
                true
            }
            _ => {
                sheet.problem("state", found.described(""), &view::remedy(&found, name));
                false
            }
        },
        Err(failed) => {
            sheet.problem("state", failed.message.clone(), "");
            false
        }
    }
}

/// Membrane's own test: a real call to the application.
async fn test(id: &str, membrane: &membrane::Desk, sheet: &mut Sheet<'_>) {
    match membrane.test(id).await {
        Ok(true) => sheet.ok("test", "Membrane's own test of it succeeds"),
        Ok(false) => sheet.problem(
            "test",
            "Membrane's own test of it fails: the account does not answer to its credentials",
            "`kartwheel connection reconnect`",
        ),
        Err(failed) => sheet.warning("test", failed.message.clone(), ""),
    }
}

/// Whether `wait=true&timeout=1` answers in time: `connect` waits by it.
async fn wait(id: &str, membrane: &membrane::Desk, sheet: &mut Sheet<'_>) {
    match membrane.wait(id, 1).await {
        Ok(_) => sheet.ok(
            "waiting",
            "a question that may be held 1 s is answered in time",
        ),
        Err(failed) => sheet.warning(
            "waiting",
            failed.message.clone(),
            "`kartwheel connect` may not see at once that a connection is READY",
        ),
    }
}
