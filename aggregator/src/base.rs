//! What every part stands on: the city, the clock, the store, and the world as the store knows it.

use std::{collections::HashMap, sync::Arc, time::Instant};

use anyhow::Result;
use shared::{clock::Clock, ids::AgentId, time::Timestamp};
use tracing::{info, warn};

use crate::{
    authority::{Authority, Role},
    config::Config,
    grants::Grants,
    ingest::{Admitter, Described, Ledger},
    metrics::Stages,
    network::City,
    restore::{Restored, restore},
    store::{self, Store},
};

/// What every part stands on.
pub struct Base {
    pub city: Arc<City>,
    pub clock: Clock,
    pub store: Arc<dyn Store>,
    pub restored: Restored,
    pub stages: Arc<Stages>,
    keep_days: u32,
    grants: Grants,
}

impl Base {
    /// Opens the store and brings the world to where it was.
    ///
    /// # Errors
    /// The store cannot be opened or read.
    pub fn new(config: &Config, city: City) -> Result<Self> {
        let city = Arc::new(city);
        let store = store::open(&config.data_dir.join("store"))?;
        let restored = restored(&*store, &city)?;
        Ok(Self {
            city,
            clock: config.clock,
            keep_days: config.keep_days,
            grants: config.grants.clone(),
            store,
            restored,
            stages: Arc::default(),
        })
    }

    /// The committer's ledger, which goes on where the store ends.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn ledger(&self, authority: &Authority) -> Result<Ledger> {
        let gauges = self.city.gauges.iter().map(|gauge| {
            let described = Described {
                parameter: gauge.parameter,
                interval_s: gauge.interval_s,
            };
            (gauge.id.clone(), described)
        });
        let trucks = self.city.trucks.iter().map(|truck| truck.id.clone());
        let admitter = Admitter::new(gauges, self.clock.speed(), self.keep_days)
            .with_trucks(trucks)
            .with_grants(self.grants.clone());
        for (name, one) in authority.enrolled() {
            if one.role == Role::Source && self.grants.refuses_all_of(name) {
                warn!(
                    source = name,
                    "it is enrolled, and no [[source]] says what it may speak for: refused"
                );
            }
        }
        let cursors = self.store.cursors()?;
        let long_ago = Timestamp::default();
        let committed = cursors.iter().map(|(agent, _)| (agent.clone(), long_ago));
        let mut known: HashMap<AgentId, Timestamp> = committed.collect();
        known.extend(self.restored.world.agents_heard());
        known.retain(|agent, _| !authority.enrolled().contains_key(agent.as_str()));
        let ledger = Ledger::new(
            admitter,
            self.clock.mode(),
            cursors,
            self.restored.world.counts(),
            self.restored.last_arrival,
        );
        Ok(ledger.with_strangers(known))
    }
}

fn restored(store: &dyn Store, city: &Arc<City>) -> Result<Restored> {
    let begun = Instant::now();
    let restored = restore(store, city.clone())?;
    info!(
        arrivals = restored.last_arrival,
        stepped = restored.stepped,
        took_ms = begun.elapsed().as_secs_f64() * 1000.0,
        "live state restored"
    );
    Ok(restored)
}
