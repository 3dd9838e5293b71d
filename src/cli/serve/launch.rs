//! Starting the program for `serve` and `demo`: the app, and beside it the sandbox if it is wanted.

use std::sync::Arc;

use secrecy::SecretString;

use crate::app::{App, Options, Sockets};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::membrane::{Auth, Reread};
use crate::outside::Outside;
use crate::rule::RuleSet;
use crate::sandbox::{self, CONNECTION_ID, Sandbox};

/// The tenant under which the daemon comes to its own sandbox.
const TENANT: &str = "kartwheel";

/// The running program.
pub(crate) struct Launched {
    /// The daemon.
    pub(crate) app: App,
    /// The stand-in for Membrane and Kartra, if it was wanted.
    pub(crate) sandbox: Option<Sandbox>,
}

/// Starts the program; with `with_sandbox` everything is sent to a sandbox in this process.
pub(crate) async fn launch(
    mut config: Config,
    rules: RuleSet,
    with_sandbox: bool,
    clock: SharedClock,
    reread: Option<Reread>,
    sockets: Sockets,
) -> anyhow::Result<Launched> {
    let sandbox = if with_sandbox {
        let options = sandbox::Options {
            clock: Arc::clone(&clock),
            ..sandbox::Options::default()
        };
        let sandbox = Sandbox::start(options).await?;
        point_at(&mut config, &sandbox.url());
        Some(sandbox)
    } else {
        None
    };
    let app = App::start(Options {
        config,
        rules,
        clock,
        // What the sandbox holds is nobody's account.
        reads_accounts: !with_sandbox,
        test_events: with_sandbox,
        outside: Outside::usual()?,
        reread: reread.filter(|_| !with_sandbox),
        sockets,
    })
    .await?;
    Ok(Launched { app, sandbox })
}

impl Launched {
    /// Stops the daemon in order, then the sandbox.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
    }
}

/// Every connection leads to the sandbox's one account; no credentials of the project are used.
fn point_at(config: &mut Config, url: &str) {
    let membrane = &mut config.membrane;
    membrane.url = url.to_owned();
    membrane.auth = Auth::Signed {
        workspace_key: "sandbox".to_owned(),
        workspace_secret: SecretString::from("sandbox-secret"),
        tenant_key: TENANT.to_owned(),
    };
    for connection in membrane.connections.values_mut() {
        connection.id = Some(CONNECTION_ID.to_owned());
        connection.app = None;
        connection.auth = None;
    }
}
