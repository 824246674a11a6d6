//! The real program, when things go wrong.
