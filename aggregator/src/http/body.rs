//! A request's body, read before anybody looks at the request: bounded in size and time.
//!
//! Whoever is refused with half of the body unsent would be cut off, and never read why. So what is
//! too much is taken too, up to a bound, and thrown away.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt as _;

use super::problem::Problem;

/// Most bytes of a body: an order is a few dozen.
const MOST: usize = 64 * 1024;

/// Most bytes that are read of a larger one, so that its sender learns that it is.
const MOST_DISCARDED: usize = 16 * 1024 * 1024;

/// How long a body may take to come.
const WITHIN: Duration = Duration::from_secs(10);

/// Reads the body, and refuses one that is too large or does not come in time.
pub async fn read_whole(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let announced = body.size_hint().lower() > MOST as u64;
    if announced && head.headers.contains_key(header::EXPECT) {
        // It asks before it sends.
        return too_large().into_response();
    }
    match tokio::time::timeout(WITHIN, read(body)).await {
        Ok(Ok(whole)) => next.run(Request::from_parts(head, whole.into())).await,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => {
            let detail = format!("the body did not come within {} seconds", WITHIN.as_secs());
            Problem::of(StatusCode::REQUEST_TIMEOUT, detail).into_response()
        }
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut whole, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| Problem::bad_request(format!("the body broke off: {e}")))?;
        length += chunk.len();
        if length <= MOST {
            whole.extend_from_slice(&chunk);
        } else if length > MOST_DISCARDED {
            break;
        }
    }
    if length > MOST {
        return Err(too_large());
    }
    Ok(whole)
}

fn too_large() -> Problem {
    let detail = format!("at most {MOST} bytes are taken");
    Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
