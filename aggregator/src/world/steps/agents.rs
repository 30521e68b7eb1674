//! Agents: who is there, who is behind, whose sources are silent.

use std::sync::Arc;

use shared::{ids::AgentId, time::Timestamp, wire::AgentHealth};

use super::super::{change::Change, effect::Effect, snapshot::AgentFacts, state::World};

/// An agent that said nothing for this long is offline, in storm-time milliseconds at speed 1.
/// Its health comes every ten real seconds; its last will comes at once when the line breaks.
const OFFLINE_AFTER_REAL_MS: i64 = 35_000;

/// Batches of an agent are told at most once per storm minute: every one would flood the page with
/// nothing new.
const TOLD_MS: i64 = 60_000;

impl AgentFacts {
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
    pub(in crate::world) fn agent_batch(
        &mut self,
        agent: &AgentId,
        at: Timestamp,
        backfill: bool,
        has_hole: bool,
        effects: &mut Vec<Effect>,
    ) {
        let told = self.agents.get(agent).is_some_and(|known| {
            known.online
                && known.has_hole == has_hole
                && !backfill
                && at.millis_since(known.last_seen) < TOLD_MS
        });
        if told {
            return;
        }
        let live = self.agent_mut(agent, at);
        live.online = true;
        live.has_hole = has_hole;
        live.last_seen = at;
        if backfill {
            live.backfill_at = Some(at);
        }
        effects.push(changed(agent, true));
    }

    /// What an agent says of itself. It may be a retained message of yesterday, so its own time
    /// counts, but a clock that is ahead would keep a dead agent online: never later than now.
    pub(in crate::world) fn agent_health(
        &mut self,
        health: AgentHealth,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let (agent, online) = (health.agent.clone(), health.online);
        let at = health.at.min(now);
        if self.is_set_back_by(&health, now) {
            // It may be said again by whoever heard it once. A will is older than what came after it.
            if !online {
                self.agent_mut(&agent, now).online = false;
                effects.push(changed(&agent, false));
            }
            return;
        }
        let live = self.agent_mut(&agent, at);
        live.online = online;
        live.last_seen = live.last_seen.max(at);
        live.health = Some(health);
        effects.push(changed(&agent, online));
    }

    /// Whether an agent that lives has said something newer of itself.
    fn is_set_back_by(&self, health: &AgentHealth, now: Timestamp) -> bool {
        let limit = self.real_to_storm_ms(OFFLINE_AFTER_REAL_MS);
        let known = self.agents.get(&health.agent);
        let lives = known.filter(|live| now.millis_since(live.last_seen) <= limit);
        let known = lives.and_then(|live| live.health.as_ref());
        known.is_some_and(|known| health.at < known.at.min(now))
    }

    /// An agent is no longer known.
    pub(in crate::world) fn forget_agent(&mut self, agent: &AgentId) {
        Arc::make_mut(&mut self.agents).remove(agent);
    }

    pub(in crate::world) fn tick_agents(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let limit = self.real_to_storm_ms(OFFLINE_AFTER_REAL_MS);
        let gone = |a: &AgentFacts| a.online && now.millis_since(a.last_seen) > limit;
        let gone: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(_, live)| gone(live))
            .map(|(id, _)| id.clone())
            .collect();
        for agent in gone {
            self.agent_mut(&agent, now).online = false;
            effects.push(changed(&agent, false));
        }
    }

    fn agent_mut(&mut self, agent: &AgentId, at: Timestamp) -> &mut AgentFacts {
        let live = Arc::make_mut(&mut self.agents)
            .entry(agent.clone())
            .or_insert_with(|| Arc::new(AgentFacts::new(at)));
        Arc::make_mut(live)
    }
}

fn changed(agent: &AgentId, online: bool) -> Effect {
    Effect::Changed(Change::Agent {
        agent: agent.clone(),
        online,
    })
}
