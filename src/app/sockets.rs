//! Listening sockets that the parent process has open and hands over, as systemd does: who connects while the daemon is
//! started anew waits in such a socket's queue, and nobody is turned away.

use std::fmt;
use std::net::TcpListener;

use anyhow::{Context, bail};
use listenfd::ListenFd;

use crate::config::Env;

/// The name of the socket that is for the console; every other one is for the webhooks.
const CONSOLE: &str = "console";

/// What the parent process handed over, taken out of the environment and not looked at yet.
pub struct Handed {
    sockets: ListenFd,
    names: Option<String>,
    unreadable: Option<String>,
}

/// The sockets to listen on instead of those of the settings.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Where deliveries come in.
    pub webhooks: Option<TcpListener>,
    /// Where the API answers.
    pub console: Option<TcpListener>,
}

impl Handed {
    /// What the environment says: `LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`. What is meant for another process is left alone.
    ///
    /// Must be called while the process has one thread: the first two are taken out of the environment.
    #[must_use]
    pub fn of(env: &Env) -> Self {
        let ours = std::process::id().to_string();
        if env.get("LISTEN_PID").map(str::trim) != Some(&ours) {
            return Self::nothing();
        }
        let count = env.get("LISTEN_FDS").unwrap_or("0");
        Self {
            unreadable: count.parse::<u16>().is_err().then(|| count.to_owned()),
            names: env.get("LISTEN_FDNAMES").map(str::to_owned),
            sockets: ListenFd::from_env(),
        }
    }

    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            sockets: ListenFd::empty(),
            names: None,
            unreadable: None,
        }
    }

    /// The sockets.
    ///
    /// # Errors
    /// One of them is not a TCP socket that listens, or there are more than can be used.
    pub fn take(&mut self) -> anyhow::Result<Sockets> {
        if let Some(count) = &self.unreadable {
            bail!("the parent process hands over sockets, but LISTEN_FDS=`{count}` is no number");
        }
        let names: Vec<&str> = self.names.iter().flat_map(|all| all.split(':')).collect();
        let mut sockets = Sockets::default();
        for place in 0..self.sockets.len() {
            let Some(listener) = self.sockets.take_tcp_listener(place).with_context(advice)? else {
                continue;
            };
            listens(&listener).with_context(advice)?;
            let (socket, what) = match names.get(place) {
                Some(&CONSOLE) => (&mut sockets.console, "the console"),
                _ => (&mut sockets.webhooks, "webhooks"),
            };
            if socket.replace(listener).is_some() {
                bail!(
                    "the parent process hands over more than one socket for {what}: one is enough, and one named \
                     `{CONSOLE}` (FileDescriptorName=) is the API's"
                );
            }
        }
        Ok(sockets)
    }
}

impl fmt::Debug for Handed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Handed").finish_non_exhaustive()
    }
}

fn advice() -> &'static str {
    "the parent process hands over something that is not a listening TCP socket (LISTEN_FDS): a systemd socket unit needs \
     ListenStream= with an address and a port, and Accept=no"
}

fn listens(socket: &TcpListener) -> anyhow::Result<()> {
    if !rustix::net::sockopt::socket_acceptconn(socket)? {
        bail!("it is connected, or nobody listens on it");
    }
    socket.set_nonblocking(true)?;
    Ok(())
}
