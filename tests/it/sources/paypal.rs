//! PayPal, as far as it is asked: on this machine, and it remembers each question.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// What it says to a question: of the path and the body.
type Says = dyn Fn(&str, &[u8]) -> Response + Send + Sync;

/// A question that it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) content_type: String,
    pub(super) agent: String,
    pub(super) body: Bytes,
}

/// The stand-in.
pub(super) struct PayPal {
    /// Where it is.
    pub(super) url: String,
    /// It answers as many questions as this lets through.
    pub(super) gate: Arc<Semaphore>,
    heard: Arc<Mutex<Vec<Heard>>>,
    count: watch::Receiver<usize>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Inner {
    says: Arc<Says>,
    gate: Arc<Semaphore>,
    heard: Arc<Mutex<Vec<Heard>>>,
    count: watch::Sender<usize>,
}

impl PayPal {
    /// One that says this, at once.
    pub(super) async fn saying(
        says: impl Fn(&str, &[u8]) -> Response + Send + Sync + 'static,
    ) -> Self {
        let inner = Inner {
            says: Arc::new(says),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            heard: Arc::default(),
            count: watch::Sender::new(0),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (gate, heard) = (Arc::clone(&inner.gate), Arc::clone(&inner.heard));
        let count = inner.count.subscribe();
        let router = Router::new().fallback(hear).with_state(inner);
        let mut server = JoinSet::new();
        let serving = axum::serve(listener, router).into_future();
        server.spawn(async { serving.await.unwrap() });
        Self {
            url,
            gate,
            heard,
            count,
            _server: server,
        }
    }

    /// One that says the same to everything.
    pub(super) async fn always(status: u16, body: &'static str) -> Self {
        Self::saying(move |_, _| plain(status, body)).await
    }

    /// All that it was asked.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    pub(super) async fn hears(&self, times: usize) {
        let mut count = self.count.clone();
        count.wait_for(|count| *count >= times).await.unwrap();
    }
}

/// This status with this text.
pub(super) fn plain(status: u16, body: impl Into<String>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, body.into()).into_response()
}

async fn hear(State(inner): State<Inner>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let heard = Heard {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        content_type: header("content-type"),
        agent: header("user-agent"),
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    };
    inner.heard.lock().unwrap().push(heard.clone());
    inner.count.send_modify(|count| *count += 1);
    inner.gate.acquire().await.unwrap().forget();
    (inner.says)(&heard.path, &heard.body)
}
