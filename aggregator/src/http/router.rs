//! Every route, with its description: a handler that is not described is not served, and the other
//! way round.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    http::header,
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    api,
    app::App,
    assets, audit,
    body::read_whole,
    events,
    headers::protect,
    health, history, layers,
    openapi::{Description, describe_credentials, describe_denials},
    orders,
    origin::{open_to_readers, refuse_foreign},
    people,
    privacy::keep_private,
    problem::every_error,
    provider,
    question::{Parameters, only_described, only_text},
    session,
    viewer::{admit, identify},
};

/// What the port answers.
pub fn router(app: App) -> Router {
    let (routes, description) = routes().split_for_parts();
    let parameters = Arc::new(Parameters::described(&description));
    routes
        .route_layer(from_fn_with_state(parameters, only_described))
        .route_layer(from_fn(keep_private))
        .route_layer(from_fn_with_state(app.clone(), admit))
        .fallback(assets::asset)
        // The last of these is the first that a request meets.
        .layer(from_fn(refuse_foreign))
        .layer(from_fn(only_text))
        .layer(from_fn(read_whole))
        .layer(from_fn_with_state(app.clone(), identify))
        .layer(map_response(every_error))
        .layer(from_fn(open_to_readers))
        .layer(from_fn_with_state(app.clone(), protect))
        .with_state(app)
}

/// The OpenAPI document as text.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut described = routes().into_openapi();
    describe_credentials(&mut described);
    describe_denials(&mut described);
    let mut text = described
        .to_pretty_json()
        .expect("a description of plain data is JSON");
    text.push('\n');
    text
});

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "program",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
async fn document() -> Response {
    let head = [(header::CONTENT_TYPE, "application/json")];
    (head, DOCUMENT.as_str()).into_response()
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(api::state))
        .routes(routes!(events::events))
        .routes(routes!(api::points))
        .routes(routes!(api::point))
        .routes(routes!(history::hydrograph))
        .routes(routes!(api::gauges))
        .routes(routes!(api::gauge))
        .routes(routes!(history::observations))
        .routes(routes!(api::trucks))
        .routes(routes!(api::plan))
        .routes(routes!(orders::orders, orders::dispatch))
        .routes(routes!(orders::recall))
        .routes(routes!(api::agents))
        .routes(routes!(api::unknown_gauges))
        .routes(routes!(api::counters))
        .routes(routes!(history::refused))
        .routes(routes!(audit::deeds))
        .routes(routes!(layers::whole_map))
        .routes(routes!(layers::layer))
        .routes(routes!(health::metrics))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(session::session, session::log_in, session::log_out))
        .routes(routes!(session::log_in_to_exercise))
        .routes(routes!(provider::begin))
        .routes(routes!(provider::answer))
        .routes(routes!(session::change_password))
        .routes(routes!(session::invitation))
        .routes(routes!(session::accept))
        .routes(routes!(people::people, people::invite))
        .routes(routes!(people::appoint, people::remove))
        .routes(routes!(people::withdraw))
        .routes(routes!(people::sessions))
        .routes(routes!(people::end_session))
        .routes(routes!(people::tokens, people::make_token))
        .routes(routes!(people::end_token))
        .routes(routes!(document))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::{DOCUMENT, routes};
    use crate::people::policy::TABLE;

    #[test]
    fn the_table_of_the_policy_has_every_route_and_no_other() {
        let document = routes().into_openapi();
        let mut served = BTreeSet::new();
        for (route, item) in &document.paths.paths {
            let operations = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
                ("HEAD", &item.head),
                ("OPTIONS", &item.options),
                ("TRACE", &item.trace),
            ];
            for (method, operation) in operations {
                if operation.is_some() {
                    served.insert((route.as_str(), method));
                }
            }
        }
        let listed: BTreeSet<_> = TABLE.iter().map(|row| (row.route, row.method)).collect();
        assert_eq!(served, listed);
    }

    #[test]
    fn the_copy_from_which_the_page_has_its_types_is_the_document() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/openapi.json");
        let copy = fs::read_to_string(&path).expect("the copy can be read");
        assert!(
            copy == *DOCUMENT,
            "{} is not what is served; in aggregator/web: npm run openapi && npm run model",
            path.display()
        );
    }
}
