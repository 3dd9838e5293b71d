//! Where logs go: to standard error, as lines for people on a terminal and as JSON elsewhere.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::cli::Failure;

/// The forms of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Starts logging. Without a format it is text on a terminal and JSON elsewhere.
pub(crate) fn start(format: Option<Format>, filter: &str, colour: bool) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        Failure::new(format!("the log filter `{filter}` cannot be read: {error}"))
            .remedy("Give a level (error, warn, info, debug, trace) or filters such as kartwheel::engine=debug,info.")
    })?;
    let text = match format {
        Some(format) => format == Format::Text,
        None => io::stderr().is_terminal(),
    };
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    let started = if text {
        logger
            .with_ansi(colour && io::stderr().is_terminal())
            .try_init()
    } else {
        logger
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    };
    started.map_err(|error| Failure::new(format!("cannot start logging: {error}")))
}
