//! `kartwheel init`: a new project that serves against the sandbox as it is.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::tz::TimeZone;
use serde_json::json;

use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};

/// Random bytes in a secret.
const SECRET_BYTES: usize = 32;

/// The files of a new project: path, text, and whether only the owner may read it.
const FILES: &[(&str, &str, bool)] = &[
    (
        "kartwheel.yaml",
        include_str!("template/kartwheel.yaml"),
        false,
    ),
    (
        "rules/stripe-purchase.yaml",
        include_str!("template/stripe-purchase.yaml"),
        false,
    ),
    (".env", include_str!("template/env"), true),
    (".env.example", include_str!("template/env.example"), false),
    (".gitignore", include_str!("template/gitignore"), false),
];

/// Make a new project
///
/// It writes kartwheel.yaml, a first rule in rules/, .env with random secrets (readable by you alone), .env.example for whoever
/// joins, and .gitignore. Nothing that exists is overwritten. The project works at once against the sandbox, the stand-in
/// for Kartra.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel init shop && cd shop\n  kartwheel serve --sandbox\n  kartwheel send stripe checkout.session.completed    (in a second shell)\n  kartwheel runs list"
)]
pub(super) struct Arguments {
    /// Where; made if it does not exist [default: the project's folder]
    dir: Option<PathBuf>,
    /// Print the files made as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let dir = arguments
        .dir
        .clone()
        .unwrap_or_else(|| desk.project.clone());
    let dir = &dir;
    refuse_to_overwrite(dir)?;
    let zone = TimeZone::system();
    let timezone = zone
        .iana_name()
        .filter(|name| !name.starts_with("Etc/"))
        .unwrap_or("UTC");
    let (token, stripe) = (secret()?, format!("whsec_{}", secret()?));
    for (name, template, private) in FILES {
        let text = template
            .replace("{timezone}", timezone)
            .replace("{token}", &token)
            .replace("{stripe}", &stripe);
        let path = dir.join(name);
        write(&path, &text, *private)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let names: Vec<_> = FILES.iter().map(|(name, ..)| *name).collect();
    if arguments.json {
        desk.screen.json(&json!({"dir": dir, "files": names}))?;
        return Ok(Exit::Done);
    }
    told(dir, desk)?;
    Ok(Exit::Done)
}

fn told(dir: &Path, desk: &mut Desk) -> io::Result<()> {
    let screen = &mut desk.screen;
    screen.line(
        &Line::default()
            .add(Tone::Good, "A new project")
            .plain(format!(" in {}", dir.display())),
    )?;
    for (name, _, private) in FILES {
        let line = Line::new(format!("  {name}"));
        screen.line(&if *private {
            line.dim("  random secrets; readable by you alone; not for git")
        } else {
            line
        })?;
    }
    screen.gap()?;
    screen.line(&Line::default().bold("Next"))?;
    let here = dir == Path::new(".") || dir == Path::new("");
    let mut next = Vec::new();
    let serve = if here {
        "kartwheel serve --sandbox".to_owned()
    } else {
        format!("cd {} && kartwheel serve --sandbox", dir.display())
    };
    next.push((serve, "the daemon, with a stand-in for Kartra"));
    next.push((
        "kartwheel send stripe checkout.session.completed".to_owned(),
        "in a second shell, same folder: a signed sample",
    ));
    next.push(("kartwheel runs list".to_owned(), "what came of it"));
    for (command, does) in next {
        screen.line(
            &Line::new("  ")
                .bold(format!("{command:<50}"))
                .dim(format!("  {does}")),
        )?;
    }
    Ok(())
}

fn refuse_to_overwrite(dir: &Path) -> Result<(), Failure> {
    let there: Vec<_> = FILES
        .iter()
        .map(|(name, ..)| *name)
        .filter(|name| dir.join(name).symlink_metadata().is_ok())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} has {} already",
        dir.display(),
        there.join(", ")
    ))
    .means("Nothing was written: what exists is never overwritten.")
    .remedy("Give another folder: kartwheel init DIR"))
}

/// Writes a new file; fails if it exists. Private ones are never readable by others, not even for a moment.
fn write(path: &Path, text: &str, private: bool) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if private {
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn secret() -> anyhow::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).context("this machine gives no random bytes")?;
    Ok(hex::encode(bytes))
}
