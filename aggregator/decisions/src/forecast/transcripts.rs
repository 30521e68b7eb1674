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
       net inflow in m³/h over 36 steps: 0.1: -541.1 to -541.1; 0.1: -636.9 to -636.9; 0.1: -755.3 to -755.3; 0.4: -607.5 to -607.5; 0.4: -541.1 to -541.1
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    20 from 20 by Reservoir: in 10 min 0.343 (0.246–0.539), in 20 min 0.433 (0.225–1.094), in 30 min 0.469 (0.160–1.438), in 60 min 0.481 (0.012–2.040), in 120 min 0.434 (0.000–2.369)
       peak 0.483 at 65, waterlogged at 21.122083333333332, closure at 24.862383333333334; waterlogged with 1.00
       curve of 25 from 20 (0.120–0.120) to 140 (0.000–2.369)
       net inflow in m³/h over 36 steps: 0.0: 961.1 to 1281.5; 0.0: 1297.1 to 1669.5; 0.1: 2230.8 to 216.3; 0.0: 2280.4 to 396.6; 0.0: 1076.8 to -396.9; 0.4: 1092.2 to -360.7; 0.4: 1509.0 to -168.9
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    25 from 25 by Reservoir: in 10 min 0.389 (0.286–0.579), in 20 min 0.473 (0.274–1.132), in 30 min 0.504 (0.219–1.397), in 60 min 0.481 (0.007–2.198), in 120 min 0.247 (0.000–2.374)
       peak 0.508 at 60, closure at 27.270966666666666, dry at 177.27298333333334; waterlogged with 1.00
       curve of 25 from 25 (0.200–0.200) to 145 (0.000–2.374)
       net inflow in m³/h over 36 steps: 0.0: 1633.4 to 1676.5; 0.0: 1502.6 to 1863.6; 0.1: 1789.0 to -183.1; 0.0: 886.3 to -774.7; 0.0: 1833.3 to -15.6; 0.4: 1333.8 to -372.7; 0.4: 1274.7 to -531.0
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by Reservoir: in 10 min 0.335 (0.310–0.364), in 20 min 0.307 (0.247–0.393), in 30 min 0.228 (0.125–0.411), in 60 min 0.010 (0.000–0.546), in 120 min 0.005 (0.000–0.655)
       peak 0.335 at 45, dry at 81.65726666666666; waterlogged with 1.00
       curve of 25 from 35 (0.300–0.300) to 155 (0.000–0.655)
       net inflow in m³/h over 36 steps: 0.0: 833.9 to 745.6; 0.0: 361.1 to 183.1; 0.1: 287.1 to -663.3; 0.0: 397.8 to 236.3; 0.0: 833.9 to 745.8; 0.4: 314.0 to -1027.1; 0.4: 243.5 to -1000.1
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
    45 from 45 by Reservoir: in 10 min 0.419 (0.372–0.443), in 20 min 0.396 (0.302–0.439), in 30 min 0.372 (0.224–0.434), in 60 min 0.294 (0.000–0.423), in 120 min 0.129 (0.000–0.392)
       peak 0.440 at 45, dry at 200.46408333333332; waterlogged with 1.00
       curve of 25 from 45 (0.440–0.440) to 165 (0.000–0.392)
       net inflow in m³/h over 36 steps: 0.0: -494.6 to -570.2; 0.0: 19.7 to 67.0; 0.1: -31.8 to -57.5; 0.0: -231.9 to -250.8; 0.0: -536.2 to -689.9; 0.4: 0.3 to -37.3; 0.4: -31.8 to -57.5
       of 16 verified at 30 min: error 0.0884 m, of persistence 0.2953 m, 0 hits, 1 misses, 0 false alarms
    46 from 46 by Reservoir: in 10 min 0.321 (0.309–0.330), in 20 min 0.180 (0.160–0.195), in 30 min 0.006 (0.000–0.026), in 60 min 0.000 (0.000–0.005), in 120 min 0.000 (0.000–0.005)
       peak 0.440 at 46, dry at 73.68653333333333; waterlogged with 1.00
       curve of 25 from 46 (0.440–0.440) to 166 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.0: 27.3 to 39.7; 0.0: -14.9 to 43.6; 0.1: -24.6 to -44.9; 0.0: -77.9 to -84.0; 0.0: -10.9 to -33.9; 0.4: -31.3 to -48.5; 0.4: -24.6 to -44.9
       of 17 verified at 30 min: error 0.0850 m, of persistence 0.2883 m, 0 hits, 1 misses, 0 false alarms
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
    20 from 20 by RateOfRise: in 10 min 0.329 (0.307–0.340), in 20 min 0.374 (0.315–0.406), in 30 min 0.400 (0.316–0.459), in 60 min 0.430 (0.316–0.565), in 120 min 0.439 (0.316–0.659)
       peak 0.439 at 140; waterlogged with 1.00
       curve of 25 from 20 (0.250–0.250) to 140 (0.316–0.659)
       net inflow in m³/h over 36 steps: 0.3: 564.6 to 0.0; 0.5: 564.6 to 0.1; 0.2: 564.6 to 30.6
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    35 from 35 by RateOfRise: in 10 min 0.000 (0.000–0.026), in 20 min 0.000 (0.000–0.014), in 30 min 0.000 (0.000–0.012), in 60 min 0.000 (0.000–0.012), in 120 min 0.000 (0.000–0.012)
       peak 0.100 at 35, dry at 39.39548333333333; waterlogged with 0.00
       curve of 25 from 35 (0.100–0.100) to 155 (0.000–0.012)
       net inflow in m³/h over 36 steps: 0.3: -524.0 to -0.0; 0.5: -524.0 to -0.1; 0.2: -524.0 to -28.4
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
    08 from 3 by Reservoir: in 10 min 0.237 (0.189–0.274), in 20 min 0.282 (0.186–0.365), in 30 min 0.311 (0.173–0.466), in 60 min 0.368 (0.120–0.808), in 120 min 0.381 (0.018–0.932)
       peak 0.381 at 123, closure at 15.3902; waterlogged with 1.00
       curve of 25 from 3 (0.200–0.200) to 123 (0.018–0.932)
       net inflow in m³/h over 36 steps: 0.0: -87.2 to 16.7; 0.0: 223.9 to 574.3; 0.1: 212.2 to -140.6; 0.0: -9.8 to -121.3; 0.0: -68.9 to -223.8; 0.4: 219.4 to 121.3; 0.4: 186.5 to -161.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    09 from 9 by Reckoned: in 10 min 0.230 (0.166–0.279), in 20 min 0.275 (0.162–0.356), in 30 min 0.305 (0.149–0.456), in 60 min 0.366 (0.088–0.804), in 120 min 0.374 (0.015–0.932)
       peak 0.374 at 129, closure at 23.159783333333333; waterlogged with 1.00
       curve of 25 from 9 (0.178–0.211) to 129 (0.015–0.932)
       net inflow in m³/h over 36 steps: 0.0: -100.6 to 17.3; 0.0: 209.4 to 574.3; 0.1: 177.6 to -140.6; 0.0: -16.9 to -121.0; 0.0: -82.7 to -223.1; 0.4: 205.0 to 121.3; 0.4: 152.4 to -161.5
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 1 misses, 0 false alarms
    10 from 10 by Reservoir: in 10 min 0.262 (0.226–0.292), in 20 min 0.313 (0.251–0.411), in 30 min 0.336 (0.253–0.489), in 60 min 0.377 (0.186–0.965), in 120 min 0.379 (0.008–1.075)
       peak 0.383 at 75, closure at 17.984033333333333; waterlogged with 1.00
       curve of 25 from 10 (0.210–0.210) to 130 (0.008–1.075)
       net inflow in m³/h over 36 steps: 0.0: 294.7 to 332.9; 0.0: 594.1 to 760.6; 0.1: 158.7 to 11.7; 0.0: 454.5 to 92.8; 0.0: 336.0 to -62.7; 0.4: 585.8 to 227.0; 0.4: 150.5 to 0.9
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
       net inflow in m³/h over 36 steps: 0.1: -541.1 to -541.1; 0.1: -636.9 to -636.9; 0.1: -755.3 to -755.3; 0.4: -607.5 to -607.5; 0.4: -541.1 to -541.1
       of 0 verified at 30 min: error unknown, of persistence unknown, 0 hits, 0 misses, 0 false alarms
    30 from 30 by Reservoir: in 10 min 0.000 (0.000–0.005), in 20 min 0.000 (0.000–0.005), in 30 min 0.000 (0.000–0.005), in 60 min 0.000 (0.000–0.005), in 120 min 0.000 (0.000–0.005)
       peak 0.000 at 30; waterlogged with 0.00
       curve of 25 from 30 (0.000–0.000) to 150 (0.000–0.005)
       net inflow in m³/h over 36 steps: 0.1: -541.1 to -541.1; 0.1: -636.9 to -636.9; 0.1: -755.3 to -755.3; 0.4: -607.5 to -607.5; 0.4: -541.1 to -541.1
       of 1 verified at 30 min: error 0.0000 m, of persistence 0.0000 m, 0 hits, 0 misses, 0 false alarms
    60 from 60 by Reservoir: in 10 min 0.492 (0.451–0.546), in 20 min 0.535 (0.440–0.660), in 30 min 0.550 (0.397–0.735), in 60 min 0.506 (0.159–1.538), in 120 min 0.160 (0.000–1.596)
       peak 0.550 at 90, dry at 200.2884; waterlogged with 1.00
       curve of 25 from 60 (0.400–0.400) to 180 (0.000–1.596)
       net inflow in m³/h over 36 steps: 0.0: 959.1 to 911.1; 0.0: 872.9 to 806.6; 0.1: 663.2 to -550.0; 0.0: 1338.3 to -229.2; 0.0: 1084.2 to -91.9; 0.4: 821.2 to -292.9; 0.4: 518.2 to -605.4
       of 31 verified at 30 min: error 0.2032 m, of persistence 0.2032 m, 0 hits, 1 misses, 0 false alarms
    75 from 75 by Reservoir: in 10 min 0.351 (0.324–0.403), in 20 min 0.294 (0.246–0.399), in 30 min 0.224 (0.164–0.394), in 60 min 0.014 (0.000–0.384), in 120 min 0.000 (0.000–0.358)
       peak 0.400 at 75, dry at 126.1436; waterlogged with 1.00
       curve of 25 from 75 (0.400–0.400) to 195 (0.000–0.358)
       net inflow in m³/h over 36 steps: 0.0: -335.6 to -439.9; 0.0: -354.3 to -349.5; 0.1: -482.4 to -439.6; 0.0: -280.1 to -465.9; 0.0: -366.1 to -531.4; 0.4: -369.4 to -434.6; 0.4: -482.4 to -439.6
       of 46 verified at 30 min: error 0.1837 m, of persistence 0.2310 m, 0 hits, 1 misses, 0 false alarms
    90 from 90 by Reservoir: in 10 min 0.099 (0.058–0.115), in 20 min 0.097 (0.030–0.121), in 30 min 0.095 (0.012–0.124), in 60 min 0.087 (0.000–0.134), in 120 min 0.069 (0.000–0.139)
       peak 0.100 at 90, dry at 266.2670166666667; waterlogged with 0.03
       curve of 25 from 90 (0.100–0.100) to 210 (0.000–0.139)
       net inflow in m³/h over 36 steps: 0.0: 84.2 to 91.4; 0.0: 15.8 to 135.3; 0.1: -88.3 to -97.4; 0.0: -629.4 to -633.3; 0.0: 60.8 to 1.1; 0.4: 11.7 to 1.5; 0.4: -88.3 to -97.4
       of 61 verified at 30 min: error 0.2236 m, of persistence 0.2254 m, 0 hits, 1 misses, 0 false alarms
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
    33 from 33 by Reservoir: in 10 min 0.197 (0.146–0.205), in 20 min 0.193 (0.093–0.205), in 30 min 0.189 (0.038–0.205), in 60 min 0.179 (0.000–0.205), in 120 min 0.157 (0.000–0.205)
       peak 0.200 at 33; waterlogged with 1.00
       curve of 25 from 33 (0.200–0.200) to 153 (0.000–0.205)
       net inflow in m³/h over 36 steps: 0.1: 0.0 to 0.0; 0.1: -20.2 to -20.1; 0.1: 0.0 to 0.0; 0.4: 0.0 to 0.0; 0.4: 0.0 to 0.0
       of 7 verified at 30 min: error 0.1854 m, of persistence 0.0000 m, 0 hits, 2 misses, 0 false alarms
    ");
}
