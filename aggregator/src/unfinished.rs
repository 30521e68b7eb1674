//! Requests that became durable and of which nobody entered what came of them: the program ended in
//! between. What the world made of them shows when it is restored, and is entered then.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use anyhow::{Result, ensure};
use tracing::info;

use crate::{
    audit::{Said, What},
    ingest::{CommitterHandle, Receipt},
    requests,
    restore::Answered,
    store::{Store, StoreError},
};

/// Deeds that are looked through, from the end of the log on: more were not entered between a request and
/// its answer.
const LOOKED_THROUGH: u64 = 10_000;

/// Enters what came of the requests of which the log does not say it.
///
/// # Errors
/// The store cannot be read or written.
pub async fn enter(
    answered: Vec<Answered>,
    store: Arc<dyn Store>,
    committer: &CommitterHandle,
) -> Result<()> {
    if answered.is_empty() {
        return Ok(());
    }
    let asked = tokio::task::spawn_blocking(move || open_requests(&*store)).await??;
    for Answered {
        arrival,
        request,
        outcome,
    } in answered
    {
        let Some(said) = asked.get(&arrival) else {
            continue;
        };
        let deed = requests::outcome(request.by, said.from, &request.wish, &outcome);
        info!(arrival, what = %deed.what, "what came of a request is entered after a restart");
        let receipt = committer.outcome(deed, arrival).await;
        ensure!(receipt == Receipt::Done, "the store cannot be written");
    }
    Ok(())
}

/// Requests of which the log does not say what came of them, by their arrivals.
fn open_requests(store: &dyn Store) -> Result<BTreeMap<u64, Said>, StoreError> {
    let from = store.end_of_deeds()?.last.saturating_sub(LOOKED_THROUGH);
    let [dispatch, recall] = [What::DispatchAsked, What::RecallAsked].map(|w| w.to_string());
    let ends = [What::OrderGiven, What::OrderRecalled, What::RequestRefused].map(|w| w.to_string());
    let mut open = BTreeMap::new();
    store.deeds(from, &mut |entry| {
        if let Ok(said) = entry.said()
            && let Some(arrival) = said.arrival
        {
            if said.what == dispatch || said.what == recall {
                open.insert(arrival, said);
            } else if ends.contains(&said.what) {
                open.remove(&arrival);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(open)
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;
    use crate::{
        audit::{Chain, Deed},
        store::{Commit, MemoryStore},
    };

    #[test]
    fn only_requests_without_an_outcome_are_open() {
        let mut end = Chain::default();
        let mut entry = |what, arrival| {
            let deed = Deed::of_machine(what, "truck pt-3", None);
            end.enter(&deed, Timestamp::from_millis(0), Some(arrival))
        };
        let deeds = vec![
            entry(What::Started, 1),
            entry(What::DispatchAsked, 4),
            entry(What::RecallAsked, 5),
            entry(What::OrderGiven, 4),
            entry(What::DispatchAsked, 9),
            entry(What::RequestRefused, 9),
        ];
        let store = MemoryStore::default();
        let commit = Commit {
            deeds,
            ..Commit::default()
        };
        store.commit(&commit).expect("kept");
        let open = open_requests(&store).expect("read");
        assert_eq!(open.into_keys().collect::<Vec<_>>(), [5]);
    }
}
