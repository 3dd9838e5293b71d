//! Tests of what is printed, and the paper that other tests print on.

use std::sync::{Arc, Mutex};

use super::*;

/// A screen whose text can be read afterwards.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(crate) fn screen(&self, colour: bool) -> Screen {
        Screen::new(Box::new(self.clone()), colour)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_came_from_outside_cannot_steer_the_terminal() {
    let paper = Paper::default();
    let line = Line::new("type ").bold("\x1b[2Jgone\r\n");
    paper.screen(false).line(&line).unwrap();
    assert_eq!(paper.text(), "type \u{fffd}[2Jgone\u{fffd}\u{fffd}\n");
}

#[test]
fn colours_are_shown_only_when_asked_for() {
    let line = Line::new("a ").add(Tone::Bad, "b");
    let (plain, coloured) = (Paper::default(), Paper::default());
    plain.screen(false).line(&line).unwrap();
    coloured.screen(true).line(&line).unwrap();
    assert_eq!(plain.text(), "a b\n");
    assert_eq!(coloured.text(), "a \x1b[31mb\x1b[0m\n");
}

#[test]
fn lengths_are_told_in_two_units() {
    for (seconds, told) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
    ] {
        assert_eq!(span(Duration::from_secs(seconds)), told);
    }
}

#[test]
fn a_row_never_passes_its_width() {
    let table = Table::new(&[("A", 4), ("B", 3)]);
    let paper = Paper::default();
    let cells = [
        (Tone::Plain, "abcdef".to_owned()),
        (Tone::Plain, "xyz".to_owned()),
    ];
    paper.screen(false).line(&table.row(&cells)).unwrap();
    assert_eq!(paper.text(), "abc…  xyz\n");
}

#[test]
fn long_text_is_broken_at_spaces() {
    assert_eq!(wrap("one two three", 8), ["one two", "three"]);
    assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
}
