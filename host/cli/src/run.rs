//! An artifact run without a server: its events from a file, or its ticks from a clock that jumps; clients, labels and
//! state in memory.
//!
//! A thread reads and filters ([`feed`]) while the guest works on what passed ([`session`]). Of an event that does
//! not pass, nothing but the columns that the filter asks for is ever looked at.

mod batches;
mod client_file;
mod feed;
mod lines;
mod progress;
mod row_writer;
mod session;
mod summary;

pub use batches::Batches;
pub use client_file::read_clients;
pub use feed::Feed;
pub use progress::Progress;
pub use row_writer::RowWriter;
pub use session::Session;
use summary::Summary;
