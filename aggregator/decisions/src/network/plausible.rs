//! Numbers that a city can hardly have: mostly one in another unit, or two that were swapped. They
//! are believed all the same, and told with what is usual.
//!
//! What is usual is taken from what is built: pump trucks of 100 to 6,000 m³/h and more are sold,
//! underpasses flood up to some four metres, and a street's inlets take 50 m³/h and more.

use shared::findings::Finding;

use super::{LayerName, PumpTruck, Storage, WaterloggingPoint, layer::mistake};

/// What is usual of a number.
struct Usual {
    property: &'static str,
    low: f64,
    high: f64,
    unit: &'static str,
    /// If the number was given in this unit, by what it would be multiplied.
    smaller_units: &'static [(&'static str, f64)],
}

const DRAIN: Usual = Usual {
    property: "drain_m3h",
    low: 20.0,
    high: 50_000.0,
    unit: "m³/h",
    smaller_units: &[("m³/s", 3_600.0), ("m³/min", 60.0), ("l/s", 3.6)],
};
const CAPACITY: Usual = Usual {
    property: "capacity_m3h",
    low: 50.0,
    high: 10_000.0,
    unit: "m³/h",
    smaller_units: &[("m³/min", 60.0), ("m³/s", 3_600.0), ("l/s", 3.6)],
};
const CATCHMENT: Usual = Usual {
    property: "catchment_ha",
    low: 0.05,
    high: 1_000.0,
    unit: "ha",
    smaller_units: &[("km²", 100.0), ("m²", 0.0001)],
};

/// The deepest that water is usually described, in metres.
const DEEPEST_M: f64 = 8.0;

/// The least water surface of a place, in square metres.
const LEAST_SURFACE_M2: f64 = 10.0;

/// The highest threshold that is usual, in metres.
const HIGHEST_THRESHOLD_M: f64 = 3.0;

impl Usual {
    fn complaint(&self, number: f64) -> Option<String> {
        let is_usual = |number: f64| (self.low..=self.high).contains(&number);
        if is_usual(number) {
            return None;
        }
        let Self {
            low, high, unit, ..
        } = self;
        let mut said = format!("is {number} {unit}; usual is {low} to {high}");
        let mut others = self.smaller_units.iter();
        if let Some((other, factor)) = others.find(|(_, factor)| is_usual(number * factor)) {
            let right = (number * factor * 100.0).round() / 100.0;
            said.push_str(&format!("; {number} {other} would be {right}"));
        }
        Some(said)
    }
}

/// What is hardly true of points.
pub fn points(points: &[WaterloggingPoint]) -> Vec<Finding> {
    let mut found = Vec::new();
    for point in points {
        // Where nothing drains, zero is right.
        let drain = point
            .drain
            .map(shared::units::CubicMetresPerHour::get)
            .filter(|d| *d > 0.0);
        let highest = point.thresholds.severe_m;
        let complaints = [
            (DRAIN.property, drain.and_then(|d| DRAIN.complaint(d))),
            (
                CATCHMENT.property,
                point
                    .catchment
                    .and_then(|area| CATCHMENT.complaint(area.get())),
            ),
            ("storage", storage(&point.storage)),
            (
                "thresholds",
                (highest > HIGHEST_THRESHOLD_M).then(|| {
                    format!(
                        "severe_m is {highest} m; usual is up to {HIGHEST_THRESHOLD_M}; \
                         {highest} cm would be {}",
                        highest / 100.0
                    )
                }),
            ),
        ];
        found.extend(told(
            LayerName::WaterloggingPoints,
            point.id.as_str(),
            complaints,
        ));
    }
    found
}

/// What is hardly true of trucks.
pub fn trucks(trucks: &[PumpTruck]) -> Vec<Finding> {
    let complaints = trucks.iter().flat_map(|truck| {
        let complaint = CAPACITY.complaint(truck.capacity.get());
        told(
            LayerName::PumpTrucks,
            truck.id.as_str(),
            [(CAPACITY.property, complaint)],
        )
    });
    complaints.collect()
}

fn told(
    layer: LayerName,
    id: &str,
    complaints: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> Vec<Finding> {
    let complaints = complaints.into_iter();
    complaints
        .filter_map(|(property, complaint)| {
            let label = format!("\"{id}\"");
            Some(mistake(&layer.file(), &label, Some(property), complaint?))
        })
        .collect()
}

fn storage(storage: &Storage) -> Option<String> {
    let (depth_m, volume_m3) = storage.deepest();
    let surface_m2 = volume_m3 / depth_m;
    let is_usual =
        |depth: f64, volume: f64| depth <= DEEPEST_M && volume / depth >= LEAST_SURFACE_M2;
    if is_usual(depth_m, volume_m3) {
        return None;
    }
    let swapped = if is_usual(volume_m3, depth_m) {
        "; pairs are [depth_m, volume_m3], these look swapped"
    } else {
        ""
    };
    Some(if depth_m > DEEPEST_M {
        format!("goes to a depth of {depth_m} m; usual is up to {DEEPEST_M}{swapped}")
    } else {
        format!(
            "holds {volume_m3} m³ at {depth_m} m, a surface of {surface_m2:.2} m²; usual is \
             {LEAST_SURFACE_M2} m² and more{swapped}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_another_unit_is_told_with_what_is_usual() {
        assert_eq!(
            DRAIN.complaint(0.33).as_deref(),
            Some("is 0.33 m³/h; usual is 20 to 50000; 0.33 m³/s would be 1188")
        );
        assert_eq!(
            CAPACITY.complaint(3.0).as_deref(),
            Some("is 3 m³/h; usual is 50 to 10000; 3 m³/min would be 180")
        );
        assert_eq!(
            CATCHMENT.complaint(9_500.0).as_deref(),
            Some("is 9500 ha; usual is 0.05 to 1000; 9500 m² would be 0.95")
        );
        for usual in [DRAIN.complaint(1_500.0), CAPACITY.complaint(3_000.0)] {
            assert_eq!(usual, None);
        }
    }

    #[test]
    fn depth_and_volume_that_were_swapped_are_noticed_deep_or_narrow() {
        let curve = |pairs: &[(f64, f64)]| storage(&Storage::new(pairs).expect("a curve"));
        assert_eq!(curve(&[(0.0, 0.0), (0.5, 170.0), (4.0, 7_500.0)]), None);
        let deep = curve(&[(0.0, 0.0), (170.0, 0.5), (7_500.0, 4.0)]).expect("swapped");
        assert!(
            deep.contains("depth of 7500 m") && deep.contains("look swapped"),
            "{deep}"
        );
        let narrow = curve(&[(0.0, 0.0), (3.0, 0.15)]).expect("swapped");
        assert!(narrow.contains("0.05 m²"), "{narrow}");
    }
}
