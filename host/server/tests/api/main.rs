//! The HTTP API over a real engine and a real store, called in the process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy takes the helpers of an integration test for a program's code"
)]

mod acts;
mod auth;
mod bad_input;
mod browser;
mod clients;
mod ending;
mod guest;
mod harness;
mod ingest;
mod live;
mod logs;
mod openapi;
mod problems;
mod replay;
mod secrets;
mod serve;
mod table;
mod trail;
mod versions;
mod widening;
