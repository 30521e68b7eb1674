//! What the OpenAPI document says of the API as a whole; routes and types describe themselves.

use utoipa::OpenApi;

use super::{
    geojson::LayerName,
    problem::{Problem, ProblemTitle},
};
use crate::counters::Counter;

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Flood aggregator",
        version = "1",
        description = "Times are RFC 3339 in UTC; in series they are epoch milliseconds. Units are \
                       part of the names. Whatever is refused or fails is answered with \
                       application/problem+json (RFC 9457), a wrong method with status 405, a \
                       parameter that is not described with 400. Web pages of any origin may read \
                       all but orders and what was refused; none may give orders."
    ),
    servers((url = "/", description = "Whoever serves this document")),
    security(()),
    tags(
        (name = "now", description = "What is known and expected at present"),
        (name = "orders", description = "What dispatchers wish"),
        (name = "history", description = "What was observed and refused"),
        (name = "map", description = "GeoJSON (RFC 7946)"),
        (name = "program", description = "How the program itself is"),
    ),
    components(schemas(Counter, LayerName, Problem, ProblemTitle)),
)]
pub struct Description;
