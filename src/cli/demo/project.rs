//! The demo's project: a temporary folder that is gone when the demo ends.

use std::net::SocketAddr;
use std::path::Path;

use uuid::Uuid;

use super::scene::SCENES;
use crate::cli::desk::Scratch;

/// The secrets of the demo. They sign samples to this machine's own sandbox and are worth nothing.
const ENV: &str = "KARTWHEEL_TOKEN=demo-token-of-this-machine\nSTRIPE_WEBHOOK_SECRET=whsec_demo\nTYPEFORM_SECRET=demo\n";

/// A folder of its own; removed when dropped.
pub(super) struct Folder(Scratch);

impl Folder {
    /// Makes the folder with settings, rules and secrets.
    pub(super) fn make(id: Uuid) -> anyhow::Result<Self> {
        let folder = Self(Scratch::make("demo", id)?);
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        folder.settle(anywhere, anywhere)?;
        folder.0.write(".env", ENV)?;
        for scene in &SCENES {
            folder.0.write(scene.file, scene.rules)?;
        }
        Ok(folder)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes the settings with these addresses, so that commands of another shell find the daemon.
    pub(super) fn settle(&self, listen: SocketAddr, console: SocketAddr) -> anyhow::Result<()> {
        self.0.write(
            "kartwheel.yaml",
            &format!(
                "timezone: UTC\ndatabase: sqlite://kartwheel.db\nlisten: {listen}\nconsole: {{ listen: {console} }}\n\
                 membrane: {{ workspace_key: sandbox, workspace_secret: env:KARTWHEEL_TOKEN, tenant_key: demo }}\n\
                 connections:\n  main: {{ app: kartra.com }}\n\
                 sources:\n  stripe: {{ preset: stripe, secret: env:STRIPE_WEBHOOK_SECRET }}\n  signup: {{ preset: typeform, secret: env:TYPEFORM_SECRET }}\n"
            ),
        )
    }
}
