//! What the end-to-end tests, the demo and the benchmarks share: they run the real program and talk to it as anybody would,
//! over HTTP and through its command line.
//!
//! Nothing here links to the product's crates. Blocking on purpose: a test reads from top to bottom.

mod api;
mod build;
mod echo;
mod eventually;
mod home;
mod live;
mod machine;
pub mod mailpit;
pub mod opensearch;
mod running;
pub mod sample;
mod server;
mod service;
pub mod siege;
mod sink;
pub mod slack;
pub mod toolchains;

/// The languages, beside Rust, that there is an SDK for: the names of their folders in `plugin-sdk/`.
pub const LANGUAGES: [&str; 4] = ["python", "javascript", "c", "go"];

pub use api::{Answer, Api};
pub use build::Build;
pub use echo::Echo;
pub use eventually::eventually;
pub use home::Home;
pub use live::{Live, LiveRow};
pub use machine::{Cut, Disk, Machine};
pub use opensearch::OpenSearch;
pub use running::Running;
pub use server::{Finished, Server};
pub use service::{Asked, Service, Told};
pub use sink::{Received, Reply, Sink};
