//! The metrics of the server, and the recorder that holds them and the engine's.

use std::sync::OnceLock;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Requests, by method, route and status.
pub(crate) const REQUESTS: &str = "watchbox_http_requests_total";
/// How long requests took until their answer began, by route.
pub(crate) const REQUEST_SECONDS: &str = "watchbox_http_request_seconds";
/// Bytes of events' bodies, as they were sent.
pub(crate) const INGESTED_BYTES: &str = "watchbox_ingested_bytes_total";
/// Events that were refused one by one.
pub(crate) const REFUSED: &str = "watchbox_events_refused_total";

/// Requests without a valid token or client certificate.
pub(crate) const STRANGERS: &str = "watchbox_strangers_total";
/// TLS handshakes that failed.
pub(crate) const TLS_FAILURES: &str = "watchbox_tls_failures_total";
/// When the server's TLS certificate ends, in seconds since the epoch.
pub(crate) const TLS_ENDS: &str = "watchbox_tls_certificate_ends_seconds";

/// Files of the watched folder, and the folder itself, that could not be taken in.
pub(crate) const FOLDER_ERRORS: &str = "watchbox_folder_errors_total";

/// The upper ends of the buckets of every histogram, in seconds.
const BUCKETS: [f64; 12] = [
    0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

/// The recorder of this process: made once, whoever asks first.
pub(crate) fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let builder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder of metrics is set: /metrics stays empty");
    }
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "Requests, by method, route and status"
    );
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "Time until the answer to a request began, by route"
    );
    describe_counter!(
        INGESTED_BYTES,
        Unit::Bytes,
        "Bytes of events' bodies, as they were sent"
    );
    describe_counter!(REFUSED, Unit::Count, "Events refused one by one");
    describe_counter!(
        STRANGERS,
        Unit::Count,
        "Requests without a valid token or client certificate"
    );
    describe_counter!(TLS_FAILURES, Unit::Count, "TLS handshakes that failed");
    for rare in [STRANGERS, TLS_FAILURES] {
        counter!(rare).increment(0);
    }
    describe_gauge!(
        TLS_ENDS,
        Unit::Seconds,
        "When the server's TLS certificate ends, since the epoch"
    );
    describe_counter!(
        FOLDER_ERRORS,
        Unit::Count,
        "What the artifacts folder had that could not be taken in"
    );
    handle
}
