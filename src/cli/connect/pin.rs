//! The id of a connection, written into kartwheel.yaml.

use std::path::Path;

use crate::cli::desk::edit;
use crate::cli::desk::edit::yaml::{self, Edit};
use crate::cli::screen::{Line, Screen, Tone};

/// What became of the id.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    /// It was written.
    Written,
    /// It stands there already.
    Already,
    /// Another id stands there.
    Other(String),
    /// A person must write it; why.
    ByHand(String),
    /// Nothing was to be written.
    Printed,
}

/// Writes it, if that can be done without touching anything else.
pub(super) fn write(dir: &Path, name: &str, id: &str, replace: bool) -> Pinned {
    let path = dir.join("kartwheel.yaml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Pinned::ByHand(format!("it cannot be read ({error})")),
    };
    match yaml::set(&text, &["connections", name, "id"], id, replace) {
        Edit::Same => Pinned::Already,
        Edit::Other(other) => Pinned::Other(other),
        Edit::ByHand(why) => Pinned::ByHand(why.to_owned()),
        Edit::New(text) => match edit::replace(&path, &text, false) {
            Ok(()) => Pinned::Written,
            Err(error) => Pinned::ByHand(format!("it cannot be written ({error})")),
        },
    }
}

/// Says where it stands, or what to write.
pub(super) fn tell(
    pinned: &Pinned,
    (name, id, there): (&str, &str, Option<&str>),
    screen: &mut Screen,
) -> std::io::Result<()> {
    let place = format!("connections.{name}.id");
    match pinned {
        Pinned::Written => {
            screen.line(
                &Line::default()
                    .add(Tone::Good, "Written")
                    .plain(" to kartwheel.yaml: ")
                    .bold(format!("{place}: {}", yaml::quoted(id))),
            )?;
            screen.line(&Line::default().dim("  A running daemon takes it up at its next start."))
        }
        Pinned::Already => screen.line(&Line::new(format!("kartwheel.yaml has {place} already."))),
        Pinned::Other(other) if there.is_none() => {
            let told =
                format!("kartwheel.yaml has {place}: {other}, which is not set or cannot be read.");
            screen.line(
                &Line::default()
                    .add(Tone::Warn, told)
                    .plain(" Nothing was written."),
            )?;
            screen.line(&Line::new("  Put this there: ").bold(id))
        }
        Pinned::Other(other) => {
            let other = match there {
                Some(there) if there != other => format!("{other}, which is {there}"),
                _ => other.clone(),
            };
            screen.line(
                &Line::default()
                    .add(
                        Tone::Warn,
                        format!("kartwheel.yaml has another {place}: {other}."),
                    )
                    .plain(" Nothing was written."),
            )?;
            let told = "  Its runs would go to another account. If that is meant, the same with ";
            screen.line(&Line::new(told).bold("--replace"))
        }
        Pinned::ByHand(why) => {
            screen.line(&Line::default().add(
                Tone::Warn,
                format!("kartwheel.yaml was not changed: {why}. Write into it:"),
            ))?;
            lines(name, id, screen)
        }
        Pinned::Printed => {
            screen.line(&Line::new("Write into kartwheel.yaml:"))?;
            lines(name, id, screen)
        }
    }
}

fn lines(name: &str, id: &str, screen: &mut Screen) -> std::io::Result<()> {
    screen.line(&Line::new("  connections:"))?;
    screen.line(&Line::new(format!(
        "    {name}: {{ id: {} }}",
        yaml::quoted(id)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_a_persons_turn() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = || write(dir.path(), "main", "66f0", false);
        let by_hand = |what: &str| matches!(write(), Pinned::ByHand(why) if why.contains(what));
        assert!(by_hand("cannot be read"));
        let path = dir.path().join("kartwheel.yaml");
        std::fs::write(&path, "timezone: UTC\n").expect("written");
        // What the new text would be written to first is taken.
        let beside = format!(".kartwheel.yaml.{}.new", std::process::id());
        std::fs::create_dir(dir.path().join(&beside)).expect("a folder in its place");
        assert!(by_hand("cannot be written"));
        std::fs::remove_dir(dir.path().join(&beside)).expect("gone");
        assert_eq!(write(), Pinned::Written);
    }
}
