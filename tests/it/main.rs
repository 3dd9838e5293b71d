//! All integration tests in one binary: faster to link, and shared code is a module.

mod api;
mod check;
mod cli;
mod crash;
mod daemon;
mod engine;
mod faults;
mod ingress;
mod manual;
mod membrane;
mod migrations;
mod rules;
mod sandbox;
mod sdk;
mod signatures;
mod store;
mod tidy;
mod verbs;
mod world;
