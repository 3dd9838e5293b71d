//! A connection of Membrane's on the screen and as JSON.

use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::screen::{Line, Screen, Tone, wrap};
use crate::membrane::{Connection, Help, Tenant};

/// Membrane's words are broken to this width.
const WORDS_WIDTH: usize = 92;

/// As JSON.
pub(crate) fn json_of(connection: &Connection) -> Value {
    let action = connection.action().map(|action| {
        json!({ "type": action.kind, "description": action.description, "link": action.link })
    });
    json!({
        "id": connection.id(),
        "name": connection.name(),
        "state": connection.state(),
        "connected": connection.connected(),
        "tenant": connection.tenant(),
        "action": action,
        "errors": connection.errors(),
    })
}

/// A tenant as JSON.
pub(crate) fn json_of_tenant(tenant: &Tenant) -> Value {
    json!({ "id": tenant.id, "name": tenant.name, "internal_id": tenant.internal_id })
}

/// How a state is shown.
pub(crate) fn tone(state: &str) -> Tone {
    match state {
        "READY" => Tone::Good,
        "BUILDING" => Tone::Bold,
        "CLIENT_ACTION_REQUIRED" => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// What stands behind a state: errors, and what a person must do, with the link. Indented lines.
///
/// # Errors
/// Whoever reads has gone away.
pub(crate) fn tell_reasons(connection: &Connection, screen: &mut Screen) -> std::io::Result<()> {
    for error in connection.errors() {
        for line in wrap(error, WORDS_WIDTH) {
            screen.line(&Line::new("  ").add(Tone::Bad, line))?;
        }
    }
    let Some(action) = connection.action() else {
        return Ok(());
    };
    for line in wrap(&action.description, WORDS_WIDTH) {
        screen.line(&Line::new("  ").plain(line))?;
    }
    if let Some(link) = &action.link {
        screen.line(&Line::new("  Open: ").bold(link))?;
    } else if action.link_left_out {
        let told = "(Membrane gave a link that is no https address; it is not shown. Look in its console.)";
        screen.line(&Line::new("  ").dim(told))?;
    }
    Ok(())
}

/// Words of any length, indented and broken.
///
/// # Errors
/// Whoever reads has gone away.
pub(crate) fn words(text: &str, screen: &mut Screen) -> std::io::Result<()> {
    let mut lines = wrap(text, WORDS_WIDTH).into_iter();
    lines.try_for_each(|line| screen.line(&Line::new("  ").plain(line)))
}

/// What is said of a connection that neither waiting nor a login makes READY.
pub(crate) fn broken(connection: &Connection, name: &str) -> Failure {
    let what = format!("connection {} is {}", connection.id(), connection.state());
    let asked = connection.action().map(|action| &*action.description);
    let means = match (connection.errors(), asked) {
        ([], Some(asked)) if !asked.is_empty() => asked.to_owned(),
        ([], _) => "Membrane gives no reason.".to_owned(),
        (errors, _) => errors.join("\n"),
    };
    Failure::new(what)
        .means(means)
        .remedy(remedy(connection, name))
}

/// What is to be done about a state that is not READY, as a sentence.
pub(crate) fn remedy(connection: &Connection, name: &str) -> String {
    let help = connection.help();
    let to_do = help.to_do(name);
    let mut letters = to_do.chars();
    let first = letters.next().map(char::to_uppercase);
    let sentence: String = first.into_iter().flatten().chain(letters).collect();
    match help {
        Help::Wait => format!("{sentence}, then run this again."),
        _ => format!("{sentence}."),
    }
}
