//! The program as a shell sees it: what it prints, and what it ends with. No server is needed here; the tests with
//! one are in `tests/` at the top of the repository.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail the test they help"
)]

mod completions;
mod component;
mod grants;
mod inspect;
mod program;
mod run;
mod usage;
