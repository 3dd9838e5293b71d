//! Opening a project for a command: its settings, and its database to read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Desk, Failure};
use crate::store::Reader;

/// What commands need of a project.
pub(crate) struct Opened {
    /// The project's folder.
    pub(crate) dir: PathBuf,
    /// The database's address.
    pub(crate) database: String,
    /// Reads.
    pub(crate) reader: Arc<dyn Reader>,
    /// Where the daemon takes webhooks.
    pub(crate) listen: SocketAddr,
    /// Where the daemon's API listens.
    pub(crate) console: SocketAddr,
    /// The API's token.
    pub(crate) token: Option<String>,
    /// All connections.
    pub(crate) connections: Vec<Arc<str>>,
}

impl Desk {
    /// Opens the project of this command, and shows times in its zone.
    pub(crate) async fn open(&mut self) -> anyhow::Result<Opened> {
        self.screen.zone = TimeZone::UTC;
        Err(Failure::new("not in this version").into())
    }
}

/// Whether NO_COLOR is set.
pub(crate) fn no_color() -> bool {
    false
}

/// An address that can be connected to: where something listens on all addresses, this machine's own.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
