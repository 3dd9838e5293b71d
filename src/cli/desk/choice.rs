//! Which connections a command means.

use std::sync::Arc;

use crate::cli::Failure;
use crate::config::Config;

/// The connection that was named; else the only one there is.
///
/// # Errors
/// There is no such connection, or there are several and none was named.
pub(crate) fn only_or(config: &Config, named: Option<&str>) -> Result<Arc<str>, Failure> {
    let all = all_or(config, named)?;
    match &all[..] {
        [one] => Ok(Arc::clone(one)),
        several => Err(Failure::new(format!(
            "kartwheel.yaml has {} connections: {}",
            several.len(),
            several.join(", ")
        ))
        .remedy("Say which one: --connection NAME")),
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
