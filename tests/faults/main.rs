//! The real program, when things go wrong.

mod clock;
mod crash;
mod damage;
mod disk;
mod hostile;
#[path = "../e2e/numbers.rs"]
mod numbers;
mod power;
mod siege;
mod tools_of_today;
