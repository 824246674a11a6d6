//! The real program, used as its users do.

mod auth;
mod authority;
mod canaries;
mod cases;
mod cli;
mod dev;
mod folder;
mod hot_load;
mod ingest;
mod journal;
mod languages;
mod logs;
mod numbers;
mod powershell;
mod replay;
mod secrets;
mod shadow;
mod shutdown;
mod slack;
mod tls;
mod trail;
mod trust;
mod tutorial;
mod versions;
mod wasi_http;
