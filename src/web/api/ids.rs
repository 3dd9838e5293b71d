//! Ids as people give them: whole, or the eight last digits that the screen shows.

use uuid::Uuid;

use super::Refusal;
use crate::run::Run;
use crate::store::{Reader, StoredEvent};

/// Hex digits in a short id.
pub const SHORT_DIGITS: usize = 8;

/// What the screen shows of an id: its last eight digits. (The first ones are the time, and the same for all ids of a minute.)
#[must_use]
pub fn short(id: Uuid) -> String {
    let text = id.simple().to_string();
    text[text.len() - SHORT_DIGITS..].to_owned()
}

/// The run that is meant.
///
/// # Errors
/// There is none, or there are several.
pub async fn run(reader: &dyn Reader, text: &str) -> Result<Run, Refusal> {
    let mut found = Vec::new();
    for id in candidates(reader, text).await? {
        found.extend(reader.run(id).await?);
    }
    if let Some(run) = one(&mut found, "run", text, |run| run.id)? {
        return Ok(run);
    }
    for id in candidates(reader, text).await? {
        if reader.event(id).await?.is_some() {
            return Err(
                Refusal::not_found(format!("`{text}` is an event, not a run"))
                    .help(format!("Its runs: kartwheel runs list --event {text}")),
            );
        }
    }
    Err(Refusal::not_found(format!("there is no run `{text}`"))
        .help("The runs there are: kartwheel runs list"))
}

/// The event that is meant.
///
/// # Errors
/// There is none, or there are several.
pub async fn event(reader: &dyn Reader, text: &str) -> Result<StoredEvent, Refusal> {
    let mut found = Vec::new();
    for id in candidates(reader, text).await? {
        found.extend(reader.event(id).await?);
    }
    if let Some(event) = one(&mut found, "event", text, |stored| stored.event.id)? {
        return Ok(event);
    }
    for id in candidates(reader, text).await? {
        if let Some(run) = reader.run(id).await? {
            return Err(
                Refusal::not_found(format!("`{text}` is a run, not an event")).help(format!(
                    "Its event: kartwheel events show {}",
                    short(run.event)
                )),
            );
        }
    }
    Err(Refusal::not_found(format!("there is no event `{text}`"))
        .help("The events there are: kartwheel events list"))
}

async fn candidates(reader: &dyn Reader, text: &str) -> Result<Vec<Uuid>, Refusal> {
    let text = text.trim();
    if text.len() == SHORT_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(reader.by_short_id(&text.to_ascii_lowercase()).await?);
    }
    let id = Uuid::parse_str(text).map_err(|_| {
        Refusal::wrong(format!("`{text}` is not an id"))
            .help("An id is the eight digits of the lists, such as 5f0c9a1e, or the whole UUID.")
    })?;
    Ok(vec![id])
}

fn one<T>(
    found: &mut Vec<T>,
    noun: &str,
    text: &str,
    id: impl Fn(&T) -> Uuid,
) -> Result<Option<T>, Refusal> {
    if found.len() > 1 {
        let whole: Vec<_> = found.iter().map(|one| id(one).to_string()).collect();
        return Err(Refusal::new(
            409,
            "ambiguous",
            format!("`{text}` is more than one {noun}"),
        )
        .help(format!("Give the whole id: {}", whole.join(", "))));
    }
    Ok(found.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_is_the_end_of_the_whole_one() {
        let id = Uuid::parse_str("018f3a2b-7c11-7000-8000-00005f0c9a1e").expect("an id");
        assert_eq!(short(id), "5f0c9a1e");
    }
}
