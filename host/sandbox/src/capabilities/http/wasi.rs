//! `wasi:http`: the standard's way of asking for a request, for components that bring it along. It leads to the same errand as the contract's: under the
//! same grant, through the same gate, journal, limits and way out.
//!
//! wasmtime's own crate keeps the requests, headers and bodies while a guest puts them together; nothing of it sends anything. A request is decided
//! when it is handed over, before its body is there. The body is then collected under the limit, sent as a whole, and the answer given when all of it is in.
//! What was begun is seen through before the turn ends, also where the guest does not wait for it.

use std::{mem, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
    task::JoinHandle,
};
use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi_http::{
    Error as WasiError, RequestOptions, WasiBody, WasiHttpHooks,
    p2::{
        bindings::http::types::{ErrorCode, Method, Scheme},
        body::HyperOutgoingBody,
        types::{HostFutureIncomingResponse, HostOutgoingRequest},
    },
};
use watchbox_model::{Capability, grants::Denied};

use super::errand::{self, Errand};
use crate::{
    TurnFailure,
    bindings::watchbox::artifact::http::{Error, Header, Request, Response, Text},
    guest::{Ended, Guest},
};

/// The interface that is served here.
pub(crate) const HANDLER: &str = "wasi:http/outgoing-handler";

/// The most requests of an instance that are not over and not read: each may hold a body, and an answer, in the host's memory.
const AT_ONCE: usize = 16;

/// The most memory of a set of headers while it is put together.
const FIELDS: usize = 32 << 10;

/// The most bytes of one write to a body.
const WRITE: usize = 64 << 10;

type Answer = http::Response<WasiBody>;

/// What an instance keeps of `wasi:http` from turn to turn.
pub(crate) struct WasiHttp {
    pub(crate) context: wasmtime_wasi_http::WasiHttpCtx,
    pub(crate) no_way_out: NoWayOut,
    /// One for each request until its answer is read.
    slots: Arc<Semaphore>,
}

impl Default for WasiHttp {
    fn default() -> Self {
        let mut context = wasmtime_wasi_http::WasiHttpCtx::new();
        context.set_field_size_limit(FIELDS);
        Self {
            context,
            no_way_out: NoWayOut,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// What wasmtime's crate would send by, were it asked to send anything.
pub(crate) struct NoWayOut;

impl WasiHttpHooks for NoWayOut {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), WasiError>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Answer, Io), WasiError>> + Send> {
        Box::new(async { Err(WasiError::HttpRequestDenied) })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE
    }
}

type Io = Box<dyn Future<Output = Result<(), WasiError>> + Send>;

/// The requests of a turn that are not over.
#[derive(Default)]
pub(crate) struct UnderWay {
    tasks: Vec<JoinHandle<Result<(), Ended>>>,
    /// Gone when the turn is over.
    turn: Option<watch::Sender<()>>,
}

/// Links the handler, of this version.
pub(crate) fn link_handler(linker: &mut Linker<Guest>, version: &str) -> wasmtime::Result<()> {
    let handle = |mut store: StoreContextMut<'_, Guest>,
                  (request, options): (
        Resource<HostOutgoingRequest>,
        Option<Resource<RequestOptions>>,
    )| {
        let asked = store.data_mut().handle(request, options)?;
        Ok((Ok::<_, ErrorCode>(asked),))
    };
    linker
        .instance(&format!("{HANDLER}@{version}"))?
        .func_wrap("handle", handle)
}

impl Guest {
    /// A request is handed over. Whatever comes of it, a refusal too, is told by the future.
    pub(super) fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> wasmtime::Result<Resource<HostFutureIncomingResponse>> {
        let mut request = self.table().delete(request)?;
        let options = options.map(|options| self.table().delete(options));
        let body = request.body.take();
        let asked = self.begin_errand(request, options.transpose()?)?;
        let future = match asked {
            Ok((errand, slot)) => self.set_off(errand, body, slot),
            Err(why) => HostFutureIncomingResponse::Ready(Err(why)),
        };
        Ok(self.table().push(future)?)
    }

