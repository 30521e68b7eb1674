//! Scripts in, transcripts out: what is forecast of one underpass while rain and depths come in.
//!
//! A line of a script is a span of minutes with a rainfall intensity in mm/h and a depth in metres,
//! each at its two ends (`00..20 rain 0..60 depth 0.00..0.20`; a dash where a gauge is silent):
//! every minute gets its reading and its forecast. `20 pumps 400` tells of trucks, in m³/h, and
//! `20 forecast` asks for the transcript.
//!
//! The underpass drains 3 ha, of which 80 % runs off; drains take 600 m³/h; half a metre is 500 m³,
//! two metres 4,000 m³. Thresholds are the default: notice from 0.05 m, waterlogged from 0.15 m,
//! closure from 0.25 m.

use insta::assert_snapshot;
use shared::{
    gauge::Parameter,
    ids::{GaugeId, PointId},
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::*;
use crate::{merge::RainKind, network::Storage};

const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);

fn minute(minute: i64) -> Timestamp {
    START.plus_millis(minute * 60_000)
}

fn minutes(at: Timestamp) -> f64 {
    at.seconds_since(START) / 60.0
}

struct Underpass {
    forecaster: Forecaster,
    point: PointId,
    gauge: GaugeId,
    newest: Option<(i64, Option<Forecast>)>,
}

impl Underpass {
    fn new() -> Self {
        let (point, gauge): (PointId, GaugeId) =
            ("wp-1".parse().expect("id"), "rg-1".parse().expect("id"));
        let model = PointModel {
            id: point.clone(),
            storage: Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("rises"),
            catchment_ha: Some(3.0),
            runoff: 0.8,
            drain_m3h: Some(600.0),
            lacks: Vec::new(),
            thresholds: Thresholds::default(),
            interval_s: 60,
            rain_gauges: vec![RainGauge {
                id: gauge.clone(),
                kind: RainKind {
                    parameter: Parameter::RainfallIntensity,
                    interval_s: 60,
                },
            }],
        };
        Self {
            forecaster: Forecaster::new(vec![model]),
            point,
            gauge,
            newest: None,
        }
    }

    fn run(&mut self, now: i64) {
        let forecast = self.forecaster.run(minute(now)).pop();
        self.newest = Some((now, forecast.map(|(_, forecast)| forecast)));
    }

    fn report(&mut self, span: &str, rain: Ramp, depth: Ramp) {
        let (from, to) = span.split_once("..").expect("two minutes");
        let (from, to): (i64, i64) = (number(from), number(to));
        for now in from..=to {
            let share = (now - from) as f64 / (to - from).max(1) as f64;
            if let Some(mm_per_h) = rain.at(share) {
                self.forecaster
                    .observe_rain(&self.gauge, minute(now), Some(mm_per_h));
            }
            if let Some(depth_m) = depth.at(share) {
                self.forecaster
                    .observe_depth(&self.point, minute(now), depth_m);
            }
            self.run(now);
        }
    }

    fn told(&mut self, now: i64) -> String {
        if self.newest.as_ref().is_none_or(|(at, _)| *at != now) {
            self.run(now);
        }
        let newest = self
            .newest
            .as_ref()
            .and_then(|(_, forecast)| forecast.as_ref());
        newest.map_or(format!("{now:02} no forecast"), |f| told(now, f))
    }
}

/// A value at the two ends of a span; `None` where nothing comes.
#[derive(Clone, Copy)]
struct Ramp(Option<(f64, f64)>);

impl Ramp {
    fn parse(text: &str) -> Self {
        let ends = text.split_once("..").unwrap_or((text, text));
        Self((text != "-").then(|| (number(ends.0), number(ends.1))))
    }

