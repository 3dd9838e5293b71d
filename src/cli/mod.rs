//! The commands. Each is a file with its arguments, its help, and what it does.
//!
//! To add one: a file here, one variant of `Command`, one arm of `carry_out`.
//! What they share is on the `desk`: the project, its database to read, and whoever carries out changes (the daemon, or the command itself).

mod actions;
mod backup;
mod catalog;
mod check;
mod connect;
mod connection;
mod demo;
mod desk;
mod doctor;
mod events;
mod failure;
mod health;
mod init;
mod login;
mod pause;
mod request;
mod restore;
mod resume;
mod runs;
mod sandbox;
mod screen;
mod selftest;
mod send;
mod serve;
mod sources;
mod verify;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::Handed;
use crate::clock::SystemClock;
use crate::config::Env;

use desk::Desk;
use failure::Failure;
use screen::Screen;

/// The heading of the options that all commands have.
const EVERYWHERE: &str = "Options of all commands";

/// Turns webhooks into actions in a Kartra account, as YAML rules say.
#[derive(Debug, Parser)]
#[command(
    name = "kartwheel",
    version,
    after_help = "New here?\n  kartwheel demo         watch the whole thing work, with nothing to set up\n  kartwheel init shop    a project of your own, ready to serve against the sandbox\n\n\
                  Exit codes: 0 done, 1 found problems, 2 could not.\n\
                  `kartwheel help COMMAND` says what a command does, with examples.",
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Arguments {
    /// The project: the folder with kartwheel.yaml, rules/ and .env
    #[arg(
        long,
        alias = "dir",
        global = true,
        value_name = "DIR",
        default_value = ".",
        help_heading = EVERYWHERE
    )]
    project: PathBuf,

    /// Plain text, also on a terminal (NO_COLOR does the same)
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    no_color: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Serve(serve::Arguments),
    Check(check::Arguments),
    Login(login::Arguments),
    Connect(connect::Arguments),
    Connection(connection::Arguments),
    Actions(actions::Arguments),
    Request(request::Arguments),
    Catalog(catalog::Arguments),
    Doctor(doctor::Arguments),
    Sources(sources::Arguments),
    Send(send::Arguments),
    Events(events::Arguments),
    Runs(runs::Arguments),
    Health(health::Arguments),
    Pause(pause::Arguments),
    Resume(resume::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Verify(verify::Arguments),
    Sandbox(sandbox::Arguments),
    Selftest(selftest::Arguments),
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and it found problems.
    Problems,
}

/// Reads the command line and carries it out.
///
/// # Errors
/// The command could not do its work: the error says what happened, what it means and what to do.
pub fn run() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let colour = !arguments.no_color && !desk::no_color() && io::stdout().is_terminal();
    let mut desk = Desk {
        project: arguments.project,
        screen: Screen::new(Box::new(io::stdout()), colour),
        clock: Arc::new(SystemClock),
        handed: Handed::of(&Env::of_process()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(carry_out(arguments.command, &mut desk)) {
        Ok(Exit::Done) => Ok(ExitCode::SUCCESS),
        Ok(Exit::Problems) => Ok(ExitCode::from(1)),
        // `kartwheel runs list | head`: whoever reads has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

async fn carry_out(command: Command, desk: &mut Desk) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, desk).await,
        Command::Init(arguments) => init::run(&arguments, desk),
        Command::Serve(arguments) => serve::run(arguments, desk).await,
        Command::Check(arguments) => check::run(&arguments, desk).await,
        Command::Login(arguments) => login::run(arguments, desk).await,
        Command::Connect(arguments) => connect::run(arguments, desk).await,
        Command::Connection(arguments) => connection::run(arguments, desk).await,
        Command::Actions(arguments) => actions::run(arguments, desk).await,
        Command::Doctor(arguments) => doctor::run(&arguments, desk).await,
        Command::Request(arguments) => request::run(&arguments, desk).await,
        Command::Catalog(arguments) => catalog::run(arguments, desk).await,
        Command::Sources(arguments) => sources::run(arguments, desk).await,
        Command::Send(arguments) => send::run(arguments, desk).await,
        Command::Events(arguments) => events::run(arguments, desk).await,
        Command::Runs(arguments) => runs::run(arguments, desk).await,
        Command::Health(arguments) => health::run(&arguments, desk).await,
        Command::Pause(arguments) => pause::run(arguments, desk).await,
        Command::Resume(arguments) => resume::run(arguments, desk).await,
        Command::Backup(arguments) => backup::run(&arguments, desk).await,
        Command::Restore(arguments) => restore::run(&arguments, desk).await,
        Command::Verify(arguments) => verify::run(&arguments, desk).await,
        Command::Sandbox(arguments) => sandbox::run(arguments, desk).await,
        Command::Selftest(arguments) => selftest::run(arguments, desk).await,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Names, about and arguments of every command, for the tests.
#[must_use]
pub fn definition() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_tree_is_sound() {
        super::definition().debug_assert();
    }
}
