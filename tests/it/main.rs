//! All integration tests in one binary: faster to link, and shared code is a module.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends there; clippy knows test functions by their mark, but not what they call"
)]

mod accounts;
mod addresses;
mod again;
mod alerts;
mod api;
mod away;
mod batches;
mod breaker;
mod by_hand;
mod check;
mod cli;
mod credentials;
mod crowds;
mod daemon;
mod dropped;
mod echoes;
mod engine;
mod examples;
mod faults;
mod guards;
mod holds;
mod hostile;
mod identity;
mod ingress;
mod intents;
mod kartra;
mod kept;
mod lapse;
mod looking;
mod lookup;
mod manual;
mod membrane;
mod migrations;
mod pace;
mod plan;
mod random;
mod retention;
mod rules;
mod sandbox;
mod sdk;
mod selftest;
mod senders;
mod setup;
mod setup_states;
mod signatures;
#[cfg(debug_assertions)]
mod sim;
mod sources;
mod standstill;
mod store;
mod table;
mod tidy;
mod transcripts;
mod vendors;
mod verbs;
mod verdicts;
mod verify;
mod world;
