//! Cases with their plans as files of numbers, for an exact solver.

use std::path::Path;

use aggregator::dispatch::{Plan, Roads, SEND_HOURS2, SETUP_MINUTES, Situation, plan};
use anyhow::Context as _;
use serde_json::{Value, json};

use super::cases::{self, STEP_MINUTES, Size};

/// Writes cases and what the planner makes of them, one file each; files of an earlier run are replaced.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn write(folder: &Path, seed: u64, count: u64, size: Size) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for number in 0..count {
        let situation = cases::case(seed, number, size);
        let plan = plan(&situation, &Roads::default());
        let file = folder.join(format!("case-{number:04}.json"));
        let told = told(cases::load(number), &situation, &plan);
        std::fs::write(&file, told.to_string()).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

fn told(load: f64, situation: &Situation, plan: &Plan) -> Value {
    let roads = Roads::default();
    let points = situation.reservoirs.iter().map(|r| {
        let members = r.members.iter();
        let members: Vec<Value> = members
            .map(|m| json!({"weight": m.weight, "m3h": m.m3h}))
            .collect();
        json!({
            "weight": r.weight,
            "volume_m3": r.volume_m3,
            "critical_m3": r.critical_m3,
            "room": r.max_trucks,
            "members": members,
        })
    });
    let trucks = situation.trucks.iter().map(|truck| {
        let ready = situation.reservoirs.iter().map(|r| {
            let drive = roads.drive(truck.position, r.position);
            drive.minutes() + SETUP_MINUTES
        });
        json!({
            "capacity_m3h": truck.capacity_m3h,
            "sending_m3h": SEND_HOURS2 * truck.capacity_m3h,
            "ready_minutes": ready.collect::<Vec<f64>>(),
        })
    });
    let sent = situation.trucks.iter().map(|truck| {
        let to = plan.of(&truck.id)?;
        situation.reservoirs.iter().position(|r| r.id == to.point)
    });
    json!({
        "load": load,
        "step_minutes": STEP_MINUTES,
        "points": points.collect::<Vec<_>>(),
        "trucks": trucks.collect::<Vec<_>>(),
        "plan": {
            "sent": sent.collect::<Vec<_>>(),
            "cost": plan.cost,
            "cost_without": plan.cost_without,
            "sending": plan.sending,
            "bound": plan.bound,
            "gap_percent": plan.gap_percent,
        },
    })
}
