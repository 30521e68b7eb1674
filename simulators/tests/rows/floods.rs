//! Whether the points under water are told of.

use simulators::lab::{Lab, ShownPoint};

use super::harbour::UNDER_WATER;

/// How many of the points under water somebody who looks at `/api/v1/state` is not told of; `None`
/// if there is no answer.
///
/// A point is told of if it is flagged, or unknown with the flag and the depth that it had.
pub async fn hidden(lab: &Lab) -> Option<usize> {
    let mut state = lab.client.get("/api/v1/state").await.ok()?;
    let points: Vec<ShownPoint> = serde_json::from_value(state.get_mut("points")?.take()).ok()?;
    let under_water = |p: &&ShownPoint| {
        let gauge = p.id.as_str().replace("wp-", "lg-0");
        UNDER_WATER.contains(&gauge.as_str())
    };
    let told = points.iter().filter(under_water);
    Some(UNDER_WATER.len() - told.filter(|p| p.tells_of_water()).count())
}
