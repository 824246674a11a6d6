//! The real program, used as its users do.

mod auth;
mod authority;
mod cli;
mod folder;
mod hot_load;
mod ingest;
mod journal;
mod languages;
mod logs;
mod numbers;
mod powershell;
mod replay;
mod shadow;
mod shutdown;
mod slack;
mod tls;
mod trail;
mod versions;
mod wasi_http;
