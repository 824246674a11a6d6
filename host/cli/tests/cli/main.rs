//! The program as a shell sees it: what it prints, and what it ends with. No server is needed here; the tests with
//! one are in `tests/` at the top of the repository.

mod completions;
mod component;
mod inspect;
mod program;
mod run;
mod usage;
