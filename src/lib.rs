//! Kartwheel turns webhooks and schedules into actions in a Kartra account, as YAML rules say.

pub mod account;
pub mod action;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod event;
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
