//! `kartwheel selftest`: campaigns with the real binary that try to make it lose an event or do one twice.
//!
//! To add a campaign: a variant of `Campaign`, its line in `about`, its arm in `play`. Each has a `Stage` of its own, sends its load,
//! does its harm, lets every run come to its end, and has it judged.

mod chance;
mod clock;
mod daemon;
mod disk;
mod fault;
mod judge;
mod kill;
mod load;
mod project;
mod restart;
mod rules;
mod shift;
mod shim;
mod stage;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::screen::{Line, Screen, Table, Tone};
use super::serve::Signals;
use super::{Desk, Exit, Failure};
use crate::clock::{SharedClock, SystemClock};
use chance::Chance;
use shift::ShiftedClock;
use stage::Stage;

/// What is shown in the end.
const TABLE: Table = Table::new(&[
    ("CAMPAIGN", 10),
    ("HELD", 7),
    ("SECONDS", 8),
    ("TAKEN", 7),
    ("RUNS", 7),
    ("EFFECTS", 8),
]);

/// Try to make it lose an event, or do one twice
///
/// Starts daemons of this very binary in temporary folders, with the stand-in for Membrane and Kartra, sends them signed deliveries
/// without a pause, and does them harm: kills, restarts, full disks, clocks that are set. After each campaign it judges: whatever
/// was answered with a 200 is an event and is done, what must not be done twice is not, and what concerns one person is done in
/// order. Exit code 0: all of it held; 1: something did not. Nothing of it is left afterwards, and nothing leaves this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel selftest\n  kartwheel selftest --only kill --kills 500 --seed 7\n  kartwheel selftest --only restart,clock --json\n\n\
                  With a disk that answers EIO (from a checkout; needs a C compiler):\n  cc -shared -fPIC -o /tmp/fails.so tests/shim/fails.c\n  kartwheel selftest --only fault --shim /tmp/fails.so"
)]
pub(super) struct Arguments {
    /// How many kills
    #[arg(long, value_name = "N", default_value_t = 30)]
    kills: u64,
    /// How many restarts
    #[arg(long, value_name = "N", default_value_t = 10)]
    restarts: u64,
    /// How many disk faults
    #[arg(long, value_name = "N", default_value_t = 6)]
    faults: u64,
    /// Where chance begins; the same seed does the same harm [default: another one each time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// These campaigns only
    #[arg(long, value_enum, value_name = "CAMPAIGN", value_delimiter = ',')]
    only: Vec<Campaign>,
    /// The compiled tests/shim/fails.c, which makes a disk fail
    #[arg(long, value_name = "FILE")]
    shim: Option<PathBuf>,
    /// One object for programs; nothing while it runs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Campaign {
    /// The daemon is killed under load, and stopped in its tracks
    Kill,
    /// It is restarted under load on a socket that outlives it: nobody is turned away
    Restart,
    /// The disk runs full, and is freed
    Full,
    /// The database file cannot be written
    ReadOnly,
    /// The disk answers EIO, or an fsync fails (needs --shim)
    Fault,
    /// The clock is set by an hour and by a year, forward and back
    Clock,
    /// Membrane is away for an hour
    Away,
    /// Rules change in the middle
    Rules,
    /// A second daemon wants the same database
    Second,
}

/// What all campaigns go by.
struct Setting {
    exe: PathBuf,
    seed: u64,
    kills: u64,
    restarts: u64,
    faults: u64,
    shim: Option<PathBuf>,
}

/// What a campaign came to.
#[derive(Debug, Default)]
struct Outcome {
    deliveries: usize,
    runs: usize,
    effects: usize,
    notes: Vec<String>,
    broken: Vec<String>,
}

impl Outcome {
    /// Adds something that is worth knowing.
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// How a campaign ended.
enum Ended {
    /// It was judged.
    Judged(Outcome),
    /// It cannot be had here.
    Skipped(String),
}

/// Says how far a campaign is.
struct Progress<'a> {
    name: String,
    screen: Option<&'a mut Screen>,
}

impl Progress<'_> {
    fn round(&mut self, round: u64, rounds: u64, what: &str) -> io::Result<()> {
        self.say(&format!("{round}/{rounds} {what}"))
    }

    fn say(&mut self, what: &str) -> io::Result<()> {
        let Some(screen) = &mut self.screen else {
            return Ok(());
        };
        screen.line(&Line::new(format!("  {:<10}", self.name)).dim(what))?;
        screen.flush()
    }
}

/// A campaign, and how it ended.
struct Report {
    campaign: Campaign,
    ended: Ended,
    took: Duration,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let seed = arguments.seed.unwrap_or_else(|| fresh(&desk.clock));
    let setting = Setting {
        exe: std::env::current_exe().context("the binary does not know where it is")?,
        seed,
        kills: arguments.kills,
        restarts: arguments.restarts,
        faults: arguments.faults,
        shim: arguments.shim.map(std::path::absolute).transpose()?,
    };
    let campaigns = match &*arguments.only {
        [] => Campaign::value_variants(),
        only => only,
    };
    if !arguments.json {
        desk.screen.line(
            &Line::default()
                .bold("Kartwheel selftest")
                .dim(format!("  seed {seed}; nothing leaves this machine")),
        )?;
    }
    let mut reports = Vec::new();
    for campaign in campaigns {
        let began = Instant::now();
        let screen = (!arguments.json).then_some(&mut desk.screen);
        let progress = Progress {
            name: campaign.name(),
            screen,
        };
        let ended = tokio::select! {
            ended = campaign.play(&setting, progress) => ended,
            () = signals.next() => return Err(Failure::new("the selftest was stopped before its end").into()),
        };
        reports.push(Report {
            campaign: *campaign,
            ended: ended.unwrap_or_else(|error| Ended::Judged(did_not_end(&error))),
            took: began.elapsed(),
        });
    }
    if arguments.json {
        desk.screen.json(&as_json(seed, &reports))?;
    } else {
        print(seed, &reports, &mut desk.screen)?;
    }
    let held = reports.iter().all(|report| report.broken().is_empty());
    Ok(if held { Exit::Done } else { Exit::Problems })
}

