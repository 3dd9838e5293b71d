//! Opening a project for a command: its settings, and its database to read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Desk, Failure};
use crate::store::Reader;

/// What commands need of a project.
pub(super) struct Opened {
    /// The project's folder.
    pub dir: PathBuf,
    /// The database's address.
    pub database: String,
    /// Reads.
    pub reader: Arc<dyn Reader>,
    /// Where the daemon takes webhooks.
    pub listen: SocketAddr,
    /// Where the daemon's API listens.
    pub console: SocketAddr,
    /// The API's token.
    pub token: Option<String>,
    /// All connections.
    pub connections: Vec<Arc<str>>,
}

/// Opens the project of this command, and shows times in its zone.
pub(super) async fn open(desk: &mut Desk) -> anyhow::Result<Opened> {
    desk.screen.zone = TimeZone::UTC;
    Err(Failure::new("not in this version").into())
}

/// Whether NO_COLOR is set.
pub(super) fn no_color() -> bool {
    false
}

/// An address that can be connected to: where something listens on all addresses, this machine's own.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