    fn at(self, share: f64) -> Option<f64> {
        self.0.map(|(from, to)| from + (to - from) * share)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .ok()
        .unwrap_or_else(|| panic!("`{text}` is no number"))
}

fn told(now: i64, f: &Forecast) -> String {
    let horizon = |h: &Horizon| {
        format!(
            "in {} min {:.3} ({:.3}–{:.3})",
            h.minutes, h.p50_m, h.p10_m, h.p90_m
        )
    };
    let horizons: Vec<_> = f.horizons.iter().map(horizon).collect();
    let when = |what: &str, at: Option<Timestamp>| {
        at.map_or(String::new(), |at| format!(", {what} at {}", minutes(at)))
    };
    let (first, last) = (
        f.curve.first().expect("a curve"),
        f.curve.last().expect("a curve"),
    );
    let net: Vec<_> = f
        .inflow
        .iter()
        .map(|m| {
            format!(
                "{:.1}: {:.1} to {:.1}",
                m.weight,
                m.m3h[0],
                m.m3h[m.m3h.len() - 1]
            )
        })
        .collect();
    [
        format!(
            "{now:02} from {} by {:?}: {}",
            minutes(f.basis_at),
            f.method,
            horizons.join(", ")
        ),
        format!(
            "   peak {:.3} at {}{}{}{}; waterlogged with {:.2}",
            f.peak_m,
            minutes(f.peak_at),
            when("waterlogged", f.reaches_waterlogged_at),
            when("closure", f.reaches_closure_at),
            when("dry", f.dry_at),
            f.waterlogged_probability_60,
        ),
        format!(
            "   curve of {} from {} ({:.3}–{:.3}) to {} ({:.3}–{:.3})",
            f.curve.len(),
            minutes(Timestamp::from_millis(first.0)),
            first.1,
            first.3,
            minutes(Timestamp::from_millis(last.0)),
            last.1,
            last.3,
        ),
        format!(
            "   net inflow in m³/h over {} steps: {}",
            f.inflow[0].m3h.len(),
            net.join("; ")
        ),
        skill(&f.skill),
    ]
    .join("\n")
}

fn skill(s: &Skill) -> String {
    let error = |mae: Option<f64>| mae.map_or("unknown".to_owned(), |m| format!("{m:.4} m"));
    format!(
        "   of {} verified at {} min: error {}, of persistence {}, {} hits, {} misses, \
         {} false alarms",
        s.verified,
        s.horizon_minutes,
        error(s.mae_m),
        error(s.mae_persistence_m),
        s.hits,
        s.misses,
        s.false_alarms,
    )
}

fn transcript(script: &str) -> String {
    let mut underpass = Underpass::new();
    let mut told = Vec::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [span, "rain", rain, "depth", depth] => {
                underpass.report(span, Ramp::parse(rain), Ramp::parse(depth));
            }
            [_, "pumps", m3h] => underpass
                .forecaster
                .set_pumping(&underpass.point, number(m3h)),
            [now, "forecast"] => told.push(underpass.told(number(now))),
            _ => panic!("`{line}` is no line of a script"),
        }
    }
    told.join("\n")
}

