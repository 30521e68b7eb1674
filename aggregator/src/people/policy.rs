//! Who may what: one table of all endpoints, and one function that reads it.
//!
//! A route that is not in the table is refused to everybody; a test holds the table against the
//! routes that are served.

use super::{Role, Viewer};
use crate::principal::Principal;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET` is `HEAD` too.
    pub method: &'static str,
    /// As the router and its description have it, for example `/api/v1/points/{id}`.
    pub route: &'static str,
    pub whom: Whom,
    pub reach: Reach,
}

/// To whom an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Everybody, also who has not logged in.
    Anybody,
    /// Whoever has at least this role.
    From(Role),
    /// Whoever has an account with at least this role and has logged in to it himself, even where no
    /// log-in is demanded. A token, which may lie about for a year, makes no others.
    Person(Role),
}

/// What of the city an endpoint reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing of it: the answer is the same whatever the asker's area is.
    Nothing,
    /// What lies in the asker's area: the answer holds nothing else.
    Within,
    /// One thing, which must lie in the asker's area.
    Place,
    /// All of it: for those alone whose area is the city.
    Whole,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("log in first")]
    LogIn,
    #[error(
        "this is for people who have logged in to their account; `flood-aggregator set-up-link` makes the first one"
    )]
    Account,
    #[error("this is for whoever is at least {0}")]
    Role(Role),
    #[error("this is outside your area")]
    Area,
    #[error("this is for nobody")]
    Unlisted,
}

use Reach::{Nothing, Place, Whole, Within};
use Role::{Administrator, Crew, Dispatcher, Viewer as Looking};
use Whom::{Anybody, From, Person};

/// Everything that is served, but for the files of the page, which are for everybody.
pub const TABLE: &[Endpoint] = &[
    get("/api/v1/state", From(Looking), Within),
    get("/events", From(Looking), Within),
    get("/api/v1/points", From(Looking), Within),
    get("/api/v1/points/{id}", From(Looking), Place),
    get("/api/v1/points/{id}/hydrograph", From(Looking), Place),
    get("/api/v1/gauges", From(Looking), Within),
    get("/api/v1/gauges/{id}", From(Looking), Place),
    get("/api/v1/gauges/{id}/observations", From(Looking), Place),
    get("/api/v1/trucks", From(Looking), Within),
    get("/api/v1/plan", From(Looking), Within),
    get("/api/v1/orders", From(Crew), Within),
    post("/api/v1/orders", From(Dispatcher), Place),
    post("/api/v1/orders/{id}/recall", From(Dispatcher), Place),
    get("/api/v1/agents", From(Dispatcher), Whole),
    get("/api/v1/unknown-gauges", From(Dispatcher), Whole),
    get("/api/v1/counters", From(Dispatcher), Whole),
    get("/api/v1/refused", From(Dispatcher), Whole),
    get("/api/v1/audit", From(Administrator), Whole),
    get("/map.geojson", From(Looking), Within),
    get("/layers/{file}", From(Looking), Within),
    get("/metrics", From(Looking), Whole),
    get("/healthz", Anybody, Nothing),
    get("/readyz", Anybody, Nothing),
    get("/api/v1/openapi.json", Anybody, Nothing),
    get("/api/v1/session", Anybody, Nothing),
    post("/api/v1/session", Anybody, Nothing),
    delete("/api/v1/session", Anybody, Nothing),
    post("/api/v1/session/exercise", Anybody, Nothing),
    post("/api/v1/session/provider", Anybody, Nothing),
    post("/api/v1/session/provider/answer", Anybody, Nothing),
    post("/api/v1/session/password", Person(Looking), Nothing),
    post("/api/v1/invitation", Anybody, Nothing),
    post("/api/v1/invitation/accept", Anybody, Nothing),
    get("/api/v1/people", Person(Administrator), Within),
    post("/api/v1/people", Person(Administrator), Within),
    post("/api/v1/people/{name}", Person(Administrator), Within),
    delete("/api/v1/people/{name}", Person(Administrator), Within),
    delete("/api/v1/invitations/{id}", Person(Administrator), Within),
    get("/api/v1/sessions", Person(Looking), Within),
    delete("/api/v1/sessions/{id}", Person(Looking), Within),
    get("/api/v1/tokens", Person(Looking), Within),
    post("/api/v1/tokens", Person(Looking), Within),
    delete("/api/v1/tokens/{name}", Person(Looking), Within),
];

const fn get(route: &'static str, whom: Whom, reach: Reach) -> Endpoint {
    Endpoint {
        method: "GET",
        route,
        whom,
        reach,
    }
}

const fn delete(route: &'static str, whom: Whom, reach: Reach) -> Endpoint {
    Endpoint {
        method: "DELETE",
        route,
        whom,
        reach,
    }
}

const fn post(route: &'static str, whom: Whom, reach: Reach) -> Endpoint {
    Endpoint {
        method: "POST",
        route,
        whom,
        reach,
    }
}

/// The row of a route; `None` for one that is not served.
#[must_use]
pub fn endpoint(method: &str, route: &str) -> Option<&'static Endpoint> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE
        .iter()
        .find(|row| row.method == method && row.route == route)
}

/// Whether somebody, or nobody who is known, may do it. `is_inside` says of an endpoint that reaches
/// a place whether this one lies in the asker's area; where it is not known yet, `None`.
///
/// # Errors
/// He may not, and why.
pub fn may(
    viewer: Option<&Viewer>,
    endpoint: Option<&Endpoint>,
    is_inside: Option<bool>,
) -> Result<(), Denied> {
    let endpoint = endpoint.ok_or(Denied::Unlisted)?;
    let (least, must_be_person) = match endpoint.whom {
        Anybody => return Ok(()),
        From(least) => (least, false),
        Person(least) => (least, true),
    };
    let viewer = viewer.ok_or(Denied::LogIn)?;
    if must_be_person && viewer.person().is_none() {
        return Err(Denied::Account);
    }
    if viewer.role < least {
        let is_unknown = viewer.principal == Principal::Anonymous;
        return Err(if is_unknown {
            Denied::LogIn
        } else {
            Denied::Role(least)
        });
    }
    let is_outside = match endpoint.reach {
        Nothing | Within => false,
        Place => is_inside == Some(false),
        Whole => viewer.area != super::Area::City,
    };
    if is_outside {
        return Err(Denied::Area);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::people::Area;

    fn somebody(role: Role) -> Viewer {
        let principal = Principal::Person("wang-li".parse().expect("id"));
        let area = Area::City;
        Viewer {
            principal,
            role,
            area,
        }
    }

    #[test]
    fn each_may_what_those_before_him_may_and_only_administrators_all() {
        for endpoint in TABLE {
            let may = |viewer: Option<&Viewer>| may(viewer, Some(endpoint), None).is_ok();
            let nobody = may(None);
            assert_eq!(nobody, endpoint.whom == Anybody, "{endpoint:?}");
            let allowed = Role::VARIANTS
                .iter()
                .map(|role| may(Some(&somebody(*role))));
            let allowed: Vec<bool> = allowed.collect();
            assert!(allowed.is_sorted(), "{endpoint:?}: {allowed:?}");
            assert_eq!(allowed.last(), Some(&true), "{endpoint:?}");
        }
    }

    #[test]
    fn whoever_is_refused_is_told_what_is_missing() {
        let order = endpoint("POST", "/api/v1/orders");
        let metrics = endpoint("HEAD", "/metrics");
        let clerk = Viewer {
            area: "district/d-01".parse().expect("an area"),
            ..somebody(Dispatcher)
        };
        let accounts = post("/accounts", Person(Administrator), Nothing);
        for (viewer, endpoint, is_inside, expected) in [
            (None, order, None, Err(Denied::LogIn)),
            (
                Some(&somebody(Crew)),
                order,
                None,
                Err(Denied::Role(Dispatcher)),
            ),
            (Some(&clerk), order, Some(false), Err(Denied::Area)),
            (Some(&clerk), order, Some(true), Ok(())),
            (Some(&clerk), metrics, None, Err(Denied::Area)),
            (
                Some(&somebody(Administrator)),
                None,
                None,
                Err(Denied::Unlisted),
            ),
            (
                Some(&Viewer::unknown()),
                Some(&accounts),
                None,
                Err(Denied::Account),
            ),
        ] {
            assert_eq!(may(viewer, endpoint, is_inside), expected, "{endpoint:?}");
        }
    }

    #[test]
    fn no_endpoint_stands_twice_in_the_table() {
        let mut rows: Vec<_> = TABLE.iter().map(|row| (row.route, row.method)).collect();
        rows.sort_unstable();
        let all = rows.len();
        rows.dedup();
        assert_eq!(rows.len(), all);
    }
}
