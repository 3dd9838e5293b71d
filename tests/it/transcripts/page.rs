//! A page of the docs in its parts: text, directions in comments, transcripts.

/// What opens a transcript.
pub(super) const OPEN: &str = "```console\n";
const CLOSE: &str = "```";

/// A page.
pub(super) struct Page {
    pub(super) parts: Vec<Part>,
}

/// A part of a page, its lines whole.
pub(super) enum Part {
    Text(String),
    Direction(Direction),
    Block(Block),
}

/// A comment that sets the scene.
pub(super) struct Direction {
    pub(super) word: String,
    /// What stands between the word and the colon.
    pub(super) more: String,
    pub(super) content: String,
    written: String,
}

/// A transcript.
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) entries: Vec<Entry>,
}

/// One command and what it printed.
pub(super) struct Entry {
    pub(super) command: String,
    pub(super) output: Vec<String>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if line == OPEN.trim_end() {
                let inside: Vec<&str> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| *line != CLOSE)
                    .collect();
                parts.push(Part::Block(Block::read(number + 1, &inside)));
                continue;
            }
            let mut written = line.to_owned();
            if line.starts_with("<!-- ") {
                while !written.contains("-->") {
                    let (_, next) = lines.next().expect("a comment ends");
                    written.push('\n');
                    written.push_str(next);
                }
                if let Some(direction) = Direction::read(&written) {
                    parts.push(Part::Direction(direction));
                    continue;
                }
            }
            parts.push(Part::Text(written));
        }
        Self { parts }
    }

    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(written) => text.push_str(written),
                Part::Direction(direction) => text.push_str(&direction.written),
                Part::Block(block) => text.push_str(&block.write()),
            }
            text.push('\n');
        }
        text
    }
}

impl Direction {
    fn read(written: &str) -> Option<Self> {
        let inside = written.strip_prefix("<!-- ")?.trim_end();
        let inside = inside.strip_suffix("-->")?;
        let word: String = inside.chars().take_while(|c| c.is_alphabetic()).collect();
        if !["project", "file", "env", "sandbox", "daemon"].contains(&word.as_str()) {
            return None;
        }
        let rest = &inside[word.len()..];
        let colon = match rest.find("\": ") {
            Some(quote) if rest.trim_start().starts_with("when") => quote + 1,
            _ => rest.find(':')?,
        };
        Some(Self {
            word,
            more: rest[..colon].trim().to_owned(),
            content: rest[colon + 1..].to_owned(),
            written: written.to_owned(),
        })
    }
}

impl Block {
    fn read(line: usize, inside: &[&str]) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for text in inside {
            match text.strip_prefix("$ ") {
                Some(command) => entries.push(Entry {
                    command: command.to_owned(),
                    output: Vec::new(),
                }),
                None => entries
                    .last_mut()
                    .unwrap_or_else(|| panic!("line {line}: a transcript begins with `$ `"))
                    .output
                    .push((*text).to_owned()),
            }
        }
        Self { line, entries }
    }

    fn write(&self) -> String {
        let mut text = OPEN.to_owned();
        for entry in &self.entries {
            text.push_str(&format!("$ {}\n", entry.command));
            for line in &entry.output {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push_str(CLOSE);
        text
    }
}

#[test]
fn a_page_is_written_as_it_was_read() {
    let text = "# A page\n\n<!-- project: ready -->\n<!-- file: a.yaml\nx: 1\n-->\n<!-- a remark -->\n<!-- sandbox when \"a: b\": POST /x {\"a\": 1} -->\n\n```console\n$ one\nout\n\n$ two\n```\n\nmore\n";
    let page = Page::read(text);
    assert_eq!(page.write(), text);
    let directions: Vec<_> = page
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Direction(one) => Some((&*one.word, &*one.more, one.content.trim())),
            _ => None,
        })
        .collect();
    assert_eq!(
        directions,
        [
            ("project", "", "ready"),
            ("file", "", "a.yaml\nx: 1"),
            ("sandbox", "when \"a: b\"", "POST /x {\"a\": 1}"),
        ]
    );
}
