//! The project of a campaign: a folder, its settings, its rules, and addresses of this process's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::cli::desk::Scratch;
use crate::sandbox::CONNECTION_ID;

/// Where the database lies in the folder, so that it can be on a disk of its own.
pub(super) const DATA: &str = "data";
/// What the sandbox and the daemon's source know. They protect this machine's own sandbox and are worth nothing.
const ENV: &str = "KARTWHEEL_TOKEN=selftest-token-of-this-machine\nMEMBRANE_TOKEN=sandbox-token\nSHOP_SECRET=selftest\n";

/// The tags that orders bring, before and after the rules are changed.
pub(super) const TAGS: [&str; 2] = ["buyer", "vip"];

/// A campaign's folder; removed when dropped.
pub(super) struct Folder {
    scratch: Scratch,
    /// Where webhooks go.
    pub(super) webhooks: SocketAddr,
    /// Where the API is.
    pub(super) console: SocketAddr,
}

impl Folder {
    /// Makes it. Deliveries are judged by the first rules.
    pub(super) fn make(id: Uuid, sandbox: &str) -> anyhow::Result<Self> {
        let folder = Self {
            scratch: Scratch::make("selftest", id)?,
            webhooks: free_address()?,
            console: free_address()?,
        };
        folder.scratch.write(".env", ENV)?;
        std::fs::create_dir(folder.data())?;
        let settings = folder.settings(sandbox, folder.webhooks, folder.console);
        folder.scratch.write("kartwheel.yaml", &settings)?;
        folder.rules(TAGS[0])?;
        Ok(folder)
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// The folder with the database.
    pub(super) fn data(&self) -> PathBuf {
        self.path().join(DATA)
    }

    /// Where everything goes that daemons log.
    pub(super) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    /// Writes the rules, by which orders bring this tag.
    pub(super) fn rules(&self, tag: &str) -> anyhow::Result<()> {
        let rules = format!(
            "id: order\ntrigger: {{ webhook: shop, events: order }}\nactions:\n  \
             - ensure-lead: {{ email: \"${{{{ person.email }}}}\" }}\n  \
             - assign-tag: {{ email: \"${{{{ person.email }}}}\", tag_name: {tag} }}\n  \
             - subscribe-lead-to-list: {{ email: \"${{{{ person.email }}}}\", list_name: Buyers }}\n\
             ---\nid: refund\ntrigger: {{ webhook: shop, events: refund }}\nactions:\n  \
             - refund-transaction: {{ transaction_id: \"${{{{ body.transaction }}}}\", refund_amount: 1.5 }}\n"
        );
        self.scratch.write("rules/rules.yaml", &rules)
    }

    /// A second project on the first one's database, with addresses of its own.
    pub(super) fn twin(&self, sandbox: &str) -> anyhow::Result<PathBuf> {
        let settings = self
            .settings(sandbox, free_address()?, free_address()?)
            .replace("sqlite://data", "sqlite://../data");
        self.scratch.write("twin/kartwheel.yaml", &settings)?;
        self.scratch.write("twin/.env", ENV)?;
        std::fs::create_dir_all(self.path().join("twin/rules"))?;
        Ok(self.path().join("twin"))
    }

    fn settings(&self, sandbox: &str, webhooks: SocketAddr, console: SocketAddr) -> String {
        format!(
            "timezone: UTC\ndatabase: sqlite://{DATA}/kartwheel.db\nlisten: {webhooks}\nconsole: {{ listen: {console} }}\n\
             membrane: {{ url: {sandbox}, token: env:MEMBRANE_TOKEN }}\n\
             connections:\n  main: {{ id: {CONNECTION_ID}, per_second: 1000, at_once: 16 }}\n\
             sources:\n  shop:\n    verify: {{ hmac: sha256, header: X-Signature, encoding: hex }}\n    secret: env:SHOP_SECRET\n    \
             id: $.body.id\n    type: $.body.type\n    person: {{ email: $.body.email }}\n"
        )
    }
}

/// An address that is free, where this machine has such ones of this process's own: nobody else takes its port in between.
fn free_address() -> std::io::Result<SocketAddr> {
    let [.., high, middle, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, high | 1, middle, low);
    let listener =
        TcpListener::bind((own, 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    listener.local_addr()
}
