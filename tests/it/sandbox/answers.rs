//! Answers as one orders them: in pieces, word for word, in another letter case.

use std::time::Duration;

use kartwheel::sandbox::{Delay, Fault, FaultKind, KartraForm, LetterCase};
use serde_json::Value;

use super::faults::{status, world_with};
use super::{World, tag_input};

#[tokio::test]
async fn an_answer_can_come_in_pieces_of_unknown_length() {
    let world = World::start().await;
    world.add_ada();
    let pause = Delay::ClockMs(1_000);
    let slow = FaultKind::SlowBody { pieces: 3, pause };
    world.state().add_fault(Fault::new(slow));
    let request = world.running("assign-tag", &tag_input()).send();
    let mut response = request.await.expect("the head comes at once");
    assert_eq!(response.headers()["transfer-encoding"], "chunked");
    let mut body = Vec::new();
    for _ in 0..3 {
        let (piece, ()) = tokio::join!(
            response.chunk(),
            world.advance_when_asleep(Duration::from_secs(1))
        );
        body.extend(piece.expect("a whole piece").expect("there is more"));
    }
    assert_eq!(response.chunk().await.expect("the end"), None);
    let body: Value = serde_json::from_slice(&body).expect("a whole answer");
    assert!(body["actionRunId"].is_string());
    assert!(world.ada().has_tag("vip"));
}

/// Those that a fault orders by its name, and all of them as a status with a body.
#[tokio::test]
async fn every_error_of_the_fixtures_can_be_ordered() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/membrane-fixtures");
    let mut ordered = 0;
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        if !name.starts_with("error-") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a fixture");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let answer = &file["response"];
        let code = answer["status"].as_u64().expect("a status");
        let code = u16::try_from(code).expect("a status");
        let body = match answer["body_text"].as_str() {
            Some(text) => text.to_owned(),
            None => answer["body"].to_string(),
        };
        let world = world_with(status(code, &body, false)).await;
        let request = world.running("assign-tag", &tag_input());
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), code, "{name}");
        let kind = answer["headers"]["content-type"].as_str().unwrap_or("");
        let sent = response.headers()["content-type"].to_str().expect("text");
        assert!(kind.is_empty() || sent.starts_with(kind), "{name}: {sent}");
        assert_eq!(response.text().await.expect("a body"), body, "{name}");
        assert!(world.state().effects().is_empty(), "{name}");
        ordered += 1;
    }
    assert!(ordered >= 20, "{ordered}");
}

#[tokio::test]
async fn kartras_errors_are_written_as_its_successes_are() {
    let form = KartraForm::Flat;
    let world = world_with(FaultKind::KartraError { number: 212, form }).await;
    let upper = LetterCase::Upper;
    world.state().set(|settings| settings.letter_case = upper);
    let output = world.output("assign-tag", tag_input()).await;
    assert_eq!(output["status"], "ERROR");
}
