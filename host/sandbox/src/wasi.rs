//! WASI for components that bring it along, backed by nothing: no files, no environment, no arguments, no sockets.
//!
//! What is left is what a language's runtime can't start without: random numbers and a clock that only measures are
//! real, since they tell nothing of the machine; the wall clock is the turn's time; and what is written to the
//! standard streams joins the lines that the artifact logs, under the same grant and limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use wasmtime_wasi::{
    HostWallClock, ResourceTable, WasiCtx, WasiCtxBuilder,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};
use watchbox_model::{Level, Time};

use crate::{Authority, capabilities::http::WasiHttp, lines::Lines};

/// The most random bytes of one call: the host makes them before the guest's memory limit sees them.
const RANDOM: u64 = 1 << 20;

/// The most bytes of one write to a standard stream.
const WRITE: usize = 64 << 10;

/// The WASI of one instance; made only for a guest that calls it.
pub(crate) struct Wasi {
    pub(crate) context: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) http: WasiHttp,
}

impl Wasi {
    /// An inert WASI whose standard streams write to `lines`, and whose wall clock is `now`.
    pub(crate) fn new(authority: &Arc<Authority>, lines: &Lines, now: &Now) -> Self {
        let stream = |level| Standard {
            authority: authority.clone(),
            lines: lines.clone(),
            level,
            partial: Vec::new(),
        };
        let mut builder = WasiCtxBuilder::new();
        builder
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(RANDOM)
            .wall_clock(now.clone())
            .stdout(stream(Level::Info))
            .stderr(stream(Level::Warn));
        let mut table = ResourceTable::new();
        table.set_max_capacity(1_000);
        Self {
            context: builder.build(),
            table,
            http: WasiHttp::default(),
        }
    }
}

/// The turn's time, shared with the wall clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Now(Arc<AtomicI64>);

impl Now {
    /// A turn begins at `time`.
    pub(crate) fn set(&self, time: Time) {
        self.0.store(time.micros(), Ordering::Relaxed);
    }
}

impl HostWallClock for Now {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0))
    }
}

/// A standard stream: each line that is complete becomes a message.
struct Standard {
    authority: Arc<Authority>,
    lines: Lines,
    level: Level,
    partial: Vec<u8>,
}

impl Standard {
    fn take(&mut self, bytes: &[u8]) {
        let max = self.lines.max_bytes();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            // One byte more than is kept, so that the cut shows.
            let room = (max + 1).saturating_sub(self.partial.len());
            self.partial
                .extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && self.authority.grants().log {
            self.lines.artifact(self.level, text);
        }
    }
}

impl Drop for Standard {
    fn drop(&mut self) {
        // The last words of a guest that did not get to end its line.
        self.end_line();
    }
}

impl IsTerminal for Standard {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Standard {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Asked for by WASI 0.3 alone, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self {
            authority: self.authority.clone(),
            lines: self.lines.clone(),
            level: self.level,
            partial: Vec::new(),
        })
    }
}

impl OutputStream for Standard {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Standard {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use watchbox_model::Limits;

    use wasmtime_wasi::{
        cli::WasiCliView as _,
        filesystem::WasiFilesystemView as _,
        p2::bindings::{
            cli::environment::Host as _,
            filesystem::preopens::Host as _,
            random::random::Host as _,
            sockets::{
                instance_network::Host as _, ip_name_lookup::Host as _, network::IpAddressFamily,
                tcp_create_socket::Host as _, udp_create_socket::Host as _,
            },
        },
        random::WasiRandomView as _,
        sockets::WasiSocketsView as _,
    };

    use super::*;
    use crate::testing::{self, Outside};

    #[tokio::test]
    async fn behind_it_is_nothing() {
        let mut guest = testing::guest("log: true", &Outside::default());
        assert_eq!(guest.cli().get_environment().unwrap(), []);
        assert_eq!(guest.cli().get_arguments().unwrap(), [""; 0]);
        assert_eq!(guest.cli().initial_cwd().unwrap(), None);
        assert_eq!(guest.filesystem().get_directories().unwrap().len(), 0);
        let mut sockets = guest.sockets();
        assert!(sockets.create_tcp_socket(IpAddressFamily::Ipv4).is_err());
        assert!(
            sockets
                .create_udp_socket(IpAddressFamily::Ipv6)
                .await
                .is_err()
        );
        let network = sockets.instance_network().unwrap();
        assert!(
            sockets
                .resolve_addresses(network, "localhost".to_owned())
                .is_err()
        );
        assert_eq!(
            guest.random().get_random_bytes(RANDOM).unwrap().len(),
            1 << 20
        );
        assert!(guest.random().get_random_bytes(RANDOM + 1).is_err());
    }

    fn said(grants: &str, write: impl FnOnce(&mut Box<dyn OutputStream>)) -> Vec<String> {
        let lines = Lines::default();
        lines.begin(&Limits {
            log_line_bytes: 16,
            ..Limits::default()
        });
        let authority = Arc::new(testing::authority_with(grants));
        let stream = Standard {
            authority,
            lines: lines.clone(),
            level: Level::Warn,
            partial: Vec::new(),
        };
        let mut out = stream.p2_stream();
        write(&mut out);
        drop(out);
        lines
            .finish()
            .0
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    #[test]
    fn lines_are_put_together_and_the_last_one_needs_no_end() {
        let lines = said("log: true", |out| {
            for part in ["one\ntw", "o\r\n\n", "0123456789abcdefghij\n", "last"] {
                out.write(Bytes::from_static(part.as_bytes())).unwrap();
            }
        });
        assert_eq!(lines, ["one", "two", "0123456789abc…", "last"]);
    }

    #[test]
    fn without_the_grant_nothing_is_kept() {
        let lines = said("log: false", |out| {
            out.write(Bytes::from_static(b"a secret plan\n")).unwrap();
        });
        assert!(lines.is_empty());
    }

    #[test]
    fn the_wall_clock_is_the_turns_time() {
        let now = Now::default();
        now.set(Time::from_micros(1_700_000_000_000_001));
        assert_eq!(
            HostWallClock::now(&now),
            Duration::from_micros(1_700_000_000_000_001)
        );
        now.set(Time::from_micros(-5));
        assert_eq!(HostWallClock::now(&now), Duration::ZERO);
    }
}
