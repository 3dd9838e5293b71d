//! All integration tests in one binary: faster to link, and shared code is a module.

mod api;
mod cli;
mod daemon;
mod manual;
mod membrane;
mod rules;
mod sandbox;
mod sdk;
mod signatures;
mod tidy;
