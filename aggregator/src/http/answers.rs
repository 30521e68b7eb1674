//! What routes answer instead of what was asked for, to be named in their descriptions.

#![expect(dead_code, reason = "described, never made: handlers return a Problem")]

use utoipa::IntoResponses;

use super::problem::Problem;

/// The request cannot be understood.
#[derive(IntoResponses)]
#[response(status = 400, content_type = "application/problem+json")]
pub struct BadRequest(Problem);

/// It is not known who asks.
#[derive(IntoResponses)]
#[response(status = 401, content_type = "application/problem+json")]
pub struct NotLoggedIn(Problem);

/// Who asks may not, or a browser asks for another web page; the title tells which.
#[derive(IntoResponses)]
#[response(status = 403, content_type = "application/problem+json")]
pub struct Foreign(Problem);

/// The body is larger than any that is taken.
#[derive(IntoResponses)]
#[response(status = 413, content_type = "application/problem+json")]
pub struct TooLarge(Problem);

/// The body is no JSON.
#[derive(IntoResponses)]
#[response(status = 415, content_type = "application/problem+json")]
pub struct UnsupportedType(Problem);

/// The body did not come in time.
#[derive(IntoResponses)]
#[response(status = 408, content_type = "application/problem+json")]
pub struct TimedOut(Problem);

/// There is nothing of that name.
#[derive(IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
pub struct NotFound(Problem);

/// It goes against what is; the title tells which way.
#[derive(IntoResponses)]
#[response(status = 409, content_type = "application/problem+json")]
pub struct Conflict(Problem);

/// Somebody asks too often; `Retry-After` tells for how many seconds to wait.
#[derive(IntoResponses)]
#[response(status = 429, content_type = "application/problem+json")]
pub struct TooMany(Problem);

/// The request names a host that is not this one.
#[derive(IntoResponses)]
#[response(status = 421, content_type = "application/problem+json")]
pub struct UnknownHost(Problem);

/// The program failed; its log tells why.
#[derive(IntoResponses)]
#[response(status = 500, content_type = "application/problem+json")]
pub struct Failed(Problem);

/// The program cannot answer yet or no longer.
#[derive(IntoResponses)]
#[response(status = 503, content_type = "application/problem+json")]
pub struct NotReady(Problem);
