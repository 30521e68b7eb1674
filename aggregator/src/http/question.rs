//! What is asked, before anybody answers: the path is text, and every parameter of the query is one
//! that the route describes. One that is not would be passed over in silence, and its answer taken
//! for what was meant.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{ParameterIn, PathItem},
};

use super::problem::Problem;

/// The query parameters of every route, as they are described.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, Vec<String>>);

impl Parameters {
    pub fn described(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(
            paths
                .map(|(path, item)| (path.clone(), of_query(item)))
                .collect(),
        )
    }

    /// What is wrong with a query to this route.
    fn complaint(&self, route: &str, query: &str) -> Option<String> {
        let known = self.0.get(route).map_or(&[][..], Vec::as_slice);
        let names = query.split('&').filter(|pair| !pair.is_empty());
        let mut names = names.map(|pair| pair.split('=').next().unwrap_or_default());
        let unknown = names.find(|name| !known.iter().any(|k| k == name))?;
        let there_are = match known {
            [] => "this takes none".to_owned(),
            known => format!("there are `{}`", known.join("`, `")),
        };
        Some(format!("there is no parameter `{unknown}`; {there_are}"))
    }
}

fn of_query(item: &PathItem) -> Vec<String> {
    let operations = [&item.get, &item.post, &item.delete].into_iter().flatten();
    let parameters = operations.flat_map(|operation| operation.parameters.iter().flatten());
    parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(described) if described.parameter_in == ParameterIn::Query => {
                Some(described.name.clone())
            }
            _ => None,
        })
        .collect()
}

/// Refuses parameters that the route does not have.
pub async fn only_described(
    State(parameters): State<Arc<Parameters>>,
    route: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match parameters.complaint(route.as_str(), query) {
        Some(complaint) => Problem::bad_request(complaint).into_response(),
        None => next.run(request).await,
    }
}

/// Refuses a path that is no text once its percent-escapes are resolved.
pub async fn only_text(request: Request, next: Next) -> Response {
    match escapes(request.uri().path()) {
        Ok(()) => next.run(request).await,
        Err(complaint) => Problem::bad_request(complaint).into_response(),
    }
}

pub fn escapes(path: &str) -> Result<(), &'static str> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err("a % in the path is not followed by two hexadecimal digits");
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err("the path is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_a_route_does_not_have_is_named_with_those_that_it_has() {
        let routes = [
            ("/a", vec!["from".to_owned(), "to".to_owned()]),
            ("/b", Vec::new()),
        ];
        let routes = routes.map(|(route, known)| (route.to_owned(), known));
        let parameters = Parameters(routes.into());
        for (route, query, expected) in [
            ("/a", "", None),
            ("/a", "from=1&to=2&", None),
            (
                "/a",
                "from=1&until=2",
                Some("there is no parameter `until`; there are `from`, `to`"),
            ),
            (
                "/b",
                "x",
                Some("there is no parameter `x`; this takes none"),
            ),
        ] {
            let complaint = parameters.complaint(route, query);
            assert_eq!(complaint.as_deref(), expected, "{route}?{query}");
        }
    }

    #[test]
    fn a_path_is_text_with_whole_escapes() {
        for (path, is_text) in [
            ("/api/v1/points/wp-001", true),
            ("/api/v1/points/%E7%A7%AF", true),
            ("/api/v1/points/%FF", false),
            ("/api/v1/points/%zz", false),
            ("/api/v1/points/%4", false),
            ("/%", false),
        ] {
            assert_eq!(escapes(path).is_ok(), is_text, "{path}");
        }
    }
}
