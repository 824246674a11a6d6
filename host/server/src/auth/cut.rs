//! Ends what is under way for a caller whose token or certificate is at its end.

use std::{io, pin::pin, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    response::Response,
};
use futures::{StreamExt as _, stream};
use tokio::time::sleep;

use super::Caller;

/// How long a request that is under way when its caller's time is over may go on: what was begun is nearly always done by then, and whoever
/// revokes the token that they do it with gets their answer.
const GRACE: Duration = Duration::from_secs(1);

/// A caller's time is over.
pub(super) struct Over;

/// Does `work` unless the caller's time is over before it is done.
pub(super) async fn within<T>(caller: &Caller, work: impl Future<Output = T>) -> Result<T, Over> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return Ok(done),
        () = caller.0.over() => {}
    }
    tokio::select! {
        biased;
        done = &mut work => Ok(done),
        () = sleep(GRACE) => Err(Over),
    }
}

/// Has the body of `response` break off when the caller's time is over. It fails rather than ends, so that nobody takes half an answer for
/// all of it. What is at hand as a whole stays as it is.
pub(super) fn cut(caller: Caller, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let pieces = body.into_data_stream();
        let over = Box::pin(async move { caller.0.over().await });
        Body::from_stream(stream::unfold(Some((pieces, over)), |under_way| async {
            let (mut pieces, mut over) = under_way?;
            tokio::select! {
                biased;
                () = &mut over => {
                    let reason = "the token or certificate that it was asked for with is no longer valid";
                    Some((Err(axum::Error::new(io::Error::other(reason))), None))
                }
                piece = pieces.next() => Some((piece?, Some((pieces, over)))),
            }
        }))
    })
}
