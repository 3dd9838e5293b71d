//! What both benchmarks share: the load generator, the deliveries it sends, and the report.
//!
//! Everything runs in one process on this machine's loopback: servers on one runtime, the generator on a thread of its
//! own. Requests are made and signed before a round, so that a round measures the servers. Rounds of the things compared
//! take turns, and the medians are what counts: a ratio within one run says more than a figure.

pub(crate) mod delivery;
pub(crate) mod generator;
pub(crate) mod ours;
pub(crate) mod report;
pub(crate) mod sink;

/// How much is sent, from the command line: `cargo bench --bench ingest -- --rounds 3 --requests 4000`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Rounds of each thing.
    pub(crate) rounds: usize,
    /// Requests in a round.
    pub(crate) requests: usize,
    /// Connections that are kept open.
    pub(crate) connections: usize,
}

impl Settings {
    /// Reads the command line over these defaults. What `cargo bench` adds (`--bench`) is passed over.
    pub(crate) fn from_arguments(defaults: Self) -> Self {
        let mut settings = defaults;
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let setting = match argument.as_str() {
                "--rounds" => &mut settings.rounds,
                "--requests" => &mut settings.requests,
                "--connections" => &mut settings.connections,
                _ => continue,
            };
            *setting = arguments
                .next()
                .and_then(|number| number.parse().ok())
                .filter(|number| *number > 0)
                .unwrap_or_else(|| panic!("{argument} needs a whole number above zero"));
        }
        settings
    }
}
