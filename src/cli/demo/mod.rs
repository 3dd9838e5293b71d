//! `kartwheel demo`: the main job with nothing to set up, told as it happens.

mod lead;
mod project;
mod scene;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use uuid::Uuid;

use super::desk::{Desk, http_client, load, usable};
use super::runs;
use super::screen::{Line, Screen, Tone};
use super::send::letter::Letter;
use super::send::post::{self, Answered};
use super::serve::{Launched, Signals, launch};
use super::{Exit, Failure};
use crate::app::Sockets;
use crate::kartra;
use crate::project::Strictness;
use crate::run::{Run, State, StepState};
use crate::store::{Reader, RunFilter};
use crate::trigger::Source;
use crate::web::api::ids::short;
use crate::web::api::story::Story;
use project::Folder;
use scene::{Expected, SCENES, Scene};

/// How long all of the demo may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How often it looks whether a run has ended.
const POLL: Duration = Duration::from_millis(20);
/// The most runs of one event that it looks at.
const RUNS_MAX: u32 = 10;

/// Watch the whole thing work, with nothing to set up
///
/// In a temporary folder, with a database of its own and the stand-in for Membrane and Kartra: it posts a signed Stripe purchase and
/// a signed Typeform sign-up to the daemon over HTTP, and shows every event, verdict, run, step and call, and the leads that
/// came of them. Exit code 0 only if all ended as the example rules say. Nothing leaves this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel demo\n  kartwheel demo --stay    keep it running to play with\n\nNext:\n  kartwheel init shop    a project of your own"
)]
pub(super) struct Arguments {
    /// Keep serving afterwards, until Ctrl-C
    #[arg(long)]
    stay: bool,
}

/// What the scenes are played on.
struct Stage {
    http: reqwest::Client,
    running: Launched,
    sources: std::collections::BTreeMap<Arc<str>, Arc<Source>>,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let folder = Folder::make(desk.clock.new_id())?;
    let played = tokio::select! {
        played = tokio::time::timeout(WITHIN, play(&folder, desk)) => played,
        () = signals.next() => return Err(Failure::new("the demo was stopped before its end").into()),
    };
    let (stage, wrong) = played.map_err(|_| too_slow())??;
    let screen = &mut desk.screen;
    for what in &wrong {
        screen.line(&Line::new("  ").add(Tone::Bad, what))?;
    }
    if wrong.is_empty() {
        screen
            .line(&Line::default().add(Tone::Good, "All of it ended as the example rules say."))?;
    } else {
        screen
            .line(&Line::default().add(Tone::Bad, "This did not end as the example rules say."))?;
    }
    if arguments.stay {
        stay(&folder, &stage, screen)?;
        signals.next().await;
    } else {
        next(screen)?;
    }
    stage.running.stop().await;
    Ok(if wrong.is_empty() {
        Exit::Done
    } else {
        Exit::Problems
    })
}

fn too_slow() -> Failure {
    Failure::new(format!(
        "the demo did not end within {} s",
        WITHIN.as_secs()
    ))
    .means("A run was still under way: see above which step it stood at.")
    .remedy("On a very slow machine try again; otherwise this is a bug worth reporting.")
}

/// Plays all scenes. Gives what was not as it should be.
async fn play(folder: &Folder, desk: &mut Desk) -> anyhow::Result<(Stage, Vec<String>)> {
    let project = load(folder.path(), Strictness::Sandbox)?;
    let (mut config, rules, broken) = usable(project, folder.path())?;
    if let Some(problem) = broken.first() {
        return Err(Failure::new("the example rules are broken")
            .means(problem)
            .into());
    }
    let sources = config.sources.clone();
    config.drain = Duration::from_secs(1);
    let clock = Arc::clone(&desk.clock);
    let running = launch(config, rules, true, clock, None, Sockets::default()).await?;
    folder.settle(running.app.webhook_address, running.app.console_address)?;
    let stage = Stage {
        http: http_client()?,
        running,
        sources,
    };
    opening(&stage, &mut desk.screen)?;
    let mut wrong = Vec::new();
    for (number, scene) in SCENES.iter().enumerate() {
        wrong.extend(stage.scene(number + 1, scene, desk).await?);
    }
    wrong.extend(stage.again(&SCENES[0], desk).await?);
    wrong.extend(stage.forged(&SCENES[0], desk).await?);
    Ok((stage, wrong))
}

