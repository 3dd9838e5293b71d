//! `kartwheel sources show`: one source of the project, or one preset.

use std::io;

use serde_json::json;

use super::door::{self, DAYS, Door};
use super::preset::{self, fact};
use crate::cli::screen::{Line, Screen, relative};
use crate::cli::{Desk, Exit, Failure};
use crate::config::Config;
use crate::problem::nearest;
use crate::rule::duration;
use crate::store::DoorSum;
use crate::trigger::preset::{PRESETS, find};
use crate::trigger::{Preset, Source};

/// Show one source of the project, or one preset
///
/// Of a source: the URL to give its sender, its secrets by name, what was heard of it, what was refused and which questions were answered. Of
/// a preset: all that Kartwheel knows of the sender. A source comes before a preset of the same name.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel sources show stripe\n  kartwheel sources show shopify --preset    the preset, also where a source has its name\n\nNext:\n  kartwheel sources try SOURCE --request FILE    whether a captured request would be taken"
)]
pub(super) struct Arguments {
    /// The source, as kartwheel.yaml names it, or the preset
    name: String,
    /// The preset of this name
    #[arg(long)]
    preset: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let name = arguments.name.as_str();
    let known = find(name);
    let config = match desk.settings() {
        Ok(config) => Some(config),
        // A preset is known without any project.
        Err(_) if known.is_some() => None,
        Err(failure) => return Err(failure.into()),
    };
    let config = config.filter(|_| !arguments.preset || known.is_none());
    let declared = config
        .as_ref()
        .and_then(|config| Some((config, config.sources.get(name)?)));
    match (declared, known) {
        (Some((config, source)), _) => {
            let door = Door::read(config, &desk.clock).await?;
            if arguments.json {
                let mut told = door::json(config, source, door.as_ref());
                told["knows"] = source.preset().map_or(json!(null), preset::json);
                desk.screen.json(&told)?;
            } else {
                print(config, source, door.as_ref(), desk)?;
            }
        }
        (None, Some(preset)) if arguments.json => desk.screen.json(&preset::json(preset))?,
        (None, Some(preset)) => {
            preset::print(preset, &mut desk.screen)?;
            print_setting(preset, &mut desk.screen)?;
        }
        (None, None) => return Err(unknown(config.as_ref(), name).into()),
    }
    Ok(Exit::Done)
}

fn unknown(config: Option<&Config>, name: &str) -> Failure {
    let sources = config.into_iter().flat_map(|config| config.sources.keys());
    let names = sources.map(|name| &**name);
    let near = nearest(name, names.chain(PRESETS.iter().map(|preset| preset.name)));
    let failure = Failure::new(format!("there is neither a source nor a preset `{name}`"));
    match near {
        Some(near) => failure.remedy(format!("Did you mean {near}?")),
        None => {
            failure.remedy("kartwheel sources list shows the project's, with --all every preset.")
        }
    }
}

/// Prints the source, then what its preset says.
fn print(config: &Config, source: &Source, door: Option<&Door>, desk: &mut Desk) -> io::Result<()> {
    let now = desk.clock.now();
    let screen = &mut desk.screen;
    screen.line(
        &Line::default()
            .bold(source.name().to_string())
            .dim(format!("  {}", door::verified_by(source))),
    )?;
    fact(screen, "url", &door::address(config, source))?;
    if door::is_local(config, source) {
        fact(
            screen,
            "",
            "reached from this machine only: set `public_url` in kartwheel.yaml",
        )?;
    }
    print_secrets(source, screen)?;
    if source.is_looked_up() {
        let told = "lookup: before a rule acts, what an event says is looked up in the account of the rule's connection";
        fact(screen, "trust", told)?;
        if source.is_open() {
            let told = "nothing else: whoever knows the URL can send";
            fact(screen, "", told)?;
        }
    }
    let allowed: Vec<_> = source.allowed_from().collect();
    if !allowed.is_empty() {
        fact(screen, "only from", &allowed.join(", "))?;
    }
    if let Some(wait) = source.identity_wait() {
        let told = format!(
            "up to {} for the address of a person of whom an event brings only an id (`identity_wait`)",
            duration::write(wait)
        );
        fact(screen, "waits", &told)?;
    }
    match door {
        None => fact(screen, "heard of", "nothing yet: there is no database")?,
        Some(door) => {
            let last = door.last_event(source.name());
            let last = last.map_or_else(
                || "never".to_owned(),
                |last| format!("{}, {}", screen.whole(last), relative(last, now)),
            );
            fact(screen, "last event", &last)?;
            let refusals: Vec<_> = door.refusals(source.name()).collect();
            print_sums(screen, "refused", &refusals)?;
            let handshakes: Vec<_> = door.handshakes(source.name()).collect();
            print_sums(screen, "handshakes", &handshakes)?;
        }
    }
    screen.gap()?;
    match (source.preset(), source.kind()) {
        (Some(preset), _) => preset::print(preset, screen),
        (None, Some(kind)) => fact(screen, "verified", kind.doc),
        (None, None) => Ok(()),
    }
}

fn print_secrets(source: &Source, screen: &mut Screen) -> io::Result<()> {
    for secret in source.secret_names() {
        let state = if secret.is_there {
            ""
        } else {
            ", which is not set or cannot be one"
        };
        let text = format!("{} ({}{state})", secret.number, secret.name);
        fact(
            screen,
            if secret.number == 1 { "secrets" } else { "" },
            &text,
        )?;
    }
    Ok(())
}

/// What was counted at the door in the last days.
fn print_sums(screen: &mut Screen, name: &str, sums: &[&DoorSum]) -> io::Result<()> {
    if sums.is_empty() {
        return fact(screen, name, &format!("none in {DAYS} days"));
    }
    for (place, sum) in sums.iter().enumerate() {
        let last = screen.moment(sum.last);
        let mut text = format!("{} {}, last {last}", sum.count, sum.word);
        if !sum.detail.is_empty() {
            text = format!("{text}: {}", sum.detail);
        }
        fact(screen, if place == 0 { name } else { "" }, &text)?;
    }
    Ok(())
}

/// The line of kartwheel.yaml that declares a source with this preset.
fn print_setting(preset: &Preset, screen: &mut Screen) -> io::Result<()> {
    screen.gap()?;
    let (name, variable) = (preset.name, preset.name.replace('-', "_"));
    let proof = match preset.instead_of_secret {
        "" => format!("secret: env:{}_SECRET", variable.to_ascii_uppercase()),
        other => other.to_owned(),
    };
    let entry = format!("{name}: {{ preset: {name}, {proof} }}");
    screen.line(&Line::default().dim("In kartwheel.yaml, under `sources:`"))?;
    screen.line(&Line::new(format!("  {entry}")))
}
