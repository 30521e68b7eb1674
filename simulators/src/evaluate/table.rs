//! What an evaluation found out, as people read it.

use super::{policy::Policy, totals::Report};
use crate::console::say;

pub(super) fn print(report: &Report) {
    forecasts(report);
    flags(report);
    plans(report);
}

fn share(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.2}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{:+.1} %", 100.0 * v))
}

fn forecasts(report: &Report) {
    let f = &report.forecast;
    say(format!("\nforecasts, {} floods", f.floods));
    say(format!(
        "  15 cm within 30 min, 10 min notice   CSI {}  POD {}  FAR {}",
        share(f.csi_15cm_30min),
        share(f.pod_15cm_30min),
        share(f.far_15cm_30min)
    ));
    let others = [
        ("the median alone", f.csi_15cm_30min_median),
        ("rate of rise", f.csi_15cm_30min_rate_of_rise),
        ("persistence", f.csi_15cm_30min_persistence),
    ];
    for (name, csi) in others {
        say(format!("    {name:<35}CSI {}", share(csi)));
    }
    say(format!(
        "  25 cm within 30 min, 10 min notice   CSI {}",
        share(f.csi_25cm_30min)
    ));
    let leads = f.coverage_80_by_lead.iter();
    let leads: Vec<_> = leads
        .map(|(l, c)| format!("{l} min {}", share(*c)))
        .collect();
    say(format!(
        "  80 % intervals hold                  {} ({})",
        share(f.coverage_80),
        leads.join(", ")
    ));
    for (lead, errors) in &f.errors_by_lead {
        say(format!(
            "  median at {lead} min                     off by {} m, persistence by {} m",
            share(errors.mae_m),
            share(errors.mae_persistence_m)
        ));
    }
    say(format!(
        "  time to dry, median error            {} (median absolute), {} (bias)",
        percent(f.drain_time_error_median),
        percent(f.drain_time_bias_median)
    ));
}

fn flags(report: &Report) {
    let (flags, faults) = (&report.flags, &report.faults);
    say(format!(
        "flags: POD {}, FAR {} ({} floods); points {} missed, {} false",
        share(flags.pod),
        share(flags.far),
        flags.floods,
        flags.missed,
        flags.wrong
    ));
    if faults.seeded > 0 {
        let kinds = faults.by_kind.iter();
        let kinds: Vec<_> = kinds
            .map(|(kind, of)| format!("{} {}/{}", kind.name(), of.found, of.seeded))
            .collect();
        say(format!(
            "faults: {} found, {} missed ({})",
            faults.found,
            faults.missed,
            kinds.join(", ")
        ));
    }
    say(format!(
        "sound gauges in doubt: {} of {}",
        faults.blamed, faults.sound
    ));
}

fn plans(report: &Report) {
    let d = &report.dispatch;
    say(format!("plans, {} trucks, weighted m³·h", report.trucks));
    for (policy, water) in &d.volume_hours {
        let orders = d.orders.get(policy).copied().unwrap_or(0);
        let against = d.against_nearest.get(policy);
        let others = against.filter(|_| *policy != Policy::Nearest);
        let range = others.and_then(|a| a.interval_95).map(|(low, high)| {
            let (low, high) = (percent(Some(low)), percent(Some(high)));
            format!("95 % {low} to {high}")
        });
        say(format!(
            "  {:<20} {water:>12.0}  {:>9}  {orders:>5} orders  {}",
            policy.name(),
            percent(against.map(|a| a.ratio)),
            range.unwrap_or_default()
        ));
    }
    if d.worst_storm_vs_reactive_nearest.is_some() {
        say(format!(
            "  plan against nearest in the worst storm {}",
            percent(d.worst_storm_vs_reactive_nearest)
        ));
    }
}