impl Stage {
    /// One delivery, and all that comes of it.
    async fn scene(
        &self,
        number: usize,
        scene: &Scene,
        desk: &mut Desk,
    ) -> anyhow::Result<Vec<String>> {
        let expected = scene.expected()?;
        desk.screen.gap()?;
        desk.screen
            .line(&Line::default().bold(format!("{number}  {}", scene.title)))?;
        let answered = self.post(scene, scene.body, desk).await?;
        told(scene, &answered, &mut desk.screen)?;
        let Some(event) = answered.event().filter(|_| answered.is_taken()) else {
            return Ok(vec![format!("{}: the delivery was not taken", scene.title)]);
        };
        let reader = self.reader();
        let Some(run) = ended(reader, event, &expected).await? else {
            return Ok(vec![format!(
                "{}: no run of {}",
                scene.title, expected.rule
            )]);
        };
        let story = Story::load(reader, kartra::catalog(), run)
            .await
            .map_err(Failure::from)?;
        desk.screen.gap()?;
        runs::print_story(&mut desk.screen, &story)?;
        desk.screen.gap()?;
        let mut wrong = differences(&story, &expected);
        wrong.extend(self.account(&story, &mut desk.screen)?);
        Ok(wrong)
    }

    /// The same delivery once more: seen before, and nothing else happens.
    async fn again(&self, scene: &Scene, desk: &mut Desk) -> anyhow::Result<Vec<String>> {
        desk.screen.gap()?;
        let title = format!(
            "{}  Stripe sends the same once more, as senders do",
            SCENES.len() + 1
        );
        desk.screen.line(&Line::default().bold(title))?;
        let answered = self.post(scene, scene.body, desk).await?;
        told(scene, &answered, &mut desk.screen)?;
        let runs = match answered.event() {
            Some(event) => of_event(self.reader(), event).await?.len(),
            None => 0,
        };
        let right = answered.is_duplicate() && runs == 1;
        desk.screen.line(&Line::new("  ").dim(format!(
            "one event, {runs} run: nobody is charged or welcomed twice"
        )))?;
        Ok(if right {
            Vec::new()
        } else {
            vec!["the same delivery twice did not stay one event with one run".to_owned()]
        })
    }

    /// Somebody changes the amount and keeps the signature.
    async fn forged(&self, scene: &Scene, desk: &mut Desk) -> anyhow::Result<Vec<String>> {
        desk.screen.gap()?;
        let title = format!(
            "{}  Somebody who does not know the secret tries the same",
            SCENES.len() + 2
        );
        desk.screen.line(&Line::default().bold(title))?;
        let url = self.url(scene);
        let sent = self
            .http
            .post(&url)
            .header("content-type", "application/json");
        let answer = sent.body(scene.body).send().await;
        let status = answer
            .context("the forged delivery was not answered")?
            .status()
            .as_u16();
        desk.screen.line(
            &Line::new(format!("  POST {url}  unsigned  "))
                .add(
                    if status == 401 { Tone::Good } else { Tone::Bad },
                    status.to_string(),
                )
                .dim("  turned away, and counted"),
        )?;
        desk.screen.gap()?;
        Ok(if status == 401 {
            Vec::new()
        } else {
            vec![format!("an unsigned delivery was answered with {status}")]
        })
    }

    async fn post(&self, scene: &Scene, body: &str, desk: &Desk) -> anyhow::Result<Answered> {
        let source = self
            .sources
            .get(scene.source)
            .with_context(|| format!("the demo has no source {}", scene.source))?;
        let letter = Letter::new(body, "application/json");
        let now = desk.clock.now();
        Ok(post::post(&self.http, &self.url(scene), source, &letter, now).await?)
    }

    fn url(&self, scene: &Scene) -> String {
        format!(
            "http://{}/hooks/{}",
            self.running.app.webhook_address, scene.source
        )
    }

    fn reader(&self) -> &dyn Reader {
        &**self.running.app.store().reader()
    }

    /// Shows the person in the account, and says what the account lacks of what the calls were to bring about.
    fn account(&self, story: &Story, screen: &mut Screen) -> anyhow::Result<Vec<String>> {
        let sandbox = self
            .running
            .sandbox
            .as_ref()
            .context("the demo has its sandbox")?;
        let email = story.run.key.as_deref().unwrap_or_default();
        let Some(found) = sandbox.world().lead(email) else {
            return Ok(vec![format!("the account has no lead {email}")]);
        };
        screen.line(&Line::default().bold("In the Kartra account now"))?;
        lead::print(screen, &found)?;
        Ok(story
            .attempts
            .iter()
            .filter_map(|attempt| lead::missing(&found, attempt))
            .collect())
    }
}