#[test]
fn a_cloudburst_fills_the_underpass() {
    assert_snapshot!(transcript("
        00..10 rain 0 depth 0.00
        10 forecast
        11..20 rain 10..90 depth 0.00..0.12
        20 forecast
        21..25 rain 150 depth 0.14..0.20
        25 forecast
        26..35 rain 90 depth 0.21..0.30
        35 forecast
    "), @r"
    10 from 10 by Reservoir: in 15 min 0.000 (0.000–0.025), in 30 min 0.000 (0.000–0.035), in 60 min 0.000 (0.000–0.050)
       peak 0.000 at 10; waterlogged with 0.00
       curve of 13 from 10 (0.000–0.000) to 70 (0.000–0.050)
       net inflow in m³/h over 36 steps: 0.3: -600.0 to -600.0; 0.5: -600.0 to -600.0; 0.2: -600.0 to -600.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by Reservoir: in 15 min 0.160 (0.051–0.248), in 30 min 0.156 (0.000–0.376), in 60 min 0.084 (0.000–0.469)
       peak 0.160 at 35, waterlogged at 30; waterlogged with 0.70
       curve of 13 from 20 (0.120–0.120) to 80 (0.000–0.469)
       net inflow in m³/h over 36 steps: 0.3: 6.8 to -600.0; 0.5: 334.8 to -599.7; 0.2: 378.5 to -598.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    25 from 25 by Reservoir: in 15 min 0.448 (0.249–0.574), in 30 min 0.498 (0.153–0.783), in 60 min 0.484 (0.000–1.043)
       peak 0.503 at 60, closure at 30; waterlogged with 1.00
       curve of 13 from 25 (0.200–0.200) to 85 (0.000–1.043)
       net inflow in m³/h over 36 steps: 0.3: 686.6 to -600.0; 0.5: 1445.5 to -599.2; 0.2: 1546.5 to -596.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    35 from 35 by Reservoir: in 15 min 0.509 (0.251–0.722), in 30 min 0.552 (0.113–0.957), in 60 min 0.501 (0.000–1.251)
       peak 0.555 at 70; waterlogged with 1.00
       curve of 13 from 35 (0.300–0.300) to 95 (0.000–1.251)
       net inflow in m³/h over 36 steps: 0.3: 768.3 to -600.0; 0.5: 1457.3 to -599.3; 0.2: 1549.0 to -596.8
       of 6 verified at 30 min: error 0.2750 m, of persistence 0.2750 m, 0 hits, 6 misses, 0 false alarms
    ");
}

#[test]
fn rain_that_ended_lets_it_drain_and_trucks_help() {
    assert_snapshot!(transcript("
        00..30 rain 60 depth 0.05..0.45
        31..45 rain 0 depth 0.45..0.44
        45 forecast
        45 pumps 800
        46..46 rain 0 depth 0.44
        46 forecast
    "), @r"
    45 from 45 by Reservoir: in 15 min 0.335 (0.263–0.406), in 30 min 0.198 (0.097–0.299), in 60 min 0.000 (0.000–0.143)
       peak 0.440 at 45, dry at 95; waterlogged with 1.00
       curve of 13 from 45 (0.440–0.440) to 105 (0.000–0.143)
       net inflow in m³/h over 36 steps: 0.3: -343.0 to -600.0; 0.5: -343.0 to -600.0; 0.2: -343.0 to -600.0
       of 16 verified at 30 min: error 0.1431 m, of persistence 0.2953 m, 16 hits, 0 misses, 0 false alarms
    46 from 46 by Reservoir: in 15 min 0.131 (0.063–0.200), in 30 min 0.000 (0.000–0.097), in 60 min 0.000 (0.000–0.137)
       peak 0.440 at 46, dry at 66; waterlogged with 1.00
       curve of 13 from 46 (0.440–0.440) to 106 (0.000–0.137)
       net inflow in m³/h over 36 steps: 0.3: -364.0 to -600.0; 0.5: -364.0 to -600.0; 0.2: -364.0 to -600.0
       of 17 verified at 30 min: error 0.1369 m, of persistence 0.2883 m, 17 hits, 0 misses, 0 false alarms
    ");
}

#[test]
fn without_rain_data_the_rise_of_ten_minutes_is_carried_on() {
    assert_snapshot!(transcript("
        00..05 rain - depth 0.10
        05 forecast
        06..20 rain - depth 0.11..0.25
        20 forecast
        21..35 rain - depth 0.24..0.10
        35 forecast
    "), @r"
    05 from 5 by RateOfRise: in 15 min 0.100 (0.075–0.125), in 30 min 0.100 (0.065–0.135), in 60 min 0.100 (0.050–0.150)
       peak 0.100 at 5; waterlogged with 0.00
       curve of 13 from 5 (0.100–0.100) to 65 (0.050–0.150)
       net inflow in m³/h over 36 steps: 0.3: 0.0 to 0.0; 0.5: 0.0 to 0.0; 0.2: 0.0 to 0.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by RateOfRise: in 15 min 0.360 (0.300–0.413), in 30 min 0.411 (0.294–0.531), in 60 min 0.444 (0.279–0.612)
       peak 0.444 at 80; waterlogged with 1.00
       curve of 13 from 20 (0.250–0.250) to 80 (0.279–0.612)
       net inflow in m³/h over 36 steps: 0.3: 600.0 to 0.0; 0.5: 600.0 to 0.1; 0.2: 600.0 to 32.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    35 from 35 by RateOfRise: in 15 min 0.007 (0.000–0.037), in 30 min 0.006 (0.000–0.039), in 60 min 0.006 (0.000–0.046)
       peak 0.100 at 35, dry at 45; waterlogged with 0.00
       curve of 13 from 35 (0.100–0.100) to 95 (0.000–0.046)
       net inflow in m³/h over 36 steps: 0.3: -600.0 to -0.0; 0.5: -600.0 to -0.1; 0.2: -600.0 to -32.5
       of 6 verified at 30 min: error 0.0250 m, of persistence 0.0250 m, 0 hits, 1 misses, 0 false alarms
    ");
}

#[test]
fn rain_of_ten_minutes_ago_is_no_rain_of_now() {
    assert_snapshot!(transcript("
        00..10 rain 40 depth 0.10
        11..20 rain - depth 0.10
        20 forecast
        21..21 rain - depth 0.10
        21 forecast
    "), @r"
    20 from 20 by Reservoir: in 15 min 0.134 (0.035–0.215), in 30 min 0.124 (0.000–0.315), in 60 min 0.063 (0.000–0.365)
       peak 0.134 at 35; waterlogged with 0.70
       curve of 13 from 20 (0.100–0.100) to 80 (0.000–0.365)
       net inflow in m³/h over 36 steps: 0.3: 32.9 to -600.0; 0.5: 321.6 to -599.7; 0.2: 360.0 to -598.7
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    21 from 21 by RateOfRise: in 15 min 0.100 (0.075–0.125), in 30 min 0.100 (0.065–0.135), in 60 min 0.100 (0.050–0.150)
       peak 0.100 at 21; waterlogged with 0.00
       curve of 13 from 21 (0.100–0.100) to 81 (0.050–0.150)
       net inflow in m³/h over 36 steps: 0.3: 0.0 to 0.0; 0.5: 0.0 to 0.0; 0.2: 0.0 to 0.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    ");
}

#[test]
fn a_silent_level_gives_no_forecast() {
    assert_snapshot!(transcript("
        00..03 rain 20 depth 0.20
        04..08 rain 20 depth -
        08 forecast
        09 forecast
        10..10 rain 20 depth 0.21
        10 forecast
    "), @r"
    08 from 3 by Reservoir: in 15 min 0.142 (0.080–0.195), in 30 min 0.062 (0.000–0.175), in 60 min 0.002 (0.000–0.058)
       peak 0.200 at 3, dry at 38; waterlogged with 1.00
       curve of 13 from 3 (0.200–0.200) to 63 (0.000–0.058)
       net inflow in m³/h over 36 steps: 0.3: -283.6 to -600.0; 0.5: -139.2 to -599.9; 0.2: -120.0 to -599.3
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    09 no forecast
    10 from 10 by Reservoir: in 15 min 0.152 (0.090–0.205), in 30 min 0.069 (0.000–0.185), in 60 min 0.004 (0.000–0.068)
       peak 0.210 at 10, dry at 45; waterlogged with 1.00
       curve of 13 from 10 (0.210–0.210) to 70 (0.000–0.068)
       net inflow in m³/h over 36 steps: 0.3: -283.6 to -600.0; 0.5: -139.2 to -599.9; 0.2: -120.0 to -599.3
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    ");
}

#[test]
fn forecasts_are_verified_when_their_time_has_come() {
    assert_snapshot!(transcript("
        00..29 rain 0 depth 0.00
        29 forecast
        30..30 rain 0 depth 0.00
        30 forecast
        31..60 rain 80 depth 0.02..0.40
        60 forecast
        61..75 rain 0 depth 0.40
        75 forecast
        76..90 rain 0 depth 0.10
        90 forecast
    "), @r"
    29 from 29 by Reservoir: in 15 min 0.000 (0.000–0.025), in 30 min 0.000 (0.000–0.035), in 60 min 0.000 (0.000–0.050)
       peak 0.000 at 29; waterlogged with 0.00
       curve of 13 from 29 (0.000–0.000) to 89 (0.000–0.050)
       net inflow in m³/h over 36 steps: 0.3: -600.0 to -600.0; 0.5: -600.0 to -600.0; 0.2: -600.0 to -600.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    30 from 30 by Reservoir: in 15 min 0.000 (0.000–0.000), in 30 min 0.000 (0.000–0.000), in 60 min 0.000 (0.000–0.000)
       peak 0.000 at 30; waterlogged with 0.00
       curve of 13 from 30 (0.000–0.000) to 90 (0.000–0.000)
       net inflow in m³/h over 36 steps: 0.3: -600.0 to -600.0; 0.5: -600.0 to -600.0; 0.2: -600.0 to -600.0
       of 1 verified at 30 min: error 0.0000 m, of persistence 0.0000 m, 0 hits, 0 misses, 0 false alarms
    60 from 60 by Reservoir: in 15 min 0.536 (0.352–0.693), in 30 min 0.558 (0.219–0.874), in 60 min 0.487 (0.000–1.092)
       peak 0.558 at 90; waterlogged with 1.00
       curve of 13 from 60 (0.400–0.400) to 120 (0.000–1.092)
       net inflow in m³/h over 36 steps: 0.3: 569.1 to -600.0; 0.5: 1146.5 to -599.4; 0.2: 1223.3 to -597.3
       of 31 verified at 30 min: error 0.2032 m, of persistence 0.2032 m, 0 hits, 20 misses, 0 false alarms
    75 from 75 by Reservoir: in 15 min 0.308 (0.206–0.410), in 30 min 0.175 (0.031–0.319), in 60 min 0.000 (0.000–0.204)
       peak 0.400 at 75, dry at 120; waterlogged with 1.00
       curve of 13 from 75 (0.400–0.400) to 135 (0.000–0.204)
       net inflow in m³/h over 36 steps: 0.3: -266.5 to -600.0; 0.5: -266.5 to -600.0; 0.2: -266.5 to -600.0
       of 46 verified at 30 min: error 0.2036 m, of persistence 0.2310 m, 9 hits, 26 misses, 0 false alarms
    90 from 90 by Reservoir: in 15 min 0.000 (0.000–0.125), in 30 min 0.000 (0.000–0.177), in 60 min 0.000 (0.000–0.250)
       peak 0.100 at 90, dry at 100; waterlogged with 0.00
       curve of 13 from 90 (0.100–0.100) to 150 (0.000–0.250)
       net inflow in m³/h over 36 steps: 0.3: -504.6 to -600.0; 0.5: -504.6 to -600.0; 0.2: -504.6 to -600.0
       of 61 verified at 30 min: error 0.2497 m, of persistence 0.2254 m, 9 hits, 26 misses, 15 false alarms
    ");
}

#[test]
fn verification_survives_a_gap_of_the_level() {
    assert_snapshot!(transcript("
        00..02 rain 0 depth 0.20
        03..29 rain 0 depth -
        33..33 rain 0 depth 0.20
        33 forecast
    "), @r"
    33 from 33 by Reservoir: in 15 min 0.050 (0.000–0.150), in 30 min 0.000 (0.000–0.141), in 60 min 0.000 (0.000–0.200)
       peak 0.200 at 33, dry at 53; waterlogged with 1.00
       curve of 13 from 33 (0.200–0.200) to 93 (0.000–0.200)
       net inflow in m³/h over 36 steps: 0.3: -600.0 to -600.0; 0.5: -600.0 to -600.0; 0.2: -600.0 to -600.0
       of 7 verified at 30 min: error 0.2000 m, of persistence 0.0000 m, 0 hits, 7 misses, 0 false alarms
    ");
}
