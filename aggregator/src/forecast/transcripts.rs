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
    10 from 10 by Reservoir: in 10 min 0.000 (0.000–0.006), in 20 min 0.000 (0.000–0.006), in 30 min 0.000 (0.000–0.007), in 60 min 0.000 (0.000–0.008), in 120 min 0.000 (0.000–0.008)
       peak 0.000 at 10; waterlogged with -0.00
       curve of 25 from 10 (0.000–0.000) to 130 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -420.9 to -420.9; 0.1: -428.7 to -428.7; 0.4: -828.0 to -828.0; 0.4: -866.9 to -866.9
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by Reservoir: in 10 min 0.424 (0.323–0.535), in 20 min 0.559 (0.421–0.750), in 30 min 0.669 (0.454–1.055), in 60 min 0.988 (0.376–2.164), in 120 min 1.617 (0.065–4.213)
       peak 1.617 at 140, waterlogged at 21.073966666666667, closure at 24.653883333333333; waterlogged with 1.00
       curve of 25 from 20 (0.120–0.120) to 140 (0.065–4.213)
       net inflow in m³/h over 36 steps: 0.1: 2106.9 to 2252.8; 0.1: 2151.0 to 8840.9; 0.4: 1547.7 to 3487.8; 0.4: 1241.6 to -346.3
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    25 from 25 by Reservoir: in 10 min 0.491 (0.309–0.622), in 20 min 0.636 (0.513–0.862), in 30 min 0.722 (0.558–1.111), in 60 min 1.072 (0.550–2.033), in 120 min 1.757 (0.250–3.660)
       peak 1.757 at 145, closure at 26.635366666666666; waterlogged with 1.00
       curve of 25 from 25 (0.200–0.200) to 145 (0.250–3.660)
       net inflow in m³/h over 36 steps: 0.1: 1593.2 to 1583.7; 0.1: 2454.0 to 13642.4; 0.4: 1832.4 to 1757.7; 0.4: 2179.0 to -14.9
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by Reservoir: in 10 min 0.447 (0.347–0.512), in 20 min 0.514 (0.419–0.650), in 30 min 0.539 (0.438–0.758), in 60 min 0.660 (0.284–1.113), in 120 min 0.899 (0.000–1.788)
       peak 0.899 at 155; waterlogged with 1.00
       curve of 25 from 35 (0.300–0.300) to 155 (0.000–1.788)
       net inflow in m³/h over 36 steps: 0.1: 924.4 to 885.1; 0.1: 551.3 to 4086.5; 0.4: 890.2 to 852.7; 0.4: 486.2 to -781.6
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
    45 from 45 by Reservoir: in 10 min 0.379 (0.323–0.400), in 20 min 0.317 (0.214–0.350), in 30 min 0.257 (0.137–0.306), in 60 min 0.085 (0.004–0.174), in 120 min 0.002 (0.000–0.020)
       peak 0.440 at 45, dry at 115.70686666666667; waterlogged with 1.00
       curve of 25 from 45 (0.440–0.440) to 165 (0.000–0.020)
       net inflow in m³/h over 36 steps: 0.1: -606.6 to -556.9; 0.1: -356.9 to -316.3; 0.4: -386.0 to -341.1; 0.4: -383.9 to -329.8
       of 16 verified at 30 min: error 0.1150 m, of persistence 0.2953 m, 0 hits, 1 misses, 0 false alarms
    46 from 46 by Reservoir: in 10 min 0.248 (0.236–0.267), in 20 min 0.065 (0.041–0.083), in 30 min 0.000 (0.000–0.006), in 60 min 0.000 (0.000–0.008), in 120 min 0.000 (0.000–0.008)
       peak 0.440 at 46, dry at 67.15716666666667; waterlogged with 1.00
       curve of 25 from 46 (0.440–0.440) to 166 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -377.6 to -386.4; 0.1: -354.1 to -316.3; 0.4: -330.1 to -292.3; 0.4: -379.7 to -329.8
       of 17 verified at 30 min: error 0.1159 m, of persistence 0.2883 m, 0 hits, 1 misses, 0 false alarms
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
    05 from 5 by RateOfRise: in 10 min 0.100 (0.095–0.106), in 20 min 0.100 (0.095–0.106), in 30 min 0.100 (0.095–0.107), in 60 min 0.100 (0.095–0.108), in 120 min 0.100 (0.095–0.108)
       peak 0.100 at 5; waterlogged with -0.00
       curve of 25 from 5 (0.100–0.100) to 125 (0.095–0.108)
       net inflow in m³/h over 36 steps: 0.3: 0.0 to 0.0; 0.5: 0.0 to 0.0; 0.2: 0.0 to 0.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by RateOfRise: in 10 min 0.339 (0.314–0.357), in 20 min 0.393 (0.323–0.442), in 30 min 0.426 (0.324–0.512), in 60 min 0.465 (0.324–0.634), in 120 min 0.472 (0.324–0.732)
       peak 0.472 at 125; waterlogged with 1.00
       curve of 25 from 20 (0.250–0.250) to 140 (0.324–0.732)
       net inflow in m³/h over 36 steps: 0.3: 600.0 to 0.0; 0.5: 600.0 to 0.1; 0.2: 600.0 to 32.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by RateOfRise: in 10 min 0.011 (0.000–0.048), in 20 min 0.000 (0.000–0.043), in 30 min 0.000 (0.000–0.040), in 60 min 0.000 (0.000–0.043), in 120 min 0.000 (0.000–0.043)
       peak 0.100 at 35, dry at 39.99998333333333; waterlogged with -0.00
       curve of 25 from 35 (0.100–0.100) to 155 (0.000–0.043)
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
    08 from 3 by Reservoir: in 10 min 0.198 (0.156–0.345), in 20 min 0.222 (0.138–0.512), in 30 min 0.251 (0.123–0.683), in 60 min 0.349 (0.024–1.041), in 120 min 0.301 (0.000–1.717)
       peak 0.349 at 63, closure at 32.516133333333336; waterlogged with 1.00
       curve of 25 from 3 (0.200–0.200) to 123 (0.000–1.717)
       net inflow in m³/h over 36 steps: 0.1: -42.5 to 191.5; 0.1: -31.9 to 2530.8; 0.4: 90.1 to 178.5; 0.4: -300.9 to -557.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    09 from 9 by Reckoned: in 10 min 0.175 (0.100–0.389), in 20 min 0.200 (0.083–0.507), in 30 min 0.230 (0.072–0.712), in 60 min 0.327 (0.013–1.081), in 120 min 0.289 (0.000–1.751)
       peak 0.338 at 74, closure at 45.36545; waterlogged with 0.89
       curve of 25 from 9 (0.144–0.247) to 129 (0.000–1.751)
       net inflow in m³/h over 36 steps: 0.1: -47.9 to 191.7; 0.1: -40.2 to 2531.2; 0.4: 64.0 to 178.7; 0.4: -315.9 to -557.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    10 from 10 by Reservoir: in 10 min 0.193 (0.167–0.293), in 20 min 0.189 (0.134–0.456), in 30 min 0.181 (0.089–0.613), in 60 min 0.131 (0.008–0.991), in 120 min 0.105 (0.000–1.464)
       peak 0.210 at 10; waterlogged with 1.00
       curve of 25 from 10 (0.210–0.210) to 130 (0.000–1.464)
       net inflow in m³/h over 36 steps: 0.1: -244.7 to -32.0; 0.1: -197.9 to 2744.5; 0.4: 428.4 to 634.0; 0.4: -261.6 to -508.6
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
    29 from 29 by Reservoir: in 10 min 0.000 (0.000–0.006), in 20 min 0.000 (0.000–0.006), in 30 min 0.000 (0.000–0.007), in 60 min 0.000 (0.000–0.008), in 120 min 0.000 (0.000–0.008)
       peak 0.000 at 29; waterlogged with -0.00
       curve of 25 from 29 (0.000–0.000) to 149 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -420.9 to -420.9; 0.1: -428.7 to -428.7; 0.4: -828.0 to -828.0; 0.4: -866.9 to -866.9
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    30 from 30 by Reservoir: in 10 min 0.000 (0.000–0.006), in 20 min 0.000 (0.000–0.006), in 30 min 0.000 (0.000–0.007), in 60 min 0.000 (0.000–0.008), in 120 min 0.000 (0.000–0.008)
       peak 0.000 at 30; waterlogged with -0.00
       curve of 25 from 30 (0.000–0.000) to 150 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -420.9 to -420.9; 0.1: -428.7 to -428.7; 0.4: -828.0 to -828.0; 0.4: -866.9 to -866.9
       of 1 verified at 30 min: error 0.0000 m, of persistence 0.0000 m, 0 hits, 0 misses, 0 false alarms
    60 from 60 by Reservoir: in 10 min 0.505 (0.483–0.539), in 20 min 0.566 (0.506–0.632), in 30 min 0.620 (0.493–0.760), in 60 min 0.781 (0.248–0.926), in 120 min 1.088 (0.000–1.354)
       peak 1.088 at 180; waterlogged with 1.00
       curve of 25 from 60 (0.400–0.400) to 180 (0.000–1.354)
       net inflow in m³/h over 36 steps: 0.1: 809.4 to 779.9; 0.1: 1224.6 to 5588.0; 0.4: 725.4 to 696.0; 0.4: 863.4 to -904.3
       of 31 verified at 30 min: error 0.2032 m, of persistence 0.2032 m, 1 hits, 0 misses, 0 false alarms
    75 from 75 by Reservoir: in 10 min 0.350 (0.292–0.363), in 20 min 0.297 (0.194–0.323), in 30 min 0.245 (0.123–0.294), in 60 min 0.090 (0.001–0.159), in 120 min 0.000 (0.000–0.010)
       peak 0.400 at 75, dry at 145.19265; waterlogged with 1.00
       curve of 25 from 75 (0.400–0.400) to 195 (0.000–0.010)
       net inflow in m³/h over 36 steps: 0.1: -270.8 to -290.3; 0.1: -275.0 to -287.1; 0.4: -282.7 to -298.0; 0.4: -270.0 to -294.0
       of 46 verified at 30 min: error 0.1876 m, of persistence 0.2310 m, 1 hits, 0 misses, 0 false alarms
    90 from 90 by Reservoir: in 10 min 0.036 (0.002–0.083), in 20 min 0.006 (0.000–0.056), in 30 min 0.001 (0.000–0.038), in 60 min 0.000 (0.000–0.020), in 120 min 0.000 (0.000–0.008)
       peak 0.100 at 90, dry at 97.36673333333333; waterlogged with -0.00
       curve of 25 from 90 (0.100–0.100) to 210 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -307.1 to -315.0; 0.1: -623.7 to -635.9; 0.4: -264.1 to -271.0; 0.4: -483.6 to -490.4
       of 61 verified at 30 min: error 0.2617 m, of persistence 0.2254 m, 1 hits, 0 misses, 0 false alarms
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
    33 from 33 by Reservoir: in 10 min 0.130 (0.092–0.155), in 20 min 0.065 (0.009–0.110), in 30 min 0.025 (0.000–0.069), in 60 min 0.000 (0.000–0.010), in 120 min 0.000 (0.000–0.008)
       peak 0.200 at 33, dry at 56.2901; waterlogged with 1.00
       curve of 25 from 33 (0.200–0.200) to 153 (0.000–0.008)
       net inflow in m³/h over 36 steps: 0.1: -418.8 to -417.5; 0.1: -620.3 to -620.3; 0.4: -374.0 to -369.9; 0.4: -517.2 to -511.0
       of 7 verified at 30 min: error 0.1879 m, of persistence 0.0000 m, 0 hits, 2 misses, 0 false alarms
    ");
}
