//! Agents: who is there, who is behind, whose sources are silent.

use shared::{ids::AgentId, time::Timestamp, wire::AgentHealth};

use super::World;

/// An agent that said nothing for this long is offline, in storm-time milliseconds at speed 1.
/// Its health comes every ten real seconds; its last will comes at once when the line breaks.
const OFFLINE_AFTER_REAL_MS: i64 = 35_000;

/// What is known of an agent.
#[derive(Debug, Clone)]
pub struct AgentLive {
    pub health: Option<AgentHealth>,
    pub last_seen: Timestamp,
    pub online: bool,
    /// Batches are missing between those that came.
    pub has_hole: bool,
    /// When its last batch of backlog came.
    pub backfill_at: Option<Timestamp>,
}

impl AgentLive {
    fn new(at: Timestamp) -> Self {
        Self {
            health: None,
            last_seen: at,
            online: true,
            has_hole: false,
            backfill_at: None,
        }
    }
}

impl World {
    pub(super) fn agent_batch(
        &mut self,
        agent: AgentId,
        at: Timestamp,
        backfill: bool,
        has_hole: bool,
    ) {
        let live = self
            .agents
            .entry(agent.clone())
            .or_insert_with(|| AgentLive::new(at));
        // Told at most once per storm minute: every batch would flood the page with nothing new.
        let news = !live.online
            || live.has_hole != has_hole
            || backfill
            || at.millis_since(live.last_seen) >= 60_000;
        live.online = true;
        live.has_hole = has_hole;
        if backfill {
            live.backfill_at = Some(at);
        }
        if news {
            live.last_seen = at;
            self.dirty.agents.insert(agent);
        }
    }

    /// What an agent says of itself. It may be a retained message of yesterday, so its own time
    /// counts, but a clock that is ahead would keep a dead agent online: never later than now.
    pub(super) fn agent_health(&mut self, health: AgentHealth, now: Timestamp) {
        let agent = health.agent.clone();
        let at = health.at.min(now);
        let live = self
            .agents
            .entry(agent.clone())
            .or_insert_with(|| AgentLive::new(at));
        live.online = health.online;
        live.last_seen = live.last_seen.max(at);
        live.health = Some(health);
        self.dirty.agents.insert(agent);
    }

    pub(super) fn tick_agents(&mut self, now: Timestamp) {
        let limit = self.outlook.real_to_storm_ms(OFFLINE_AFTER_REAL_MS);
        for (id, live) in &mut self.agents {
            if live.online && now.millis_since(live.last_seen) > limit {
                live.online = false;
                self.dirty.agents.insert(id.clone());
            }
        }
    }
}
