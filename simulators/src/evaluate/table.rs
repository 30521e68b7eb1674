//! What an evaluation found out, as people read it.

use super::{policy::Policy, report::Report};
use crate::console::say;

pub(super) fn print(report: &Report) {
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.2}"));
    let percent =
        |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{:+.1} %", 100.0 * v));
    let f = &report.forecast;
    say(format!("\nforecasts, {} floods", f.floods));
    say(format!(
        "  15 cm within 30 min, 10 min notice   CSI {}  POD {}  FAR {}",
        share(f.csi_15cm_30min),
        share(f.pod_15cm_30min),
        share(f.far_15cm_30min)
    ));
    say(format!(
        "    the median alone                   CSI {}",
        share(f.csi_15cm_30min_median)
    ));
    say(format!(
        "    rate of rise                       CSI {}",
        share(f.csi_15cm_30min_rate_of_rise)
    ));
    say(format!(
        "    persistence                        CSI {}",
        share(f.csi_15cm_30min_persistence)
    ));
    say(format!(
        "  25 cm within 30 min, 10 min notice   CSI {}",
        share(f.csi_25cm_30min)
    ));
    let leads: Vec<_> = f
        .coverage_80_by_lead
        .iter()
        .map(|(l, c)| format!("{l} min {}", share(*c)))
        .collect();
    say(format!(
        "  80 % intervals hold                  {} ({})",
        share(f.coverage_80),
        leads.join(", ")
    ));
    say(format!(
        "  time to dry, median error            {} (median absolute), {} (bias)",
        percent(f.drain_time_error_median),
        percent(f.drain_time_bias_median)
    ));
    say(format!(
        "flags: {} missed, {} false",
        report.flags.missed, report.flags.wrong
    ));
    let d = &report.dispatch;
    say(format!("plans, {} trucks, weighted m³·h", report.trucks));
    for (policy, water) in &d.volume_hours {
        let orders = d.orders.get(policy).copied().unwrap_or(0);
        let nearest = d.volume_hours.get(&Policy::Nearest).filter(|n| **n > 0.0);
        say(format!(
            "  {:<20} {water:>12.0}  {:>9}  {orders} orders",
            policy.name(),
            percent(nearest.map(|n| water / n - 1.0))
        ));
    }
    if let Some((low, high)) = d.vs_reactive_nearest_95 {
        say(format!(
            "  plan against nearest {} (95 % {} to {}; worst storm {})",
            percent(d.volume_hours_vs_reactive_nearest),
            percent(Some(low)),
            percent(Some(high)),
            percent(d.worst_storm_vs_reactive_nearest)
        ));
    }
}
