//! Membrane's log of runs: what was asked, what came of it, and the `meta` by which we know our own runs again.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::fault::short;
use super::line::{Failed, Line, unreadable};
use super::listing::next_cursor;
use super::wire::Request;

/// How many runs are asked for at once; Membrane's own limit.
const PAGE_SIZE: usize = 1_000;
/// Pages that are read at most: a log that does not end is not read for ever.
const MAX_PAGES: usize = 5;

/// One run, as Membrane wrote it down.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLog {
    /// Membrane's id of the run; the same as `actionRunId` of its answer.
    pub id: String,
    /// The action's name.
    pub name: String,
    /// When it began, if that can be read.
    pub created_at: Option<Timestamp>,
    /// When it ended; nothing while it is under way.
    pub completed_at: Option<Timestamp>,
    /// `success` or `error`; may be another word of a newer Membrane.
    pub status: String,
    /// Our run it was made for; nothing where `meta` does not say so.
    pub run: Option<Uuid>,
    /// The step of that run.
    pub step: Option<String>,
    /// The number of the try.
    pub attempt: Option<u32>,
    /// What was sent; null where Membrane does not show it.
    pub input: Value,
    /// What the application answered; null where there is nothing.
    pub output: Value,
    /// Membrane's error; null where there is none.
    pub error: Value,
}

/// What was read of the log, newest first.
#[derive(Debug)]
pub(super) struct RunLogs {
    pub(super) runs: Vec<RunLog>,
    /// Whether that is all there is.
    pub(super) whole: bool,
}

impl Line {
    /// The runs of a connection since an instant that are wanted, newest first; so many at most.
    pub(super) async fn run_logs(
        &self,
        connection: &str,
        from: Timestamp,
        most: usize,
        wanted: impl Fn(&RunLog) -> bool,
    ) -> Result<RunLogs, Failed> {
        let what = "the run logs";
        let from = format!("{from:.3}");
        let size = most.clamp(1, PAGE_SIZE).to_string();
        let mut runs = Vec::new();
        let mut cursor: Option<String> = None;
        let mut whole = false;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("connectionId", connection), ("from", &from)];
            query.push(("limit", &size));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let request = Request::get(&["action-run-logs"], &query);
            let answer = self.fetch(what, &request).await?;
            let page = answer.body.as_ref().and_then(read_page);
            let (items, next) = page.ok_or_else(|| unreadable(what))?;
            runs.extend(items.into_iter().filter(&wanted));
            whole = next.is_none();
            if whole || next == cursor || runs.len() >= most {
                break;
            }
            cursor = next;
        }
        whole &= runs.len() <= most;
        runs.sort_by_key(|run| std::cmp::Reverse(run.created_at));
        runs.truncate(most);
        Ok(RunLogs { runs, whole })
    }
}

/// The runs of one page, and the cursor of the next one. None if it is no page at all.
pub(super) fn read_page(page: &Value) -> Option<(Vec<RunLog>, Option<String>)> {
    let items = page.get("items")?.as_array()?;
    Some((
        items.iter().filter_map(read_run).collect(),
        next_cursor(page),
    ))
}

fn read_run(item: &Value) -> Option<RunLog> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let instant = |name: &str| text(name)?.parse().ok();
    let value = |name: &str| item.get(name).cloned().unwrap_or_default();
    let meta = |name: &str| item.get("meta")?.get(name).and_then(text_of);
    Some(RunLog {
        id: text("id").filter(|id| !id.is_empty())?.to_owned(),
        name: text("name").map(short).unwrap_or_default(),
        created_at: instant("createdAt"),
        completed_at: instant("completedAt"),
        status: text("status").map(short).unwrap_or_default(),
        run: meta("runId").and_then(|id| id.parse().ok()),
        step: meta("step"),
        attempt: meta("attempt").and_then(|number| number.parse().ok()),
        input: value("input"),
        output: value("output"),
        error: value("error"),
    })
}

/// Text, also of a number: a store of ours or theirs may have turned the one into the other.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_read_with_its_mark_in_whatever_type_it_comes() {
        let id = "01925c5e-0000-7000-8000-000000000001";
        for (step, attempt) in [(json!("2"), json!(3)), (json!(2), json!("3"))] {
            let (runs, cursor) = read_page(&json!({
                "items": [{
                    "id": "r1",
                    "name": "Assign Tag to Lead",
                    "status": "success",
                    "createdAt": "2026-10-05T12:00:00.000Z",
                    "output": { "status": "Success" },
                    "meta": { "runId": id.to_uppercase(), "step": step, "attempt": attempt },
                }],
                "cursor": 7,
            }))
            .expect("a page");
            assert_eq!(cursor.as_deref(), Some("7"));
            let run = &runs[0];
            assert_eq!(run.run, Some(id.parse().expect("an id")));
            assert_eq!((run.step.as_deref(), run.attempt), (Some("2"), Some(3)));
            assert_eq!(run.output, json!({ "status": "Success" }));
            assert_eq!((&run.error, run.completed_at), (&Value::Null, None));
        }
    }

    #[test]
    fn what_is_odd_is_read_as_far_as_it_goes_and_what_is_no_page_is_none() {
        let (runs, cursor) = read_page(&json!({
            "items": [1, {}, { "id": "" }, { "id": "r1", "meta": "none", "createdAt": "then" },
                { "id": "r2", "meta": { "runId": "job_7", "step": null, "attempt": -1 } }],
            "cursor": "",
        }))
        .expect("a page");
        assert_eq!(cursor, None);
        let marks: Vec<_> = runs
            .iter()
            .map(|run| (run.id.as_str(), run.run, run.step.clone(), run.attempt))
            .collect();
        assert_eq!(marks, [("r1", None, None, None), ("r2", None, None, None)]);
        for page in [json!([]), json!({}), json!({ "items": 1 })] {
            assert_eq!(read_page(&page), None, "{page}");
        }
    }
}
