//! Who somebody is by what the provider tells of him, and what he is here. Pure.

use serde_json::{Map, Value};

use crate::rights::{Area, Named, Role};

/// What a provider tells of somebody, by name.
pub type Claims = Map<String, Value>;

/// What somebody is, by the first row that fits; nothing where none does.
pub fn rights(named: &[Named], claims: &Claims) -> Option<(Role, Area)> {
    let fits = |row: &&Named| {
        // Whoever gives himself an address that he has not shown to be his is nobody by it.
        let is_shown = row.claim != "email" || claims.get("email_verified") == Some(&true.into());
        is_shown && claim(claims, &row.claim).is_some_and(|told| holds(told, &row.value))
    };
    let row = named.iter().find(fits)?;
    Some((row.role, row.area.clone()))
}

/// A claim by its name, else by its way through objects: names of claims may have dots.
fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

fn holds(told: &Value, wanted: &str) -> bool {
    match told {
        Value::String(text) => text == wanted,
        Value::Array(all) => all.iter().any(|one| one.as_str() == Some(wanted)),
        _ => false,
    }
}

/// The names under which the provider knows somebody, the likeliest to log in with first.
pub fn called(claims: &Claims) -> String {
    let email = text(claims, "email").map(|email| email.split('@').next().unwrap_or_default());
    let name = text(claims, "preferred_username").or(email);
    name.unwrap_or_default().to_owned()
}

/// How others know him.
pub fn shown(claims: &Claims) -> Option<&str> {
    let names = ["name", "preferred_username", "email"];
    names.into_iter().find_map(|name| text(claims, name))
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    let text = claims.get(name)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(claim: &str, value: &str, role: Role, area: &str) -> Named {
        Named {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            area: area.parse().expect("an area"),
        }
    }

    #[test]
    fn the_first_row_that_fits_says_what_somebody_is_and_nobody_else_is_anything() {
        let named = [
            row("groups", "flood-chiefs", Role::Administrator, "city"),
            row("realm_access.roles", "desk", Role::Dispatcher, "city"),
            row(
                "https://a.example/roles",
                "crew",
                Role::Crew,
                "district/d-01",
            ),
            row("email", "li@city.example", Role::Viewer, "city"),
        ];
        for (told, expected) in [
            (
                json!({"groups": ["x", "flood-chiefs"]}),
                Some(Role::Administrator),
            ),
            (json!({"groups": "flood-chiefs"}), Some(Role::Administrator)),
            (
                json!({"groups": ["flood-chiefs"], "realm_access": {"roles": ["desk"]}}),
                Some(Role::Administrator),
            ),
            (
                json!({"realm_access": {"roles": ["desk"]}}),
                Some(Role::Dispatcher),
            ),
            (json!({"https://a.example/roles": "crew"}), Some(Role::Crew)),
            (
                json!({"email": "li@city.example", "email_verified": true}),
                Some(Role::Viewer),
            ),
            (json!({"email": "li@city.example"}), None),
            (
                json!({"email": "li@city.example", "email_verified": "true"}),
                None,
            ),
            (
                json!({"groups": ["flood-chiefs-not", "Flood-Chiefs"]}),
                None,
            ),
            (json!({"groups": {"flood-chiefs": true}}), None),
            (json!({"realm_access": "desk", "roles": ["desk"]}), None),
            (json!({}), None),
        ] {
            let claims = told.as_object().expect("claims");
            let found = rights(&named, claims).map(|(role, _)| role);
            assert_eq!(found, expected, "{told}");
        }
    }

    #[test]
    fn somebody_is_called_as_the_provider_calls_him() {
        for (told, name, as_others) in [
            (
                json!({"preferred_username": "li.na", "name": "李娜", "email": "x@y"}),
                "li.na",
                Some("李娜"),
            ),
            (
                json!({"email": "li@city.example"}),
                "li",
                Some("li@city.example"),
            ),
            (json!({"name": " "}), "", None),
        ] {
            let claims = told.as_object().expect("claims");
            assert_eq!((called(claims).as_str(), shown(claims)), (name, as_others));
        }
    }
}
