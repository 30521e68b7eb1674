//! Small things to commit.

use std::ops::ControlFlow;

use aggregator::{
    audit::{Chain, Deed, Entry, What},
    principal::Principal,
    store::{Commit, Quarantined, Refused, SavedWorld, Store, Stored},
    world::{Arrival, Input},
};
use shared::{
    gauge::Parameter,
    ids::GaugeId,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
};

pub const DAY_MS: i64 = 86_400_000;

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn gauge(id: &str) -> GaugeId {
    id.parse().unwrap()
}

pub fn observation(id: &str, millis: i64, milli: i64) -> Observation {
    Observation {
        gauge: gauge(id),
        parameter: Parameter::Depth,
        observed_at: at(millis),
        value: Some(Value::from_milli(milli)),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    }
}

pub fn stored(id: &str, millis: i64, milli: i64, received: i64) -> Stored {
    Stored {
        observation: observation(id, millis, milli),
        received_at: at(received),
    }
}

pub fn observed(number: u64, millis: i64, observations: Vec<Observation>) -> Arrival {
    arrival(number, millis, Input::Observed(observations))
}

pub fn tick(number: u64, millis: i64) -> Arrival {
    arrival(number, millis, Input::Tick)
}

pub fn arrival(number: u64, millis: i64, input: Input) -> Arrival {
    Arrival {
        number,
        at: at(millis),
        input,
    }
}

pub fn commit(arrivals: Vec<Arrival>) -> Commit {
    Commit {
        arrivals,
        ..Commit::default()
    }
}

pub fn refused(reason: &str, millis: i64) -> Refused {
    Refused {
        received_at: at(millis),
        reason: reason.to_owned(),
        topic: "flood/v1/obs/00/gw-1".to_owned(),
        detail: "not a batch".to_owned(),
        payload: "hello".to_owned(),
    }
}

pub fn quarantined(millis: i64) -> Quarantined {
    Quarantined {
        sender: "agent gw-1".to_owned(),
        reason: "too-old".to_owned(),
        received_at: at(millis),
        observation: observation("lg-1", 5, 1),
    }
}

/// A deed that follows on the end of a log.
pub fn deed(end: &mut Chain, subject: &str, millis: i64) -> Entry {
    let deed = Deed {
        by: Principal::Machine,
        from: None,
        what: What::Started,
        subject: subject.to_owned(),
        before: None,
        after: None,
    };
    end.enter(&deed, at(millis), None)
}

/// The log after a number.
pub fn deeds(store: &dyn Store, after: u64) -> Vec<Entry> {
    let mut found = Vec::new();
    let visited = store.deeds(after, &mut |entry| {
        found.push(entry);
        ControlFlow::Continue(())
    });
    visited.unwrap();
    found
}

/// What is in quarantine, with its numbers.
pub fn quarantine(store: &dyn Store) -> Vec<(u64, Quarantined)> {
    let mut found = Vec::new();
    let visited = store.quarantined(&mut |number, one| {
        found.push((number, one));
        ControlFlow::Continue(())
    });
    visited.unwrap();
    found
}

pub fn world(after: u64, millis: i64) -> SavedWorld {
    SavedWorld {
        after,
        at: at(millis),
        bytes: after.to_be_bytes().repeat(20),
    }
}

/// The arrivals after a number.
pub fn arrivals(store: &dyn Store, after: u64) -> Vec<Arrival> {
    let mut found = Vec::new();
    let visited = store.arrivals(after, &mut |arrival| {
        found.push(arrival);
        ControlFlow::Continue(())
    });
    visited.unwrap();
    found
}

pub fn numbers(store: &dyn Store, after: u64) -> Vec<u64> {
    arrivals(store, after).iter().map(|a| a.number).collect()
}

/// All saved worlds, newest first.
pub fn worlds(store: &dyn Store, not_after: Option<i64>) -> Vec<SavedWorld> {
    let mut found = Vec::new();
    let visited = store.saved_worlds(not_after.map(at), &mut |world| {
        found.push(world);
        ControlFlow::Continue(())
    });
    visited.unwrap();
    found
}

/// The whole series.
pub fn series(store: &dyn Store) -> Vec<Stored> {
    let mut found = Vec::new();
    store.visit(&mut |stored| found.push(stored)).unwrap();
    found
}
