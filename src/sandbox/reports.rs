//! What Kartra reports of changes: kept for whoever asks, and posted in order to one loopback address when there is one.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query as Asked, State as In};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::account::{Answer, Command, Fields};
use super::errors::Failure;
use super::ledger::Ring;
use super::paging::{self, Query};
use super::state::{Inner, State};

/// Reports beyond these are not posted.
const WAITING_MAX: usize = 100_000;
/// How long one post may take, in real time; its receiver is on this machine.
const POST_TIMEOUT: Duration = Duration::from_secs(5);

/// The reports that are kept, and those that are to be posted.
#[derive(Debug)]
pub(super) struct Reports {
    /// As they are sent: as text they take the least room.
    all: Ring<Arc<str>>,
    waiting: VecDeque<(Target, Arc<str>)>,
}

impl Reports {
    pub(super) fn new(kept: usize) -> Self {
        Self {
            all: Ring::new(kept),
            waiting: VecDeque::new(),
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.all.next() - 1
    }

    /// Those that are kept, oldest first.
    pub(super) fn events(&self) -> impl Iterator<Item = Value> {
        self.all.iter().map(|event| read(event))
    }

    fn add(&mut self, event: &Value, to: Option<&Target>) {
        let event: Arc<str> = event.to_string().into();
        if let Some(target) = to
            && self.waiting.len() < WAITING_MAX
        {
            self.waiting.push_back((target.clone(), Arc::clone(&event)));
        }
        self.all.push(event);
    }
}

impl Inner {
    /// Has Kartra carry out a command, and report what changed. Nothing when there is no account behind the connection.
    pub(super) fn perform(
        &mut self,
        connection: &str,
        command: &Command,
        fields: &Fields<'_>,
        now: Timestamp,
    ) -> Option<Answer> {
        let account = self.connections.get_mut(connection)?.account.as_mut()?;
        let before = account.concerned(fields).cloned();
        let answer = account.perform(command, fields, now);
        if let (true, Some(before)) = (answer.changed, before) {
            let to = self.settings.report_to.as_deref().and_then(Target::read);
            for event in account.events_since(&before) {
                self.reports.add(&event, to.as_ref());
            }
        }
        Some(answer)
    }
}

/// `GET /_sandbox/reports`
pub(super) async fn list(
    In(world): In<Arc<State>>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let limit = paging::limit(&query)?;
    let after = paging::number(&query, "after", [0, usize::MAX])?.unwrap_or(0) as u64;
    let inner = world.lock();
    let all = &inner.reports.all;
    let items = (after + 1..all.next()).filter_map(|number| {
        let event = read(all.get(number)?);
        Some(json!({ "number": number, "event": event }))
    });
    Ok(Json(
        json!({ "items": items.take(limit).collect::<Vec<_>>() }),
    ))
}

/// Posts what is to be posted, one after the other and each once, until the sandbox stops. Whether it was taken is not
/// asked: Kartra documents no second try.
pub(super) async fn post_all(world: &State) {
    let mut changes = world.changes();
    loop {
        let next = world.lock().reports.waiting.pop_front();
        let going_on = async {
            match next {
                Some((target, event)) => {
                    let posted = tokio::time::timeout(POST_TIMEOUT, target.post(&event)).await;
                    if !matches!(posted, Ok(Ok(()))) {
                        tracing::warn!(to = target.host, "nobody took a report of Kartra's");
                    }
                    true
                }
                None => changes.changed().await.is_ok(),
            }
        };
        tokio::select! {
            going_on = going_on => if !going_on { return },
            () = world.stopped() => return,
        }
    }
}

fn read(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_default()
}

/// An address on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    host: String,
    path: String,
}

impl Target {
    /// Reads `http://host:port/path`. None when it is anything else, or not of this machine.
    pub(super) fn read(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let (name, port) = host.rsplit_once(':')?;
        let _: u16 = port.parse().ok()?;
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let here = name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        let slash = if path.starts_with('/') { "" } else { "/" };
        (here && plain).then(|| Self {
            host: host.to_owned(),
            path: format!("{slash}{path}"),
        })
    }

    /// Sends it, and waits for the first of the answer, so that the next one is not overtaken.
    async fn post(&self, body: &str) -> std::io::Result<()> {
        let Self { host, path } = self;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: Kartra\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let mut socket = TcpStream::connect(host.as_str()).await?;
        socket.write_all(request.as_bytes()).await?;
        socket.read_u8().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn reports_go_to_this_machine_and_nowhere_else() {
        for (url, host, path) in [
            (
                "http://127.0.0.1:8080/hooks/kartra",
                "127.0.0.1:8080",
                "/hooks/kartra",
            ),
            ("http://localhost:1", "localhost:1", "/"),
            ("http://[::1]:8080?key=x", "[::1]:8080", "/?key=x"),
        ] {
            let (host, path) = (host.to_owned(), path.to_owned());
            assert_eq!(Target::read(url), Some(Target { host, path }), "{url}");
        }
        for url in [
            "",
            "https://127.0.0.1:8080/",
            "http://127.0.0.1/",
            "http://127.0.0.1:x/",
            "http://10.0.0.1:80/",
            "http://example.com:80/",
            "http://127.0.0.1.example.com:80/",
            "http://localhost@example.com:80/",
            "http://127.0.0.1:80/ x",
        ] {
            assert_eq!(Target::read(url), None, "{url}");
        }
    }
}