/// A seed that nobody has seen.
fn fresh(clock: &SharedClock) -> u64 {
    let (high, low) = clock.new_id().as_u64_pair();
    // Short enough to be typed again.
    (high ^ low.rotate_left(32)) % 1_000_000_000
}

fn did_not_end(error: &anyhow::Error) -> Outcome {
    Outcome {
        broken: vec![format!("it did not come to its end: {error:#}")],
        ..Outcome::default()
    }
}

impl Campaign {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    async fn play(self, setting: &Setting, mut progress: Progress<'_>) -> anyhow::Result<Ended> {
        let chance = &mut Chance::of(setting.seed, &self.name());
        let progress = &mut progress;
        let shifted = Arc::new(ShiftedClock::new());
        let (ours, machines) = (Arc::clone(&shifted), Arc::new(SystemClock));
        let mut stage = match self {
            Self::Clock => Stage::set(setting, ours, machines).await?,
            Self::Away => Stage::set(setting, Arc::clone(&shifted) as SharedClock, ours).await?,
            _ => Stage::set(setting, Arc::clone(&machines) as SharedClock, machines).await?,
        };
        let judged = match self {
            Self::Full => return disk::full(&stage, chance, progress).await,
            Self::ReadOnly => return disk::read_only(&stage, chance, progress).await,
            Self::Fault => return fault::faults(&stage, chance, progress).await,
            Self::Kill => kill::kills(&stage, chance, progress).await,
            Self::Restart => restart::restarts(&stage, chance, progress).await,
            Self::Clock => clock::jumps(&stage, &shifted, chance, progress).await,
            Self::Away => clock::away(&mut stage, &shifted, chance, progress).await,
            Self::Rules => rules::changes(&stage, chance, progress).await,
            Self::Second => rules::second(&stage, chance, progress).await,
        };
        judged.map(Ended::Judged)
    }
}

impl Report {
    fn broken(&self) -> &[String] {
        match &self.ended {
            Ended::Judged(outcome) => &outcome.broken,
            Ended::Skipped(_) => &[],
        }
    }

    fn word(&self) -> (Tone, &'static str) {
        match &self.ended {
            Ended::Skipped(_) => (Tone::Warn, "skipped"),
            Ended::Judged(outcome) if outcome.broken.is_empty() => (Tone::Good, "held"),
            Ended::Judged(_) => (Tone::Bad, "BROKEN"),
        }
    }

    fn row(&self) -> Line {
        let (tone, word) = self.word();
        let plain = |text: String| (Tone::Plain, text);
        let (taken, runs, effects) = match &self.ended {
            Ended::Judged(it) => (it.deliveries, it.runs, it.effects),
            Ended::Skipped(_) => (0, 0, 0),
        };
        TABLE.row(&[
            plain(self.campaign.name()),
            (tone, word.to_owned()),
            plain(format!("{:.1}", self.took.as_secs_f64())),
            plain(taken.to_string()),
            plain(runs.to_string()),
            plain(effects.to_string()),
        ])
    }

    /// What is worth knowing of it.
    fn notes(&self) -> &[String] {
        match &self.ended {
            Ended::Judged(outcome) => &outcome.notes,
            Ended::Skipped(why) => std::slice::from_ref(why),
        }
    }

    fn json(&self) -> Value {
        let base = json!({
            "campaign": self.campaign.name(),
            "result": self.word().1.to_lowercase(),
            "seconds": self.took.as_secs_f64(),
        });
        let more = match &self.ended {
            Ended::Judged(it) => json!({
                "taken": it.deliveries,
                "runs": it.runs,
                "effects": it.effects,
                "notes": it.notes,
                "broken": it.broken,
            }),
            Ended::Skipped(why) => json!({ "why": why }),
        };
        match (base, more) {
            (Value::Object(mut base), Value::Object(more)) => {
                base.extend(more);
                Value::Object(base)
            }
            (base, _) => base,
        }
    }
}

fn as_json(seed: u64, reports: &[Report]) -> Value {
    let campaigns: Vec<Value> = reports.iter().map(Report::json).collect();
    json!({ "seed": seed, "campaigns": campaigns })
}

fn print(seed: u64, reports: &[Report], screen: &mut Screen) -> io::Result<()> {
    screen.gap()?;
    screen.line(&TABLE.head())?;
    for report in reports {
        screen.line(&report.row())?;
        for note in report.notes() {
            screen.line(&Line::new("            ").dim(note))?;
        }
    }
    screen.gap()?;
    let mut broken = 0;
    for report in reports {
        for what in report.broken() {
            broken += 1;
            let name = format!("  {}: ", report.campaign.name());
            screen.line(&Line::new(name).add(Tone::Bad, what))?;
        }
    }
    if broken > 0 {
        return screen.line(
            &Line::default()
                .add(Tone::Bad, "It did not hold.")
                .plain(format!(" The same again: --seed {seed}")),
        );
    }
    screen.line(
        &Line::default()
            .add(Tone::Good, "All of it held.")
            .dim(format!("  seed {seed}")),
    )
}
