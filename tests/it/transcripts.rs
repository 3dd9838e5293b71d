//! The transcripts of the docs, replayed: what stands under a `$ kartwheel …` is what the command says today, or the test fails.
//!
//! A transcript is a `console` block of a page in docs/. Its commands run in order, by a shell, in a project of the page's own, against a
//! sandbox of the page's own; what they print (both streams) must be what stands there. `UPDATE_EXPECT=1` writes it anew in place.
//! A command that ends with another exit code than 0 has a last line `[exit code 1]`.
//!
//! Comments between the blocks set the scene:
//!
//! | Comment | Does |
//! |---|---|
//! | `<!-- project: empty -->` | an empty folder, the sandbox as at its start, no daemon |
//! | `<!-- project: ready -->` | the same with kartwheel.yaml and .env that reach the sandbox, and the connection pinned |
//! | `<!-- file: NAME` + lines + `-->` | writes a file; a `NAME` ending in `+` adds to it |
//! | `<!-- env: NAME=VALUE -->` | a variable for the commands from here to the next project |
//! | `<!-- sandbox: METHOD PATH JSON -->` | a control call to the sandbox, such as `POST /_sandbox/faults {…}` |
//! | `<!-- sandbox when "TEXT": METHOD PATH JSON -->` | the same, at the moment when the next block's output holds this text |
//! | `<!-- daemon: start -->`, `<!-- daemon: stop -->` | `kartwheel serve` of the project in the background |
//!
//! `http://127.0.0.1:8090` stands for the sandbox, `127.0.0.1:8080` and `:8081` for the daemon, `CONNECTION` in a control call for the
//! id of the sandbox's connection, and `REQUEST` in one with `when` for the request whose link was printed last. Times, UUIDs and milliseconds are compared by their form alone.

mod page;
mod scene;
mod sight;

use std::path::{Path, PathBuf};

use page::{Block, Page, Part};
use scene::Scene;

#[test]
fn what_the_docs_show_is_what_the_commands_print() {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(docs())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains(page::OPEN))
        .collect();
    pages.sort();
    assert!(!pages.is_empty(), "there are transcripts");
    let wrong: Vec<String> = std::thread::scope(|threads| {
        let replays: Vec<_> = pages
            .iter()
            .map(|path| threads.spawn(move || replay(path)))
            .collect();
        let ended = replays.into_iter();
        ended.flat_map(|replay| replay.join().unwrap()).collect()
    });
    assert!(
        wrong.is_empty(),
        "these differ (UPDATE_EXPECT=1 writes them anew):\n\n{}",
        wrong.join("\n")
    );
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Replays a page; says what differs, or writes it anew.
fn replay(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let mut page = Page::read(&text);
    let mut scene = Scene::set(&name);
    let mut wrong = Vec::new();
    for part in &mut page.parts {
        match part {
            Part::Text(_) => {}
            Part::Direction(direction) => scene.direct(direction),
            Part::Block(block) => wrong.extend(
                differences(block, &mut scene)
                    .into_iter()
                    .map(|told| format!("docs/{name}:{told}")),
            ),
        }
    }
    if crate::rules::updating() {
        std::fs::write(path, page.write()).unwrap();
        wrong.retain(|told| told.contains("was never printed"));
    }
    wrong
}

/// Runs the commands of a block and puts what they print in the place of what stands there.
fn differences(block: &mut Block, scene: &mut Scene) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, entry) in block.entries.iter_mut().enumerate() {
        let printed = scene.run(&entry.command);
        let merged = sight::merge(&entry.output, &printed);
        if merged != entry.output {
            wrong.push(format!(
                "{} (command {}): $ {}\n--- stands there\n{}\n--- is printed\n{}\n",
                block.line,
                number + 1,
                entry.command,
                entry.output.join("\n"),
                printed.join("\n")
            ));
        }
        entry.output = merged;
    }
    for text in scene.uncued() {
        wrong.push(format!("{}: `{text}` was never printed\n", block.line));
    }
    wrong
}
