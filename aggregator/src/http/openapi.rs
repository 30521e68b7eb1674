//! What the OpenAPI document says of the API as a whole; routes and types describe themselves.

use utoipa::{
    IntoResponses, OpenApi,
    openapi::{
        self,
        path::Operation,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{
    answers::{
        BadRequest, Foreign, NotLoggedIn, TimedOut, TooLarge, TooMany, UnknownHost, UnsupportedType,
    },
    cookie,
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
                       what a viewer sees, also where no log-in is demanded; none may give orders. Who asks sees \
                       the part of the city that is his area, and of the lists those that are for \
                       his role; what lies elsewhere is answered as if it did not exist, and a \
                       wish for it is refused with 403. Where a log-in is demanded, a browser shows its \
                       session's cookie and a program `Authorization: Bearer` with its token; where \
                       none is, nobody needs either."
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

/// The names under which the document knows how somebody shows who he is.
const SESSION: &str = "session";
const TOKEN: &str = "token";

/// Describes how somebody shows who he is.
pub fn describe_credentials(document: &mut openapi::OpenApi) {
    let session = "Given by a log-in. Without TLS, which is for this machine alone, its name is \
                   `flood-` and the port";
    let session = ApiKeyValue::with_description(cookie::SECURE, session);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A program's own, from `POST /api/v1/tokens`"))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
}

/// Describes who may ask what, after the table of the policy, and what those are answered who may not
/// or whose request cannot be taken, whatever they ask.
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
                let shown = match whom {
                    Some(Whom::Person(_)) => &[SESSION][..],
                    _ => &[SESSION, TOKEN],
                };
                let needs = |name: &&str| SecurityRequirement::new::<_, _, &str>(*name, []);
                operation.security = Some(shown.iter().map(needs).collect());
                add::<NotLoggedIn>(operation);
                add::<Foreign>(operation);
            }
            if method != "GET" {
                add::<Foreign>(operation);
                add::<TimedOut>(operation);
                add::<TooLarge>(operation);
                add::<UnsupportedType>(operation);
            }
            add::<BadRequest>(operation);
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
