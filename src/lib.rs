//! Kartwheel turns webhooks and schedules into actions in a Kartra account, as YAML rules say.

/// The program is at a point where a test can have it die or wait: see `failpoint`. Nothing at all in a release build.
macro_rules! failpoint {
    ($point:literal) => {
        #[cfg(debug_assertions)]
        let _ = $crate::failpoint::at($point).await;
    };
}

pub mod account;
pub mod action;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod event;
#[cfg(debug_assertions)]
pub mod failpoint;
pub mod kartra;
pub mod membrane;
pub mod outside;
pub mod problem;
pub mod project;
pub mod rule;
pub mod run;
pub mod sandbox;
pub mod store;
pub mod trigger;
pub mod web;
pub mod yaml;
