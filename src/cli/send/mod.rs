//! `kartwheel send`: posts a sample or a file to a source, signed as its sender would.

mod fresh;
pub(super) mod letter;
mod patch;
pub(super) mod post;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::desk::{http_client, reachable};
use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};
use crate::config::Config;
use crate::problem::nearest;
use crate::rule::{RuleSet, Trigger};
use crate::trigger::Source;
use crate::web::api::ids::short;
use letter::Letter;
use patch::Assignment;
use post::Answered;

/// The most deliveries of one command.
const COUNT_MAX: u32 = 1_000;

/// Post a webhook to a source, signed as its sender signs
///
/// With the name of an event, or without any, it sends a built-in sample of the source's preset, with a new id so that it counts
/// as a new event; with a file it sends that file as it is. The daemon must be running.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel send stripe --list\n  kartwheel send stripe checkout.session.completed\n  kartwheel send stripe checkout.session.completed --email grace@example.com\n  kartwheel send stripe checkout.session.completed --set '$.body.data.object.amount_total=100'\n  \
                  kartwheel send shop --file order.json --count 2    twice the same: one event, one run\n\nNext:\n  kartwheel events list\n  kartwheel runs list"
)]
pub(super) struct Arguments {
    /// The source, as kartwheel.yaml names it
    source: String,
    /// One of the source's samples, or the path of a file [default: the first sample that a rule takes]
    what: Option<String>,
    /// Show the source's samples instead
    #[arg(long, conflicts_with_all = ["what", "file", "set", "email", "count"])]
    list: bool,
    /// A file whose bytes are the body
    #[arg(long, value_name = "PATH", conflicts_with = "what")]
    file: Option<PathBuf>,
    /// Change the body: a path and a value (JSON, or else text); several times if need be
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    /// About this person: the address in the body, wherever the source finds it, is this one
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    email: Option<String>,
    /// Where to post [default: the project's own daemon]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Give each delivery a new id, so that it is a new event (a sample gets one anyway)
    #[arg(long, overrides_with = "same_id")]
    new_id: bool,
    /// Leave the sample's id as it is: sent twice, it is one event
    #[arg(long)]
    same_id: bool,
    /// Send it so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(COUNT_MAX)))]
    count: u32,
    /// Print one JSON object a delivery
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let (settings, rules) = desk.settings_and_rules()?;
    let source = source(&settings, &arguments.source)?;
    if arguments.list {
        return list(&source, arguments.json, desk);
    }
    check_signable(&source)?;
    let (letter, is_sample) = letter(&source, &rules, &arguments)?;
    let url = arguments.url.clone().unwrap_or_else(|| {
        format!(
            "http://{}/hooks/{}",
            reachable(settings.listen),
            source.name()
        )
    });
    let http = http_client()?;
    let fresh = !arguments.same_id && (arguments.new_id || is_sample);
    let mut refused = false;
    for _ in 0..arguments.count {
        let mut letter = letter.clone();
        if fresh {
            match fresh::with_id(&letter, &source, desk.clock.new_id()) {
                Some(new) => letter = new,
                None if arguments.new_id => return Err(no_id(&source).into()),
                // A sample is sent as it is: once it is new anyway.
                None => {}
            }
        }
        if let Some(email) = &arguments.email {
            letter = fresh::with_email(&letter, &source, email)?;
        }
        letter.set(&arguments.set)?;
        let answered = post::post(&http, &url, &source, &letter, desk.clock.now()).await?;
        refused |= !answered.is_taken();
        told(&answered, &source, letter.body.len(), arguments.json, desk)?;
    }
    if !arguments.json && !refused {
        let more = "What came of it: kartwheel events list, kartwheel runs list";
        desk.screen.line(&Line::default().dim(more))?;
    }
    Ok(if refused { Exit::Problems } else { Exit::Done })
}

fn address(text: &str) -> Result<String, String> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '\\');
    match text.split_once('@') {
        Some((_, host)) if !host.is_empty() && text.chars().all(plain) => Ok(text.to_owned()),
        _ => Err("give an e-mail address".to_owned()),
    }
}

/// Nobody but the sender can make deliveries of some senders.
fn check_signable(source: &Source) -> Result<(), Failure> {
    if source.can_sign() {
        return Ok(());
    }
    let what = format!(
        "deliveries to the source {} cannot be sent from here",
        source.name()
    );
    let means = match source.is_confirmed() {
        true => "Its sender is asked about each of them, and vouches only for its own.",
        false => "Its sender signs them with a key that only the sender has.",
    };
    Err(Failure::new(what)
        .means(means)
        .remedy(format!(
            "Let the sender send one. One that was captured can be tried: kartwheel sources try {} --request FILE",
            source.name()
        )))
}

fn no_id(source: &Source) -> Failure {
    let what = format!(
        "the source {} has no id that can be changed in it",
        source.name()
    );
    Failure::new(what)
        .means("Its events are known by their whole body, or the id stands where it cannot be written.")
        .remedy("Change something with --set, or send it as it is with --same-id.")
}

