//! What the OpenAPI document says of the API as a whole; routes and types describe themselves.

use utoipa::{
    IntoResponses, OpenApi,
    openapi::{self, path::Operation},
};

use super::{
    answers::{Foreign, NotLoggedIn, TooMany, UnknownHost},
    geojson::LayerName,
    problem::{Problem, ProblemTitle},
};
use crate::{
    audit::What,
    counters::Counter,
    people::policy::{self, Whom},
};

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
                       all but orders and what was refused; none may give orders. Who asks sees \
                       the part of the city that is his area, and of the lists those that are for \
                       his role; what lies elsewhere is answered as if it did not exist, and a \
                       wish for it is refused with 403. Where a log-in is demanded, a browser shows its \
                       session's cookie and a program `Authorization: Bearer` with its token."
    ),
    servers((url = "/", description = "Whoever serves this document")),
    security(()),
    tags(
        (name = "now", description = "What is known and expected at present"),
        (name = "orders", description = "What dispatchers wish"),
        (name = "people", description = "Who is who, and who may what"),
        (name = "history", description = "What was observed and refused"),
        (name = "map", description = "GeoJSON (RFC 7946)"),
        (name = "program", description = "How the program itself is"),
    ),
    components(schemas(Counter, LayerName, Problem, ProblemTitle, What)),
)]
pub struct Description;

/// Describes what those are answered who may not, after the table of the policy.
pub fn describe_denials(document: &mut openapi::OpenApi) {
    for (route, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation.as_mut() else {
                continue;
            };
            let whom = policy::endpoint(method, route).map(|row| row.whom);
            if whom != Some(Whom::Anybody) {
                add::<NotLoggedIn>(operation);
                add::<Foreign>(operation);
            }
            add::<TooMany>(operation);
            add::<UnknownHost>(operation);
        }
    }
}

fn add<T: IntoResponses>(operation: &mut Operation) {
    let described = &mut operation.responses.responses;
    for (status, response) in T::responses() {
        described.entry(status).or_insert(response);
    }
}
