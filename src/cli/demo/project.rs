//! The demo's project: a temporary folder that is gone when the demo ends.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use uuid::Uuid;

use super::scene::SCENES;
use crate::web::api::ids::short;

/// The secrets of the demo. They sign samples to this machine's own sandbox and are worth nothing.
const ENV: &str = "KARTWHEEL_TOKEN=demo-token-of-this-machine\nSTRIPE_WEBHOOK_SECRET=whsec_demo\nTYPEFORM_SECRET=demo\n";

/// A folder of its own; removed when dropped.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder with settings, rules and secrets.
    pub(super) fn make(id: Uuid) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("kartwheel-demo-{}", short(id)));
        let within = || format!("cannot make the demo's folder {}", path.display());
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(within)?;
        let folder = Self { path };
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        folder.settle(anywhere, anywhere)?;
        folder.write(".env", ENV)?;
        fs::create_dir(folder.path.join("rules"))?;
        for scene in &SCENES {
            folder.write(scene.file, scene.rules)?;
        }
        Ok(folder)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the settings with these addresses, so that commands of another shell find the daemon.
    pub(super) fn settle(&self, listen: SocketAddr, console: SocketAddr) -> anyhow::Result<()> {
        self.write(
            "kartwheel.yaml",
            &format!(
                "timezone: UTC\ndatabase: sqlite://kartwheel.db\nlisten: {listen}\nconsole: {{ listen: {console} }}\n\
                 membrane: {{ workspace_key: sandbox, workspace_secret: env:KARTWHEEL_TOKEN, tenant_key: demo }}\n\
                 connections:\n  main: {{ app: kartra.com }}\n\
                 sources:\n  stripe: {{ preset: stripe, secret: env:STRIPE_WEBHOOK_SECRET }}\n  signup: {{ preset: typeform, secret: env:TYPEFORM_SECRET }}\n"
            ),
        )
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path.join(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(text.as_bytes())?;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of a folder under /tmp harms nobody.
        let _ = fs::remove_dir_all(&self.path);
    }
}
