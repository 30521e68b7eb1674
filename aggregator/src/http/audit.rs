//! `/api/v1/audit`: what was done, by whom, the newest first.

use std::ops::ControlFlow;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::{BadRequest, Failed},
    app::App,
    extract::Query,
    history::read,
    problem::Problem,
};
use crate::{
    audit::{Entry, Hash},
    schema,
    store::{Store, StoreError},
};

/// Most deeds in one answer.
const MAX_LIMIT: u64 = 1_000;

/// Deeds in an answer where nobody says how many.
const USUAL_LIMIT: u64 = 100;

/// Query of `GET /api/v1/audit`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only deeds with lower numbers: that of the last one of the page before.
    before: Option<u64>,
    /// Most deeds; default 100.
    #[param(maximum = 1_000)]
    limit: Option<u64>,
}

/// A deed in its place in the log. A number that is missing cannot be read any more.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct EntryView {
    number: u64,
    /// SHA-256 of its line.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// Whether its line still has this hash. Whether it follows on the one before is for `flood-aggregator
    /// audit verify` to say.
    is_whole: bool,
    /// Null where the line cannot be read.
    deed: Option<DeedView>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditDeed)]
pub struct DeedView {
    #[schema(value_type = schema::Instant)]
    at: Timestamp,
    /// `person wang-li`, `token wall-display`, `truck pt-3`, `anonymous`, `exercise` or `machine`.
    by: String,
    /// The address that it came from; null for what did not come over the network.
    from: Option<String>,
    /// The kind of deed, for example `dispatch-asked`.
    what: String,
    subject: String,
    before: Option<String>,
    after: Option<String>,
    /// The number of the arrival that it became, or that it came of.
    arrival: Option<u64>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let said = entry.said().ok();
        Self {
            number: entry.number,
            hash: entry.hash.to_string(),
            is_whole: Hash::of_line(&entry.line) == entry.hash,
            deed: said.map(|said| DeedView {
                at: said.at,
                by: said.by,
                from: said.from.map(|from| from.to_string()),
                what: said.what,
                subject: said.subject,
                before: said.before,
                after: said.after,
                arrival: said.arrival,
            }),
        }
    }
}

/// What was done, by whom.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "history", params(Page),
    responses(
        (status = 200, description = "The newest first", body = Vec<EntryView>),
        BadRequest, Failed,
    ),
)]
pub async fn deeds(
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<EntryView>>, Problem> {
    let limit = page.limit.unwrap_or(USUAL_LIMIT).min(MAX_LIMIT);
    read(&app, move |store| newest(store, page.before, limit))
        .await
        .map(Json)
}

fn newest(
    store: &dyn Store,
    before: Option<u64>,
    limit: u64,
) -> Result<Vec<EntryView>, StoreError> {
    let next = store.end_of_deeds()?.last.saturating_add(1);
    let before = before.unwrap_or(next).min(next);
    let after = before.saturating_sub(1).saturating_sub(limit);
    let mut found = Vec::new();
    store.deeds(after, &mut |entry| {
        if entry.number >= before {
            return ControlFlow::Break(());
        }
        found.push(entry.into());
        ControlFlow::Continue(())
    })?;
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::{Chain, Deed, What},
        store::{Commit, MemoryStore},
    };

    #[test]
    fn pages_go_from_the_newest_to_the_first_and_say_what_was_changed() {
        let store = MemoryStore::default();
        let mut end = Chain::default();
        let mut deeds: Vec<_> = (1..=7)
            .map(|k: i64| {
                let deed = Deed::of_machine(What::Enrolled, k.to_string(), None);
                end.enter(&deed, Timestamp::from_millis(k), None)
            })
            .collect();
        deeds[2].line = deeds[2].line.replace("machine", "anybody");
        deeds[3].line.clear();
        let commit = Commit {
            deeds,
            ..Commit::default()
        };
        store.commit(&commit).expect("kept");
        let page = |before, limit| newest(&store, before, limit).expect("read");
        let numbers = |before, limit| -> Vec<u64> {
            page(before, limit).iter().map(|view| view.number).collect()
        };
        assert_eq!(numbers(None, 3), [7, 6, 5]);
        assert_eq!(numbers(Some(5), 3), [4, 3, 2]);
        assert_eq!(numbers(Some(2), 3), [1]);
        assert_eq!(numbers(Some(u64::MAX), 2), [7, 6]);
        for nothing in [numbers(Some(1), 3), numbers(Some(0), 3), numbers(None, 0)] {
            assert!(nothing.is_empty());
        }
        let whole: Vec<_> = page(None, 9)
            .iter()
            .map(|view| (view.is_whole, view.deed.is_some()))
            .collect();
        let (sound, changed, gone) = ((true, true), (false, true), (false, false));
        assert_eq!(whole, [sound, sound, sound, gone, changed, sound, sound]);
    }
}
