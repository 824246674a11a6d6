//! The HTTP API: one file a subject, and the OpenAPI document that is made from them.

mod artifacts;
mod audit;
mod audit_report;
mod backup;
mod clients;
mod dead_letters;
mod health;
mod json_body;
mod logs;
mod openapi;
pub mod problem;
mod reading;
mod replay;
mod secrets;
mod shadow;
mod table;
mod tokens;
pub mod types;
mod versions;

pub(crate) use artifacts::Inspections;
pub(crate) use health::StoreCheck;
pub use openapi::document;
pub(crate) use reading::{Reader, must_be_installed};

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, ingest, live};

/// The most items of one page of a listing.
const MAX_PAGE: u32 = 1_000;

/// The items of a page where nothing is said.
const PAGE: u32 = 100;

/// Every route, with what the document says of it. An uploaded component may have `component` bytes.
pub(crate) fn routes(component: usize) -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(ingest::ingest, logs::events))
        .routes(routes!(live::events))
        .routes(routes!(logs::rows))
        .routes(routes!(live::rows))
        .routes(routes!(logs::messages))
        .routes(routes!(live::messages))
        .routes(routes!(logs::list))
        .merge(artifacts::routes(component))
        .routes(routes!(table::list))
        .routes(routes!(
            table::show,
            table::install,
            table::change,
            table::remove
        ))
        .routes(routes!(versions::list))
        .routes(routes!(versions::rollback))
        .routes(routes!(versions::approve))
        .routes(routes!(versions::reject))
        .routes(routes!(secrets::list_all))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set))
        .routes(routes!(secrets::rotate))
        .routes(routes!(replay::replay))
        .routes(routes!(shadow::report, shadow::start, shadow::stop))
        .routes(routes!(shadow::promote))
        .routes(routes!(clients::list))
        .routes(routes!(clients::show, clients::put, clients::remove))
        .routes(routes!(clients::labels))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::checkpoints))
        .routes(routes!(live::trail))
        .routes(routes!(audit_report::report))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::show, dead_letters::drop_letter))
        .routes(routes!(dead_letters::redrive))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::rotate))
        .routes(routes!(tokens::revoke))
        .routes(routes!(backup::create))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::serve))
}
