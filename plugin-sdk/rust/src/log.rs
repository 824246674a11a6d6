//! Writes lines for the operator, kept whether the turn counts or not. Needs the grant `log`.
//!
//! The macros format as `format!` does:
//!
//! ```
//! watchbox_sdk::warn!("{} events could not be read", 3);
//! ```

use std::fmt;

use crate::host;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of use only while looking for a mistake.
    Debug,
    /// The normal course of things.
    Info,
    /// Odd, but dealt with.
    Warn,
    /// Something failed that the operator should look at.
    Error,
}

/// Writes a line. Never fails: one that is not granted, or too much, is dropped and counted by the host; one that is too long is cut.
pub fn write(level: Level, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(text) => host::log(level, text),
        None => host::log(level, &message.to_string()),
    }
}

/// Writes a line of level [`Level::Debug`].
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Debug, ::std::format_args!($($message)+)) };
}

/// Writes a line of level [`Level::Info`].
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Info, ::std::format_args!($($message)+)) };
}

/// Writes a line of level [`Level::Warn`].
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Warn, ::std::format_args!($($message)+)) };
}

/// Writes a line of level [`Level::Error`].
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Error, ::std::format_args!($($message)+)) };
}