fn opening(stage: &Stage, screen: &mut Screen) -> std::io::Result<()> {
    let app = &stage.running.app;
    screen.line(
        &Line::default()
            .bold("Kartwheel demo")
            .dim("  nothing leaves this machine"),
    )?;
    screen.line(&Line::new(format!(
        "  webhooks  http://{}",
        app.webhook_address
    )))?;
    if let Some(sandbox) = &stage.running.sandbox {
        screen.line(
            &Line::new(format!("  sandbox   {}", sandbox.url()))
                .dim("  stands in for Membrane and Kartra"),
        )?;
    }
    let files: Vec<_> = SCENES.iter().map(|scene| scene.file).collect();
    screen.line(&Line::new(format!("  rules     {}", files.join(", "))))
}

fn told(scene: &Scene, answered: &Answered, screen: &mut Screen) -> std::io::Result<()> {
    let tone = if answered.is_taken() {
        Tone::Good
    } else {
        Tone::Bad
    };
    let event = answered
        .event()
        .map(|event| format!("  event {}", short(event)))
        .unwrap_or_default();
    screen.line(
        &Line::new(format!(
            "  POST /hooks/{}  signed, {} bytes  ",
            scene.source,
            scene.body.len()
        ))
        .add(tone, format!("{} {}", answered.status, answered.said()))
        .plain(event)
        .dim(format!("  {} ms", answered.took.as_millis())),
    )
}

/// The event's run of the expected rule, once nothing more happens with it by itself.
async fn ended(
    reader: &dyn Reader,
    event: Uuid,
    expected: &Expected,
) -> anyhow::Result<Option<Run>> {
    loop {
        let runs = of_event(reader, event).await?;
        let Some(run) = runs.into_iter().find(|run| *run.rule == *expected.rule) else {
            return Ok(None);
        };
        if run.state.is_over() || matches!(run.state, State::NeedsPerson | State::Held) {
            return Ok(Some(run));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn of_event(reader: &dyn Reader, event: Uuid) -> Result<Vec<Run>, Failure> {
    let filter = RunFilter {
        event: Some(event),
        limit: RUNS_MAX,
        ..RunFilter::default()
    };
    Ok(reader.runs(&filter).await?)
}

/// What is not as the example says.
fn differences(story: &Story, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let id = short(story.run.id);
    if story.run.state != State::Done {
        wrong.push(format!(
            "run {id} of {} is {}, not done",
            expected.rule,
            story.run.state.name()
        ));
    }
    let steps = story.steps();
    let done: Vec<&str> = steps
        .iter()
        .filter(|step| matches!(step.progress.state, StepState::Ok | StepState::Already))
        .filter_map(|step| step.verb.as_deref())
        .collect();
    if done != expected.calls {
        wrong.push(format!(
            "run {id} of {} did {}, not {}",
            expected.rule,
            done.join(", "),
            expected.calls.join(", ")
        ));
    }
    wrong
}

fn next(screen: &mut Screen) -> std::io::Result<()> {
    screen.gap()?;
    screen.line(&Line::default().bold("Next"))?;
    screen
        .line(&Line::new("  kartwheel demo --stay    ").dim("keep it running, and play with it"))?;
    screen.line(&Line::new("  kartwheel init shop      ").dim("a project of your own"))
}

fn stay(folder: &Folder, stage: &Stage, screen: &mut Screen) -> std::io::Result<()> {
    let project = format!("kartwheel --project {}", folder.path().display());
    screen.gap()?;
    screen.line(&Line::default().bold("It keeps serving. In another shell:"))?;
    for command in [
        "send stripe",
        "runs list",
        "events follow",
        "pause --reason trying",
    ] {
        screen.line(&Line::new(format!("  {project} {command}")))?;
    }
    if let Some(sandbox) = &stage.running.sandbox {
        screen.line(&Line::new(format!(
            "  curl {}/_sandbox/leads",
            sandbox.url()
        )))?;
    }
    screen.line(&Line::default().dim("Ctrl-C ends it and removes its folder."))?;
    screen.flush()
}
