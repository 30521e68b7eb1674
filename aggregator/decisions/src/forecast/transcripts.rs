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
        let storage = Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("rises");
        let place = Place {
            east_km: 0.0,
            north_km: 0.0,
        };
        let model = PointModel {
            id: point.clone(),
            sag: Sag::new(&storage, Some(3.0), 0.8, Some(600.0)),
            place,
            lacks: Vec::new(),
            thresholds: Thresholds::default(),
            interval_s: 60,
        };
        let rain = RainGauge {
            id: gauge.clone(),
            kind: RainKind {
                parameter: Parameter::RainfallIntensity,
                interval_s: 60,
            },
            place,
        };
        Self {
            forecaster: Forecaster::new(vec![model], vec![rain]),
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
    "), @"
    10 from 10 by Reservoir: in 10 min 0.000 (0.000–0.005), in 20 min 0.000 (0.000–0.005), in 30 min 0.000 (0.000–0.005), in 60 min 0.000 (0.000–0.005), in 120 min 0.000 (0.000–0.005)
       peak 0.000 at 10; waterlogged with 0.00
       curve of 25 from 10 (0.000–0.000) to 130 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.1: -314.5 to -314.5; 0.1: -935.4 to -935.4; 0.1: -1430.9 to -1430.9; 0.4: -495.4 to -495.4; 0.4: -314.5 to -314.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by Reservoir: in 10 min 0.390 (0.227–0.634), in 20 min 0.496 (0.243–1.326), in 30 min 0.516 (0.224–2.009), in 60 min 0.461 (0.102–4.231), in 120 min 0.358 (0.000–5.376)
       peak 0.516 at 50, waterlogged at 21.064016666666664, closure at 24.610733333333332; waterlogged with 1.00
       curve of 25 from 20 (0.120–0.120) to 140 (0.000–5.376)
       net inflow in m³/h over 36 steps: 0.0: 1921.9 to 2099.3; 0.0: 1890.1 to 2172.5; 0.1: 1933.9 to 52.4; 0.0: 2784.4 to 354.3; 0.0: 1490.0 to -206.7; 0.4: 1556.2 to -301.6; 0.4: 1134.4 to -202.6
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    25 from 25 by Reservoir: in 10 min 0.469 (0.361–0.659), in 20 min 0.529 (0.376–1.242), in 30 min 0.539 (0.327–1.957), in 60 min 0.584 (0.107–3.848), in 120 min 0.582 (0.000–4.798)
       peak 0.602 at 125, closure at 26.788766666666668; waterlogged with 1.00
       curve of 25 from 25 (0.200–0.200) to 145 (0.000–4.798)
       net inflow in m³/h over 36 steps: 0.0: 1474.0 to 1559.7; 0.0: 1890.6 to 2318.4; 0.1: 2720.5 to -168.9; 0.0: 1863.2 to 275.6; 0.0: 2633.5 to 827.8; 0.4: 1674.0 to -230.3; 0.4: 1524.3 to -496.3
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by Reservoir: in 10 min 0.372 (0.315–0.442), in 20 min 0.385 (0.267–0.530), in 30 min 0.380 (0.184–0.615), in 60 min 0.304 (0.000–0.837), in 120 min 0.073 (0.000–1.251)
       peak 0.385 at 55, dry at 164.94561666666667; waterlogged with 1.00
       curve of 25 from 35 (0.300–0.300) to 155 (0.000–1.251)
       net inflow in m³/h over 36 steps: 0.0: 983.9 to 968.7; 0.0: 364.0 to 318.0; 0.1: 649.0 to 0.6; 0.0: 561.9 to 526.6; 0.0: 918.9 to 908.4; 0.4: 274.1 to -646.9; 0.4: 573.1 to -235.8
       of 6 verified at 30 min: error 0.2750 m, of persistence 0.2750 m, 0 hits, 1 misses, 0 false alarms
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
    "), @"
    45 from 45 by Reservoir: in 10 min 0.400 (0.306–0.440), in 20 min 0.359 (0.173–0.432), in 30 min 0.319 (0.052–0.424), in 60 min 0.198 (0.000–0.771), in 120 min 0.020 (0.000–0.756)
       peak 0.440 at 45, dry at 148.08998333333332; waterlogged with 1.00
       curve of 25 from 45 (0.440–0.440) to 165 (0.000–0.756)
       net inflow in m³/h over 36 steps: 0.0: -198.6 to -196.4; 0.0: -412.7 to -365.5; 0.1: -237.6 to -231.1; 0.0: -24.9 to -53.1; 0.0: -141.0 to -144.7; 0.4: -435.7 to -450.5; 0.4: -237.6 to -231.1
       of 16 verified at 30 min: error 0.1016 m, of persistence 0.2953 m, 0 hits, 1 misses, 0 false alarms
    46 from 46 by Reservoir: in 10 min 0.290 (0.236–0.306), in 20 min 0.141 (0.045–0.166), in 30 min 0.000 (0.000–0.027), in 60 min 0.000 (0.000–0.331), in 120 min 0.000 (0.000–0.005)
       peak 0.440 at 46, dry at 72.26733333333333; waterlogged with 1.00
       curve of 25 from 46 (0.440–0.440) to 166 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.0: -209.7 to -176.3; 0.0: -367.6 to -277.3; 0.1: -350.1 to -299.9; 0.0: -27.6 to -49.0; 0.0: -91.8 to -94.4; 0.4: -387.8 to -395.9; 0.4: -350.1 to -299.9
       of 17 verified at 30 min: error 0.0998 m, of persistence 0.2883 m, 0 hits, 1 misses, 0 false alarms
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
    "), @"
    05 from 5 by RateOfRise: in 10 min 0.100 (0.095–0.105), in 20 min 0.100 (0.095–0.105), in 30 min 0.100 (0.095–0.105), in 60 min 0.100 (0.095–0.105), in 120 min 0.100 (0.095–0.105)
       peak 0.100 at 5; waterlogged with 0.00
       curve of 25 from 5 (0.100–0.100) to 125 (0.095–0.105)
       net inflow in m³/h over 36 steps: 0.3: 0.0 to 0.0; 0.5: 0.0 to 0.0; 0.2: 0.0 to 0.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by RateOfRise: in 10 min 0.339 (0.313–0.351), in 20 min 0.393 (0.323–0.432), in 30 min 0.426 (0.324–0.490), in 60 min 0.465 (0.324–0.567), in 120 min 0.472 (0.324–0.630)
       peak 0.472 at 125; waterlogged with 1.00
       curve of 25 from 20 (0.250–0.250) to 140 (0.324–0.630)
       net inflow in m³/h over 36 steps: 0.3: 600.0 to 0.0; 0.5: 600.0 to 0.1; 0.2: 600.0 to 32.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by RateOfRise: in 10 min 0.011 (0.000–0.037), in 20 min 0.000 (0.000–0.027), in 30 min 0.000 (0.000–0.026), in 60 min 0.000 (0.000–0.026), in 120 min 0.000 (0.000–0.026)
       peak 0.100 at 35, dry at 39.99998333333333; waterlogged with 0.00
       curve of 25 from 35 (0.100–0.100) to 155 (0.000–0.026)
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
    "), @"
    20 no forecast
    21 no forecast
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
    "), @"
    08 from 3 by Reservoir: in 10 min 0.197 (0.126–0.248), in 20 min 0.198 (0.074–0.342), in 30 min 0.211 (0.032–0.590), in 60 min 0.134 (0.000–1.093), in 120 min 0.015 (0.000–1.212)
       peak 0.222 at 28, dry at 96.28344999999999; waterlogged with 1.00
       curve of 25 from 3 (0.200–0.200) to 123 (0.000–1.212)
       net inflow in m³/h over 36 steps: 0.0: -312.4 to 58.8; 0.0: -79.7 to 48.1; 0.1: 237.4 to -66.3; 0.0: -429.3 to -486.9; 0.0: -24.0 to -81.1; 0.4: -85.5 to -285.4; 0.4: 215.7 to -83.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    09 from 9 by Reckoned: in 10 min 0.174 (0.068–0.245), in 20 min 0.175 (0.035–0.324), in 30 min 0.190 (0.015–0.581), in 60 min 0.111 (0.000–1.084), in 120 min 0.014 (0.000–1.203)
       peak 0.190 at 39, dry at 94.35665; waterlogged with 0.78
       curve of 25 from 9 (0.135–0.200) to 129 (0.000–1.203)
       net inflow in m³/h over 36 steps: 0.0: -313.6 to 59.6; 0.0: -106.7 to 48.8; 0.1: 208.9 to -66.2; 0.0: -429.5 to -486.9; 0.0: -29.5 to -80.9; 0.4: -112.5 to -285.4; 0.4: 187.6 to -83.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    10 from 10 by Reservoir: in 10 min 0.250 (0.093–0.278), in 20 min 0.285 (0.032–0.404), in 30 min 0.306 (0.017–0.588), in 60 min 0.333 (0.000–0.940), in 120 min 0.343 (0.000–1.075)
       peak 0.343 at 125, closure at 19.975916666666667; waterlogged with 1.00
       curve of 25 from 10 (0.210–0.210) to 130 (0.000–1.075)
       net inflow in m³/h over 36 steps: 0.0: 230.6 to 330.1; 0.0: 328.0 to 643.4; 0.1: 233.5 to 16.1; 0.0: -90.1 to -493.8; 0.0: -727.1 to -888.2; 0.4: 323.6 to 177.6; 0.4: 220.1 to 0.9
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
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
    "), @"
    29 from 29 by Reservoir: in 10 min 0.000 (0.000–0.005), in 20 min 0.000 (0.000–0.005), in 30 min 0.000 (0.000–0.005), in 60 min 0.000 (0.000–0.005), in 120 min 0.000 (0.000–0.005)
       peak 0.000 at 29; waterlogged with 0.00
       curve of 25 from 29 (0.000–0.000) to 149 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.1: -314.5 to -314.5; 0.1: -935.4 to -935.4; 0.1: -1430.9 to -1430.9; 0.4: -495.4 to -495.4; 0.4: -314.5 to -314.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    30 from 30 by Reservoir: in 10 min 0.000 (0.000–0.005), in 20 min 0.000 (0.000–0.005), in 30 min 0.000 (0.000–0.005), in 60 min 0.000 (0.000–0.005), in 120 min 0.000 (0.000–0.005)
       peak 0.000 at 30; waterlogged with 0.00
       curve of 25 from 30 (0.000–0.000) to 150 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.1: -314.5 to -314.5; 0.1: -935.4 to -935.4; 0.1: -1430.9 to -1430.9; 0.4: -495.4 to -495.4; 0.4: -314.5 to -314.5
       of 1 verified at 30 min: error 0.0000 m, of persistence 0.0000 m, 0 hits, 0 misses, 0 false alarms
    60 from 60 by Reservoir: in 10 min 0.494 (0.471–0.552), in 20 min 0.535 (0.450–0.915), in 30 min 0.542 (0.400–1.260), in 60 min 0.521 (0.152–2.083), in 120 min 0.151 (0.000–2.311)
       peak 0.545 at 85, dry at 199.31538333333336; waterlogged with 1.00
       curve of 25 from 60 (0.400–0.400) to 180 (0.000–2.311)
       net inflow in m³/h over 36 steps: 0.0: 950.8 to 883.9; 0.0: 858.2 to 802.3; 0.1: 914.4 to -834.7; 0.0: 1226.5 to -404.0; 0.0: 815.7 to -304.2; 0.4: 801.4 to -279.1; 0.4: 735.5 to -916.2
       of 31 verified at 30 min: error 0.2032 m, of persistence 0.2032 m, 1 hits, 0 misses, 0 false alarms
    75 from 75 by Reservoir: in 10 min 0.309 (0.290–0.347), in 20 min 0.219 (0.185–0.287), in 30 min 0.135 (0.085–0.515), in 60 min 0.008 (0.000–0.679), in 120 min 0.000 (0.000–0.422)
       peak 0.400 at 75, dry at 118.3122; waterlogged with 1.00
       curve of 25 from 75 (0.400–0.400) to 195 (0.000–0.422)
       net inflow in m³/h over 36 steps: 0.0: -543.8 to -523.7; 0.0: -527.2 to -394.4; 0.1: -342.5 to -310.4; 0.0: -623.9 to -594.7; 0.0: -530.7 to -489.1; 0.4: -550.3 to -496.6; 0.4: -342.5 to -310.4
       of 46 verified at 30 min: error 0.1737 m, of persistence 0.2310 m, 1 hits, 0 misses, 0 false alarms
    90 from 90 by Reservoir: in 10 min 0.075 (0.038–0.103), in 20 min 0.054 (0.009–0.101), in 30 min 0.037 (0.000–0.343), in 60 min 0.010 (0.000–1.016), in 120 min 0.001 (0.000–0.592)
       peak 0.100 at 90, dry at 112.09086666666667; waterlogged with 0.03
       curve of 25 from 90 (0.100–0.100) to 210 (0.000–0.592)
       net inflow in m³/h over 36 steps: 0.0: -107.3 to -86.7; 0.0: 5.7 to 81.2; 0.1: -12.0 to -20.4; 0.0: -185.1 to -190.5; 0.0: -21.7 to -26.0; 0.4: -14.1 to -18.3; 0.4: -12.0 to -20.4
       of 61 verified at 30 min: error 0.2196 m, of persistence 0.2254 m, 1 hits, 0 misses, 0 false alarms
    ");
}

#[test]
fn verification_survives_a_gap_of_the_level() {
    assert_snapshot!(transcript("
        00..02 rain 0 depth 0.20
        03..29 rain 0 depth -
        33..33 rain 0 depth 0.20
        33 forecast
    "), @"
    33 from 33 by Reservoir: in 10 min 0.190 (0.037–0.205), in 20 min 0.181 (0.000–0.205), in 30 min 0.171 (0.000–0.205), in 60 min 0.143 (0.000–0.205), in 120 min 0.088 (0.000–0.205)
       peak 0.200 at 33, dry at 202.2528; waterlogged with 1.00
       curve of 25 from 33 (0.200–0.200) to 153 (0.000–0.205)
       net inflow in m³/h over 36 steps: 0.1: 0.0 to 0.0; 0.1: -653.8 to -653.8; 0.1: -1049.8 to -1049.8; 0.4: 0.0 to 0.0; 0.4: 0.0 to 0.0
       of 7 verified at 30 min: error 0.1826 m, of persistence 0.0000 m, 0 hits, 2 misses, 0 false alarms
    ");
}