/// The source of this name.
///
/// # Errors
/// kartwheel.yaml has none; the text names the nearest.
pub(super) fn source(settings: &Config, name: &str) -> Result<Arc<Source>, Failure> {
    if let Some(source) = settings.sources.get(name) {
        return Ok(Arc::clone(source));
    }
    let names = settings.sources.keys().map(|name| &**name);
    let failure = Failure::new(format!("kartwheel.yaml has no source `{name}`"));
    Err(match nearest(name, names.clone()) {
        Some(near) => failure.remedy(format!("Did you mean {near}?")),
        None => failure.remedy(format!(
            "Its sources: {}",
            names.collect::<Vec<_>>().join(", ")
        )),
    })
}

/// What to send, and whether it is one of the source's samples.
fn letter(
    source: &Source,
    rules: &RuleSet,
    arguments: &Arguments,
) -> anyhow::Result<(Letter, bool)> {
    if let Some(path) = &arguments.file {
        return Ok((Letter::of_file(path)?, false));
    }
    let samples = source.samples();
    let sample = match &arguments.what {
        None => samples
            .iter()
            .find(|sample| is_taken(rules, source, sample.kind))
            .or(samples.first()),
        Some(word) => samples.iter().find(|sample| sample.kind == word),
    };
    if let Some(sample) = sample {
        return Ok((Letter::of_sample(sample), true));
    }
    let kinds: Vec<_> = samples.iter().map(|sample| sample.kind).collect();
    let failure = match &arguments.what {
        Some(word) if Path::new(word).is_file() => {
            return Ok((Letter::of_file(Path::new(word))?, false));
        }
        Some(word) => Failure::new(format!(
            "`{word}` is neither a sample of {} nor a file",
            source.name()
        )),
        None => Failure::new(format!("the source {} has no samples", source.name())),
    };
    Err(if kinds.is_empty() {
        failure.remedy("Give a file: kartwheel send SOURCE --file body.json")
    } else {
        failure.remedy(format!("Its samples: {}", kinds.join(", ")))
    }
    .into())
}

/// Whether a rule of the source takes events of this type.
fn is_taken(rules: &RuleSet, source: &Source, kind: &str) -> bool {
    rules.rules().iter().any(|rule| match &rule.trigger {
        Trigger::Webhook {
            source: name,
            events,
        } => {
            name == source.name()
                && (events.is_empty() || events.iter().any(|pattern| pattern.matches(kind)))
        }
        _ => false,
    })
}

fn list(source: &Source, json: bool, desk: &mut Desk) -> anyhow::Result<Exit> {
    let kinds: Vec<_> = source.samples().iter().map(|sample| sample.kind).collect();
    if json {
        desk.screen
            .json(&json!({"source": &**source.name(), "samples": kinds}))?;
    } else if kinds.is_empty() {
        desk.screen
            .text("No samples: a source without a preset has none. Send a file.")?;
    }
    for kind in kinds.into_iter().filter(|_| !json) {
        let command = format!("kartwheel send {} {kind}", source.name());
        desk.screen.line(&Line::new(command))?;
    }
    Ok(Exit::Done)
}

fn told(
    answered: &Answered,
    source: &Source,
    bytes: usize,
    json: bool,
    desk: &mut Desk,
) -> std::io::Result<()> {
    let millis = u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX);
    if json {
        return desk.screen.json_line(&json!({
            "source": &**source.name(), "status": answered.status, "answer": answered.answer, "bytes": bytes, "ms": millis,
        }));
    }
    let (tone, event) = match answered.event() {
        Some(event) if answered.is_taken() => (Tone::Good, format!("  event {}", short(event))),
        _ => (Tone::Bad, String::new()),
    };
    desk.screen.line(
        &Line::default()
            .add(tone, answered.status.to_string())
            .bold(event)
            .plain(format!("  {}", answered.said()))
            .dim(format!("  {bytes} bytes to {}, {millis} ms", source.name())),
    )?;
    desk.screen.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source as File;
    use crate::trigger::Home;
    use crate::yaml;

    #[test]
    fn a_delivery_that_only_its_sender_can_sign_is_not_tried() {
        let source = |entry: &str| {
            let file = File::new("kartwheel.yaml", entry);
            let mut problems = Vec::new();
            let node = yaml::parse(&file, &mut problems).remove(0);
            let home = Home::of(&|_| Some("whsec_dW51c2Vk".to_owned()));
            Source::parse("hooks", &node, &file, &home, &mut problems).expect("it is right")
        };
        let with_secret = source("{ preset: standard-webhooks, secret: env:SECRET }");
        assert!(check_signable(&with_secret).is_ok());
        let with_key = source(
            "{ preset: standard-webhooks, public_key: whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw= }",
        );
        let failure = check_signable(&with_key).expect_err("nobody here has the key");
        assert!(failure.to_string().contains("hooks"));
    }
}
