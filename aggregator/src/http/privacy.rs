//! What is answered to somebody is for him alone: no cache that others share may keep it, and none of
//! his own may give it to who uses the same browser after him.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::people::Viewer;

/// Marks answers that follow from who asks.
pub async fn keep_private(request: Request, next: Next) -> Response {
    let viewer = request.extensions().get::<Viewer>();
    let is_everybodys = viewer.is_none_or(|viewer| *viewer == Viewer::unknown());
    let mut response = next.run(request).await;
    if !is_everybodys {
        let headers = response.headers_mut();
        let kept = headers
            .get(header::CACHE_CONTROL)
            .map(HeaderValue::as_bytes);
        let how = match kept {
            // It may be kept, and must be asked for again each time.
            Some(b"no-cache") => "private, no-cache",
            _ => "private, no-store",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(how));
        let follows_from = HeaderValue::from_static("cookie, authorization");
        headers.append(header::VARY, follows_from);
    }
    response
}
