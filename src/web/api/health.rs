//! `GET /api/health`: how many runs stand where, what is due, and what is held.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Api, LIST_ENTRIES_DEFAULT, Refusal, view};

pub(super) async fn show(State(api): State<Api>) -> Result<Json<Value>, Refusal> {
    let now = api.clock.now();
    let counts = api.reader.counts(now).await?;
    let holds = api.reader.holds().await?;
    let mut answer = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "now": now,
        "next_due": api.reader.next_due().await?,
        "holds": holds,
        "waiting": view::waiting(&api.reader.waits().await?),
        "alerts": api.reader.alerts(true, LIST_ENTRIES_DEFAULT).await?,
    });
    if let (Value::Object(answer), Value::Object(counts)) = (&mut answer, view::counts(&counts)) {
        answer.extend(counts);
    }
    Ok(Json(answer))
}
