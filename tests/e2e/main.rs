//! The real program, used as its users do.
