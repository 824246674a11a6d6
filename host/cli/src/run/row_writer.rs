//! Rows as NDJSON, in one large buffer.

use std::io::{self, Write};

use watchbox_model::{
    Rows,
    row::{JsonEncoding, write_json},
};

/// When the buffer is written out.
const FULL: usize = 256 << 10;

/// Writes rows, one JSON object a line.
#[derive(Debug)]
pub struct RowWriter<W> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> RowWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            buffer: Vec::with_capacity(FULL + FULL / 4),
        }
    }

    /// Writes `rows`, now or later.
    pub fn write(&mut self, rows: &Rows) -> io::Result<()> {
        for row in rows.iter() {
            write_json(row, JsonEncoding::Api, &mut self.buffer);
            self.buffer.push(b'\n');
            if self.buffer.len() >= FULL {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes out what is in the buffer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }
}
