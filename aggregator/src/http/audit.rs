//! `/api/v1/audit`: what was done, by whom, the newest first.

use std::ops::ControlFlow;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::{BadRequest, Failed},
    app::App,
    extract::{Query, Whole},
    history::{at_most, read},
    problem::Problem,
};
use crate::{
    audit::{Entry, Hash, What},
    schema,
    store::{Store, StoreError},
};

/// Most deeds in one answer.
const MAX_LIMIT: u64 = 1_000;

/// Deeds in an answer where nobody says how many.
const USUAL_LIMIT: u64 = 100;

/// Read from the store at a time.
const AT_ONCE: u64 = 500;

/// Most entries that are looked at for one answer: some 8 MB of text.
const MOST_LOOKED_AT: u64 = 20_000;

/// Query of `GET /api/v1/audit`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only deeds with lower numbers: that of the last one of the page before.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991i64)]
    before: Option<u64>,
    /// Most deeds.
    #[param(minimum = 0, maximum = 1_000, default = 100)]
    limit: Option<u64>,
    /// Only what somebody or something of this name did, or what was done to him.
    name: Option<String>,
    /// Only deeds of this kind.
    what: Option<What>,
}

/// Deeds, the newest first.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct PageView {
    deeds: Vec<EntryView>,
    /// What to ask for the page after this one with, as `before`; null where the log begins. A page of
    /// few deeds, or of none, may have others after it.
    #[schema(required)]
    before: Option<u64>,
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
    #[schema(required)]
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
    #[schema(required)]
    from: Option<String>,
    /// The kind of deed, for example `dispatch-asked`.
    what: String,
    subject: String,
    #[schema(required)]
    before: Option<String>,
    #[schema(required)]
    after: Option<String>,
    /// The number of the arrival that it became, or that it came of.
    #[schema(required)]
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
        (status = 200, description = "The newest first", body = PageView),
        BadRequest, Failed,
    ),
)]
pub async fn deeds(
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<PageView>, Problem> {
    at_most("limit", page.limit, MAX_LIMIT)?;
    at_most("before", page.before, Whole::MOST)?;
    read(&app, move |store| newest(store, &page))
        .await
        .map(Json)
}

/// Looks from the newest back until there are as many as are wanted, or enough was looked at.
fn newest(store: &dyn Store, page: &Page) -> Result<PageView, StoreError> {
    let limit = page.limit.unwrap_or(USUAL_LIMIT).min(MAX_LIMIT);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = store.end_of_deeds()?.last.saturating_add(1);
    let mut before = page.before.unwrap_or(next).min(next);
    let end = before.saturating_sub(MOST_LOOKED_AT);
    let mut deeds: Vec<EntryView> = Vec::new();
    while before > 1 && before > end && deeds.len() < limit {
        let some = back(store, before)?;
        let fitting = some.into_iter().filter(|entry| page.wants(entry));
        deeds.extend(fitting);
        before = before.saturating_sub(AT_ONCE).max(1);
    }
    if deeds.len() > limit {
        deeds.truncate(limit);
        before = deeds.last().map_or(before, |last| last.number);
    }
    let before = (before > 1 && limit > 0).then_some(before);
    Ok(PageView { deeds, before })
}

/// The deeds just before one, the newest first.
fn back(store: &dyn Store, before: u64) -> Result<Vec<EntryView>, StoreError> {
    let after = before.saturating_sub(1).saturating_sub(AT_ONCE);
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

impl Page {
    /// Whether an entry is among those that are asked for. One that cannot be read is, unless something
    /// is asked of it.
    fn wants(&self, entry: &EntryView) -> bool {
        let Some(deed) = &entry.deed else {
            return self.name.is_none() && self.what.is_none();
        };
        let is_of = |name: &String| {
            let by = deed.by.split_once(' ').map_or("", |(_, by)| by);
            by == name || deed.subject == *name
        };
        let is_of_kind = |what: &What| deed.what == what.to_string();
        self.name.as_ref().is_none_or(is_of) && self.what.as_ref().is_none_or(is_of_kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::{Chain, Deed},
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
        let page = |before, limit| {
            let page = Page {
                before,
                limit: Some(limit),
                name: None,
                what: None,
            };
            newest(&store, &page).expect("read")
        };
        let numbers = |before, limit| -> (Vec<u64>, Option<u64>) {
            let PageView { deeds, before } = page(before, limit);
            (deeds.iter().map(|view| view.number).collect(), before)
        };
        assert_eq!(numbers(None, 3), (vec![7, 6, 5], Some(5)));
        assert_eq!(numbers(Some(5), 3), (vec![4, 3, 2], Some(2)));
        assert_eq!(numbers(Some(2), 3), (vec![1], None));
        assert_eq!(numbers(Some(u64::MAX), 2), (vec![7, 6], Some(6)));
        for nothing in [numbers(Some(1), 3), numbers(Some(0), 3), numbers(None, 0)] {
            assert_eq!(nothing, (Vec::new(), None));
        }
        let whole: Vec<_> = page(None, 9)
            .deeds
            .iter()
            .map(|view| (view.is_whole, view.deed.is_some()))
            .collect();
        let (sound, changed, gone) = ((true, true), (false, true), (false, false));
        assert_eq!(whole, [sound, sound, sound, gone, changed, sound, sound]);
    }

    #[test]
    fn deeds_are_found_by_whose_and_of_which_kind_they_are_and_the_search_goes_on_where_it_ended() {
        let store = MemoryStore::default();
        let mut end = Chain::default();
        let count = MOST_LOOKED_AT + AT_ONCE + 10;
        let deeds = (1..=count).map(|k| {
            let (by, what, subject) = match k {
                2 => ("wang-li", What::TokenMade, "wall"),
                3 => ("admin", What::AccountChanged, "wang-li"),
                _ => ("admin", What::LoggedIn, "admin"),
            };
            let deed = Deed {
                by: crate::principal::Principal::Person(by.parse().expect("id")),
                ..Deed::of_machine(what, subject, None)
            };
            let at = Timestamp::from_millis(i64::try_from(k).expect("few"));
            end.enter(&deed, at, None)
        });
        let commit = Commit {
            deeds: deeds.collect(),
            ..Commit::default()
        };
        store.commit(&commit).expect("kept");
        let find = |before, name: Option<&str>, what| {
            let page = Page {
                before,
                limit: Some(2),
                name: name.map(str::to_owned),
                what,
            };
            let PageView { deeds, before } = newest(&store, &page).expect("read");
            let numbers = deeds.iter().map(|view| view.number);
            (numbers.collect::<Vec<_>>(), before)
        };
        let (none, on) = find(None, Some("wang-li"), None);
        assert!(none.is_empty(), "{none:?}");
        assert!(on.is_some_and(|on| on > 3), "{on:?}");
        assert_eq!(find(on, Some("wang-li"), None), (vec![3, 2], None));
        assert_eq!(
            find(on, Some("wang-li"), Some(What::TokenMade)),
            (vec![2], None)
        );
        assert_eq!(find(on, Some("wall"), None), (vec![2], None));
        assert_eq!(find(on, Some("wang"), None), (vec![], None));
        let (newest, _) = find(None, Some("admin"), Some(What::LoggedIn));
        assert_eq!(newest, [count, count - 1]);
    }
}
