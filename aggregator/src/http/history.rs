//! History from the store: a gauge's observations, a point's hydrograph, what was refused.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::{Deserialize, Serialize};
use shared::{
    gauge::Parameter,
    ids::{GaugeId, PointId},
    observation::Observation,
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::{App, problem::Problem};
use crate::{
    network::{Gauge, WaterloggingPoint},
    publish::view::CurveView,
    store::{Refused, Store, StoreError},
    world::intensity_mm_per_h,
};

/// Most observations in one answer.
const MAX_LIMIT: usize = 10_000;

/// A series element: time in epoch milliseconds, value, quality flag.
type Element = (i64, Option<f64>, u8);

fn element(o: &Observation) -> Element {
    (
        o.observed_at.as_millis(),
        o.value.map(shared::value::Value::units),
        o.quality.number(),
    )
}

/// Reads the store away from the async threads.
async fn read<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let store = app.store.clone();
    let joined = tokio::task::spawn_blocking(move || read(&*store)).await;
    Ok(joined.map_err(|e| Problem::internal(&e))??)
}

/// Query of `GET /api/v1/gauges/{id}/observations`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: Option<usize>,
}

/// Answer of `GET /api/v1/gauges/{id}/observations`.
#[derive(Debug, Serialize)]
pub struct Observations {
    gauge: GaugeId,
    parameter: Parameter,
    unit: &'static str,
    observations: Vec<Element>,
}

/// `GET /api/v1/gauges/{id}/observations`
pub async fn observations(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<Span>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Observations>, Problem> {
    let Query(span) = query.map_err(|e| Problem::bad_request(e.body_text()))?;
    let site = gauge_site(&app, &id)?;
    let (gauge, parameter) = (site.id.clone(), site.parameter);
    let to = span
        .to
        .unwrap_or_else(|| app.clock.now().plus_millis(60_000));
    let from = span.from.unwrap_or_else(|| to.plus_millis(-3 * 3_600_000));
    let limit = span.limit.unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
    let wanted = gauge.clone();
    let found = read(&app, move |store| store.range(&wanted, from, to, limit)).await?;
    let observations = found.iter().map(|s| element(&s.observation)).collect();
    Ok(Json(Observations {
        gauge,
        parameter,
        unit: parameter.unit(),
        observations,
    }))
}

fn gauge_site<'a>(app: &'a App, id: &str) -> Result<&'a Gauge, Problem> {
    let found = app.city.gauges.iter().find(|g| g.id.as_str() == id);
    found.ok_or_else(|| Problem::not_found(format!("there is no gauge `{id}`")))
}

/// Query of `GET /api/v1/points/{id}/hydrograph`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    hours: Option<f64>,
}

/// Answer of `GET /api/v1/points/{id}/hydrograph`.
#[derive(Debug, Serialize)]
pub struct Hydrograph {
    point: PointId,
    from: Timestamp,
    to: Timestamp,
    thresholds: Thresholds,
    depth: Vec<Element>,
    /// Mean intensity over the point's rain gauges by minute, mm/h.
    rainfall: Vec<(i64, f64)>,
    forecast: Option<CurveView>,
}

/// `GET /api/v1/points/{id}/hydrograph`
pub async fn hydrograph(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Result<Query<Hours>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Hydrograph>, Problem> {
    let Query(Hours { hours }) = query.map_err(|e| Problem::bad_request(e.body_text()))?;
    let point = point_site(&app, &id)?.clone();
    let hours = hours.unwrap_or(3.0);
    if !(0.1..=72.0).contains(&hours) {
        return Err(Problem::bad_request(format!(
            "hours is {hours}; it must be from 0.1 to 72"
        )));
    }
    let to = app.clock.now();
    let from = to - std::time::Duration::from_secs_f64(hours * 3600.0);
    let rain_sites: Vec<Gauge> = point
        .rain_gauges
        .iter()
        .filter_map(|g| gauge_site(&app, g.as_str()).ok().cloned())
        .collect();
    let level = point.level_gauge.clone();
    let (depth, rain) = read(&app, move |store| {
        let depth = store.range(&level, from, to, MAX_LIMIT)?;
        let mut rain = Vec::new();
        for site in &rain_sites {
            for stored in store.range(&site.id, from, to, MAX_LIMIT)? {
                if let Some(intensity) = intensity_mm_per_h(site, &stored.observation) {
                    rain.push((stored.observation.observed_at, intensity));
                }
            }
        }
        Ok((depth, rain))
    })
    .await?;
    Ok(Json(Hydrograph {
        from,
        to,
        thresholds: point.thresholds,
        depth: depth.iter().map(|s| element(&s.observation)).collect(),
        rainfall: by_minute(&rain),
        forecast: forecast_of(&app, &point.id),
        point: point.id,
    }))
}

fn point_site<'a>(app: &'a App, id: &str) -> Result<&'a WaterloggingPoint, Problem> {
    let found = app.city.points.iter().find(|p| p.id.as_str() == id);
    found.ok_or_else(|| Problem::not_found(format!("there is no waterlogging point `{id}`")))
}

/// The forecast as it was published with the newest tick.
fn forecast_of(app: &App, id: &PointId) -> Option<CurveView> {
    let published = app.published.borrow().clone()?;
    let place = app.city.points.iter().position(|p| p.id == *id)?;
    let facts = published.snapshot.points.get(place)?;
    facts.forecast.as_deref().map(CurveView::from)
}

/// Mean of what fell in each minute.
#[expect(clippy::cast_precision_loss, reason = "few gauges per minute")]
fn by_minute(rain: &[(Timestamp, f64)]) -> Vec<(i64, f64)> {
    let mut minutes: BTreeMap<i64, (f64, usize)> = BTreeMap::default();
    for (at, intensity) in rain {
        let minute = minutes
            .entry(at.as_millis().div_euclid(60_000))
            .or_default();
        minute.0 += intensity;
        minute.1 += 1;
    }
    let mean = |(minute, (sum, n)): (i64, (f64, usize))| {
        (minute * 60_000, (sum / n as f64 * 100.0).round() / 100.0)
    };
    minutes.into_iter().map(mean).collect()
}

/// `GET /api/v1/refused`
pub async fn refused(State(app): State<App>) -> Result<Json<Vec<Refused>>, Problem> {
    read(&app, |store| store.refused(100)).await.map(Json)
}
