//! Stand-ins for Membrane on the loopback: one that records and answers by a function, one that speaks raw bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The connection that the fixtures speak of.
pub(super) const CONNECTION: &str = "68f0c1a2b3d4e5f601234567";

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Value,
    /// Path and query as they came.
    pub(super) target: String,
    pub(crate) headers: HeaderMap,
    pub(super) body: Value,
    /// The body as it came.
    pub(crate) text: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a readable header"))
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Never answer.
    pub(super) silent: bool,
}

impl Reply {
    pub(super) fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            silent: false,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(super) fn silent() -> Self {
        Self {
            silent: true,
            ..Self::json(200, &Value::Null)
        }
    }

    pub(super) fn with(mut self, header: &str, value: &str) -> Self {
        self.headers.push((header.to_owned(), value.to_owned()));
        self
    }
}

/// A recording stand-in.
pub(crate) struct Fake {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let record = Arc::clone(&seen);
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
            async move {
                let request = read(request).await;
                record.lock().expect("no panic").push(request.clone());
                let reply = answer(&request);
                if reply.silent {
                    std::future::pending::<()>().await;
                }
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).expect("a response")
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self {
            address,
            seen,
            _tasks: tasks,
        }
    }

    /// Answers `/act` so, and everything else as a healthy Membrane would.
    pub(super) async fn acting(act: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |seen| {
            if seen.path == "/act" {
                act(seen)
            } else {
                healthy(seen)
            }
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The requests with this path.
    pub(super) fn seen_at(&self, path: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|request| request.path == path);
        seen
    }
}

async fn read(request: Request) -> Seen {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    let query = head.uri.query().unwrap_or_default();
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).expect("a URL");
    Seen {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// What a Membrane answers in which all is well.
pub(super) fn healthy(seen: &Seen) -> Reply {
    match seen.path.as_str() {
        "/self" => Reply::json(
            200,
            &json!({ "id": "68b0aa11bb22cc33dd44ee88", "name": "Shop", "internalId": "acct_42" }),
        ),
        "/actions" => Reply::json(200, &json!({ "items": actions() })),
        "/act" => Reply::json(
            200,
            &json!({ "output": { "status": "Success" }, "actionRunId": "a1" }),
        ),
        path if path.starts_with("/connections/") => Reply::json(
            200,
            &json!({ "id": CONNECTION, "name": "Kartra", "state": "READY" }),
        ),
        _ => Reply::json(
            404,
            &json!({ "type": "bad_request", "key": "not_found", "message": "no such route" }),
        ),
    }
}

/// The actions by the ids that the fixtures use.
pub(super) fn actions() -> Value {
    json!([
        { "id": "68a000000000000000000001", "key": "assign-tag", "name": "Assign Tag to Lead" },
        { "id": "68a000000000000000000002", "key": "grant-membership-access", "name": "Grant Membership Access" },
        { "id": "68a000000000000000000004", "key": "get-lead", "name": "Get Lead" },
        { "id": "68a000000000000000000005", "key": "refund-transaction", "name": "Refund Transaction" },
        { "id": "68a000000000000000000006", "key": "retrieve-account-tags", "name": "Retrieve Account Tags" },
        { "id": "68a000000000000000000007", "key": "retrieve-account-lists", "name": "Retrieve Account Lists" },
    ])
}

const EMPTY_LIST: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nconnection: close\r\n\r\n{\"items\":[]}";

/// Answers every request to `/act` with these bytes and hangs up, and everything else with an empty list of actions.
pub(super) struct Raw {
    pub(super) address: SocketAddr,
    acts: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Raw {
    pub(super) async fn start(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let acts: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&acts);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let is_act = read_request(&mut socket).await.starts_with(b"POST /act ");
                count.fetch_add(usize::from(is_act), Ordering::SeqCst);
                let reply = if is_act { bytes } else { EMPTY_LIST };
                socket.write_all(reply).await.expect("a reader");
            }
        });
        Self {
            address,
            acts,
            _tasks: tasks,
        }
    }

    pub(super) fn acts(&self) -> usize {
        self.acts.load(Ordering::SeqCst)
    }
}

/// The address of a server that answers one request, with an empty list, and is gone before it has answered.
pub(super) async fn list_and_close() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        read_request(&mut socket).await;
        drop(listener);
        socket.write_all(EMPTY_LIST).await.expect("a reader");
    });
    (format!("http://{address}"), tasks)
}

async fn read_request(socket: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
            _ => break,
        }
    }
    request
}

/// Whether the head and the announced body are there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    body.len() >= announced
}
