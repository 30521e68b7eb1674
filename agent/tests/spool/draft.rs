//! The draft gives back what was added and is not durable, whenever the process dies.

use std::{collections::BTreeSet, fs::OpenOptions, io::Write as _, path::Path};

use agent::spool::{
    draft::{Draft, DraftError, MAX_BYTES},
    frame,
};
use proptest::prelude::*;
use shared::{limits::MAX_BATCH, observation::Observation, time::Timestamp, value::Value};

use crate::observations::observation;

/// The largest there can be.
fn largest() -> Observation {
    Observation {
        gauge: "g".repeat(63).parse().unwrap(),
        observed_at: Timestamp::from_millis(i64::MIN),
        value: Some(Value::from_milli(i64::MIN)),
        ..observation(0)
    }
}

/// What happens to a draft, in any order.
#[derive(Debug, Clone)]
enum Step {
    Add(usize),
    Seal,
    Clear,
    /// The process dies, perhaps while it wrote: so many bytes of the frame are there.
    Kill {
        torn: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..5).prop_map(Step::Add),
        2 => Just(Step::Seal),
        2 => Just(Step::Clear),
        1 => (0_usize..40).prop_map(|torn| Step::Kill { torn }),
    ]
}

/// What a draft must hold.
#[derive(Default)]
struct Model {
    added: usize,
    open: Vec<usize>,
    sealed: Vec<usize>,
}

/// Files that end in the front of a frame.
fn tear(data_dir: &Path, bytes: usize) {
    let whole = frame::encode(&[(); 3].map(|()| observation(0))).unwrap();
    for name in ["draft-a", "draft-b"] {
        let file = OpenOptions::new().append(true).open(data_dir.join(name));
        file.unwrap()
            .write_all(whole.get(..bytes).unwrap())
            .unwrap();
    }
}

fn numbers(observations: &[Observation]) -> BTreeSet<usize> {
    let number = |o: &Observation| usize::try_from(o.value.unwrap().milli()).unwrap();
    observations.iter().map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_kill_at_any_time_leaves_all_that_is_not_durable_and_nothing_that_was_never_added(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut draft, left) = Draft::open(dir.path()).unwrap();
        prop_assert!(left.is_empty());
        let mut model = Model::default();
        for step in steps.into_iter().chain([Step::Kill { torn: 0 }]) {
            match step {
                Step::Add(count) => {
                    let numbers = model.added..model.added + count;
                    model.added = numbers.end;
                    model.open.extend(numbers.clone());
                    let batch: Vec<_> = numbers.map(observation).collect();
                    draft.add(&frame::encode(&batch).unwrap()).unwrap();
                }
                // One batch at a time is on its way to the spool.
                Step::Seal if model.sealed.is_empty() => {
                    draft.seal();
                    model.sealed = std::mem::take(&mut model.open);
                }
                Step::Seal => {}
                Step::Clear => {
                    draft.clear().unwrap();
                    model.sealed.clear();
                }
                Step::Kill { torn } => {
                    drop(draft);
                    tear(dir.path(), torn);
                    let left;
                    (draft, left) = Draft::open(dir.path()).unwrap();
                    let left = numbers(&left);
                    let owed: BTreeSet<_> = [&model.open[..], &model.sealed].concat().into_iter().collect();
                    prop_assert!(left.is_superset(&owed), "{left:?} lacks some of {owed:?}");
                    prop_assert!(left.iter().all(|number| *number < model.added));
                    (model.open, model.sealed) = (vec![], left.into_iter().collect());
                }
            }
        }
    }
}

#[test]
fn a_whole_batch_of_the_largest_observations_fits_and_what_does_not_fit_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut draft, _) = Draft::open(dir.path()).unwrap();
    let frame = frame::encode(&[largest()]).unwrap();
    for _ in 0..MAX_BATCH {
        draft.add(&frame).unwrap();
    }
    while draft.add(&frame).is_ok() {}
    assert!(matches!(draft.add(&frame), Err(DraftError::Full)));
    let size = |name: &str| dir.path().join(name).metadata().unwrap().len();
    assert!(size("draft-a").max(size("draft-b")) <= MAX_BYTES);
    draft.seal();
    draft.add(&frame).unwrap();
    drop(draft);
    let (_, left) = Draft::open(dir.path()).unwrap();
    assert!(left.len() > MAX_BATCH);
}

#[test]
fn what_is_durable_is_given_back_no_more_and_what_came_after_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let frame = |number| frame::encode(&[observation(number)]).unwrap();
    let (mut draft, _) = Draft::open(dir.path()).unwrap();
    draft.add(&frame(1)).unwrap();
    draft.seal();
    draft.add(&frame(2)).unwrap();
    draft.clear().unwrap();
    drop(draft);
    let (mut draft, left) = Draft::open(dir.path()).unwrap();
    assert_eq!(left, [observation(2)]);
    draft.clear().unwrap();
    drop(draft);
    assert_eq!(Draft::open(dir.path()).unwrap().1, []);
}

#[test]
fn a_draft_of_another_version_is_set_aside_whole_and_what_is_known_of_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let known = frame::encode(&[observation(1)]).unwrap();
    let body = [9_u8, 0];
    let length = 2_u32.to_le_bytes();
    let checksum = crc32fast::hash(&body).to_le_bytes();
    let foreign = [&known[..], &length, &checksum, &body].concat();
    let path = dir.path().join("draft-a");
    for aside in ["draft-a.version-9", "draft-a.version-9-2"] {
        std::fs::write(&path, &foreign).unwrap();
        let (mut draft, left) = Draft::open(dir.path()).unwrap();
        assert_eq!(left, [observation(1)]);
        assert_eq!(std::fs::read(&path).unwrap(), known);
        draft.clear().unwrap();
        assert_eq!(std::fs::read(dir.path().join(aside)).unwrap(), foreign);
    }
}
