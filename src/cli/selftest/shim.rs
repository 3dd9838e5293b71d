//! A disk that fails on order: the preloaded shim of `tests/shim`, and the file that arms it.

use std::path::{Path, PathBuf};

use super::project::Folder;

/// The numbers of the errors.
pub(super) const EIO: u8 = 5;
pub(super) const ENOSPC: u8 = 28;

/// Which calls fail, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    /// `write` or `sync`.
    pub(super) calls: &'static str,
    /// The first one that fails, from 1.
    pub(super) nth: u64,
    /// How many; 0: all from there on.
    pub(super) times: u64,
    /// The number of the error.
    pub(super) error: u8,
}

/// The shim of one daemon.
pub(super) struct Shim {
    armed: PathBuf,
    env: Vec<(&'static str, String)>,
}

impl Shim {
    /// A shim for the database's folder. It does nothing before it is armed.
    pub(super) fn new(library: &Path, folder: &Folder, order: Order) -> Self {
        let armed = folder.path().join("armed");
        let path = |path: &Path| path.display().to_string();
        Self {
            env: vec![
                ("LD_PRELOAD", path(library)),
                ("SHIM_UNDER", path(&folder.data())),
                ("SHIM_ARMED", path(&armed)),
                ("SHIM_CALLS", order.calls.to_owned()),
                ("SHIM_NTH", order.nth.to_string()),
                ("SHIM_TIMES", order.times.to_string()),
                ("SHIM_ERRNO", order.error.to_string()),
            ],
            armed,
        }
    }

    /// What the daemon's environment must say.
    pub(super) fn env(&self) -> &[(&'static str, String)] {
        &self.env
    }

    /// From now on calls are counted, and fail.
    pub(super) fn arm(&self) -> std::io::Result<()> {
        std::fs::write(&self.armed, "")
    }

    /// They are well again.
    pub(super) fn disarm(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.armed)
    }
}
