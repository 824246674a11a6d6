//! The real program, when things go wrong.

mod crash;
mod disk;
mod hostile;
#[path = "../e2e/numbers.rs"]
mod numbers;
