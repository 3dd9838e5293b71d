//! All integration tests in one binary: faster to link, and shared code is a module.

mod api;
mod cli;
mod crash;
mod engine;
mod manual;
mod membrane;
#[cfg(test)]
mod migrations;
mod rules;
mod sandbox;
mod sdk;
mod signatures;
#[cfg(test)]
mod store;
mod tidy;
mod world;