    fn begin_errand(
        &mut self,
        request: HostOutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<Result<(Errand, OwnedSemaphorePermit), WasiError>, Ended> {
        let call = self.enter(Capability::Http, "send", "")?;
        let request = match read(request, options) {
            Ok(request) => request,
            Err(wrong) => {
                let call = call.about("an invalid request");
                let wrong = self.deny(call, Denied(format!("invalid: {wrong}")));
                return Ok(Err(WasiError::InternalError(Some(wrong))));
            }
        };
        let errand = match self.errand(call, request) {
            Ok(errand) => errand,
            Err(why) => return Ok(Err(told(why))),
        };
        self.leave();
        Ok(match self.wasi().http.slots.clone().try_acquire_owned() {
            Ok(slot) => Ok((errand, slot)),
            Err(_) => {
                errand.refuse(format!(
                    "{AT_ONCE} requests of this instance are not over or their answers not read"
                ));
                Err(WasiError::ConnectionLimitReached)
            }
        })
    }

    /// Sets an errand off, on a task of its own.
    fn set_off(
        &mut self,
        errand: Errand,
        body: Option<HyperOutgoingBody>,
        slot: OwnedSemaphorePermit,
    ) -> HostFutureIncomingResponse {
        let (tell, answer) = oneshot::channel();
        let turn = self.work.under_way.turn.get_or_insert_default().subscribe();
        let limit = self.work.limits.request;
        let task = tokio::spawn(async move {
            let (answer, failed) = match see_to(errand, body, limit, turn).await {
                Ok(answer) => (answer.map(|answer| held(answer, slot)), Ok(())),
                Err(failed) => {
                    let why = "the host failed".to_owned();
                    (Err(WasiError::InternalError(Some(why))), Err(failed))
                }
            };
            // Where the guest waits no more, it is over all the same.
            let _ = tell.send(answer);
            failed
        });
        self.work.under_way.tasks.push(task);
        HostFutureIncomingResponse::Pending(wasmtime_wasi::runtime::spawn(async move {
            let gone = |_| WasiError::InternalError(Some("the host failed".to_owned()));
            let answer = answer.await.map_err(gone)??;
            Ok((answer, wasmtime_wasi::runtime::spawn(async {})))
        }))
    }

    /// The turn is over: what was sent is seen through, what still waits for its body is not sent. The error is why the host could not do so.
    pub(crate) async fn see_through(&mut self) -> Result<(), Ended> {
        let UnderWay { tasks, turn } = mem::take(&mut self.work.under_way);
        drop(turn);
        let mut over = Ok(());
        for task in tasks {
            let done = task.await.unwrap_or_else(|why| {
                let why = format!("a request under way failed: {why}");
                Err(Ended(TurnFailure::Host(why)))
            });
            over = over.and(done);
        }
        over
    }
}

/// Collects the body, then does the errand.
async fn see_to(
    errand: Errand,
    body: Option<HyperOutgoingBody>,
    limit: u64,
    mut turn: watch::Receiver<()>,
) -> Result<Result<Response, WasiError>, Ended> {
    let deadline = tokio::time::Instant::from(errand.way.deadline);
    let body = async {
        match body {
            Some(body) => collect(body, limit).await,
            None => Ok(Bytes::new()),
        }
    };
    let body = tokio::select! {
        // A body that is finished is finished, also where the turn is over by then.
        biased;
        body = body => body,
        _ = turn.changed() => Err(Unsent::Over),
        () = tokio::time::sleep_until(deadline) => Err(Unsent::Late),
    };
    let body = match body {
        Ok(body) => body,
        Err(why @ (Unsent::Trailers | Unsent::TooLarge(_))) => {
            errand.refuse(why.to_string());
            return Ok(Err(why.into()));
        }
        Err(why) => {
            errand.give_up(&why.to_string());
            return Ok(Err(why.into()));
        }
    };
    Ok(errand.with_body(body).run().await?.map_err(told))
}

/// Why a request is not sent whose body was to come.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error("not sent: the turn was over before its body was finished")]
    Over,
    #[error("not sent: its body was not finished in time")]
    Late,
    #[error("not sent: its body was given up")]
    GivenUp,
    #[error("invalid: trailers after its body can't be sent")]
    Trailers,
    #[error("{}", errand::too_large(*.0))]
    TooLarge(u64),
}

impl From<Unsent> for WasiError {
    fn from(why: Unsent) -> Self {
        match why {
            Unsent::Late => Self::ConnectionWriteTimeout,
            Unsent::TooLarge(limit) => Self::HttpRequestBodySize(Some(limit)),
            other => Self::InternalError(Some(other.to_string())),
        }
    }
}

/// All of a body, as far as it is allowed.
async fn collect(mut body: HyperOutgoingBody, limit: u64) -> Result<Bytes, Unsent> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unsent::GivenUp)?;
        let data = frame.into_data().map_err(|_| Unsent::Trailers)?;
        if (whole.len() + data.len()) as u64 > limit {
            return Err(Unsent::TooLarge(limit));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// A request of the standard's in the contract's terms; no secret can stand in it. The error says what is wrong.
fn read(request: HostOutgoingRequest, options: Option<RequestOptions>) -> Result<Request, String> {
    let scheme = match &request.scheme {
        None | Some(Scheme::Https) => "https",
        Some(Scheme::Http) => "http",
        Some(Scheme::Other(_)) => return Err("it is neither https nor http".to_owned()),
    };
    // Without one, the path's first segment would be read as the host.
    let authority = request.authority.filter(|authority| !authority.is_empty());
    let authority = authority.ok_or("it has no authority")?;
    let path = request.path_with_query.unwrap_or_default();
    if !path.is_empty() && !path.starts_with(['/', '?']) {
        return Err("its path begins with no slash".to_owned());
    }
    let method = match request.method {
        Method::Get => "GET".to_owned(),
        Method::Head => "HEAD".to_owned(),
        Method::Post => "POST".to_owned(),
        Method::Put => "PUT".to_owned(),
        Method::Delete => "DELETE".to_owned(),
        Method::Connect => "CONNECT".to_owned(),
        Method::Options => "OPTIONS".to_owned(),
        Method::Trace => "TRACE".to_owned(),
        Method::Patch => "PATCH".to_owned(),
        Method::Other(method) => method,
    };
    let headers = request
        .headers
        .iter()
        // wasmtime checked it against the body; the host says it anew.
        .filter(|(name, _)| *name != CONTENT_LENGTH)
        .map(|(name, value)| {
            let text = str::from_utf8(value.as_bytes());
            let text = text.map_err(|_| format!("the header `{name}` is no UTF-8"))?;
            Ok(Header {
                name: name.to_string(),
                value: Text::Plain(text.to_owned()),
            })
        })
        .collect::<Result<_, String>>()?;
    Ok(Request {
        method,
        url: Text::Plain(format!("{scheme}://{authority}{path}")),
        headers,
        body: Vec::new(),
        body_secrets: Vec::new(),
        timeout_ms: options.and_then(longest).map(milliseconds),
        once: None,
    })
}

/// The answer comes as a whole, so the longest of the times that are given is the one for all of it.
fn longest(options: RequestOptions) -> Option<Duration> {
    [
        options.connect_timeout,
        options.first_byte_timeout,
        options.between_bytes_timeout,
    ]
    .into_iter()
    .flatten()
    .max()
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// An answer that keeps its slot until its body is read, or dropped.
fn held(response: Response, slot: OwnedSemaphorePermit) -> Answer {
    let body = Full::new(Bytes::from(response.body))
        .map_frame(move |frame| {
            let _held = &slot;
            frame
        })
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut answer = http::Response::new(body);
    if let Ok(status) = http::StatusCode::from_u16(response.status) {
        *answer.status_mut() = status;
    }
    for (name, value) in &response.headers {
        // A name that a secret was taken out of is none any more.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// An error of the contract's in the standard's terms, with its text where these have room for one.
fn told(why: Error) -> WasiError {
    match why {
        Error::Denied(_) => WasiError::HttpRequestDenied,
        Error::InvalidRequest(why) => WasiError::InternalError(Some(why)),
        Error::Unreachable(_) => WasiError::DestinationUnavailable,
        Error::Timeout => WasiError::HttpResponseTimeout,
        Error::TooLarge(limit) => WasiError::HttpResponseBodySize(Some(limit.into())),
        Error::Limited(_) => WasiError::ConnectionLimitReached,
    }
}

#[cfg(test)]
pub(crate) mod tests;
