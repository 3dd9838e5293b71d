//! Which connections a command means.

use std::sync::Arc;

use crate::cli::Failure;
use crate::config::Config;

/// The connection that was named; else the only one there is.
///
/// # Errors
/// There is no such connection, or there are several and none was named.
pub(crate) fn only_or(config: &Config, named: Option<&str>) -> Result<Arc<str>, Failure> {
    one_of(config, named, "--connection NAME")
}

/// The same, for a command that takes the name in its own way.
///
/// # Errors
/// As of [`only_or`].
pub(crate) fn one_of(config: &Config, named: Option<&str>, how: &str) -> Result<Arc<str>, Failure> {
    let all = all_or(config, named)?;
    match &all[..] {
        [one] => Ok(Arc::clone(one)),
        several => Err(Failure::new(format!(
            "kartwheel.yaml has {} connections: {}",
            several.len(),
            several.join(", ")
        ))
        .remedy(format!("Say which one: {how}"))),
    }
}

/// The connection that was named; else all there are.
///
/// # Errors
/// There is no such connection.
pub(crate) fn all_or(config: &Config, named: Option<&str>) -> Result<Vec<Arc<str>>, Failure> {
    let all = config.membrane.connections.keys();
    let Some(named) = named else {
        return Ok(all.cloned().collect());
    };
    let known: Vec<Arc<str>> = all.cloned().collect();
    if let Some(one) = known.iter().find(|one| ***one == *named) {
        return Ok(vec![Arc::clone(one)]);
    }
    Err(Failure::new(format!("there is no connection {named}"))
        .remedy(format!("kartwheel.yaml has {}.", known.join(", "))))
}

/// Whether it can be a name under `connections:`.
///
/// # Errors
/// It cannot; the error says what can.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let fits =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "_-".contains(char);
    if !name.is_empty() && name.chars().all(fits) {
        return Ok(());
    }
    Err(
        Failure::new(format!("`{name}` cannot be the name of a connection"))
            .remedy("Use a-z, 0-9, _ and -, such as client_b."),
    )
}
