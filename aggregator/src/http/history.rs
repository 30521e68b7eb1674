//! History from the store: a gauge's observations, a point's hydrograph, what was refused.

use std::{collections::BTreeMap, fmt::Display};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    gauge::Parameter,
    ids::{GaugeId, PointId},
    observation::Observation,
    quality::Quality,
    time::{EARLIEST, Timestamp},
    value::Value,
    waterlogging::Thresholds,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::{BadRequest, Failed, NotFound},
    app::App,
    extract::{Path, Query},
    look::Scope,
    problem::Problem,
};
use crate::{
    merge::Rain,
    network::{Gauge, WaterloggingPoint},
    publish::view::CurveView,
    schema,
    store::{Refused, Store, StoreError},
    world::{GaugeIndex, rain_kind},
};

/// Most observations in one answer.
const MAX_LIMIT: usize = 10_000;

/// A series element: time in epoch milliseconds, value, quality flag.
type Element = (i64, Option<f64>, Quality);

fn element(o: &Observation) -> Element {
    (
        o.observed_at.as_millis(),
        o.value.map(Value::units),
        o.quality,
    )
}

/// A number as it was asked for, unless it is more than may be.
pub(super) fn at_most<T: PartialOrd + Display>(
    name: &str,
    asked: Option<T>,
    most: T,
) -> Result<Option<T>, Problem> {
    match asked {
        Some(asked) if asked > most => Err(Problem::bad_request(format!(
            "{name} is {asked}; it must be at most {most}"
        ))),
        asked => Ok(asked),
    }
}

/// Reads the store away from the async threads.
pub(super) async fn read<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let store = app.store.clone();
    let joined = tokio::task::spawn_blocking(move || read(&*store)).await;
    Ok(joined.map_err(|e| Problem::internal(&e))??)
}

/// Query of `GET /api/v1/gauges/{id}/observations`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Span {
    /// Default: three hours before `to`.
    #[param(value_type = Option<schema::Instant>)]
    from: Option<Timestamp>,
    /// Default: now.
    #[param(value_type = Option<schema::Instant>)]
    to: Option<Timestamp>,
    /// Most observations.
    #[param(minimum = 0, maximum = 10_000, default = 10_000)]
    limit: Option<usize>,
}

/// A gauge's observations, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Observations {
    #[schema(value_type = schema::Id)]
    gauge: GaugeId,
    #[schema(value_type = schema::Parameter)]
    parameter: Parameter,
    unit: &'static str,
    /// Epoch milliseconds, value, quality flag.
    #[schema(value_type = Vec<(i64, Option<f64>, schema::Quality)>)]
    observations: Vec<Element>,
}

/// A gauge's observations.
#[utoipa::path(
    get, path = "/api/v1/gauges/{id}/observations", tag = "history",
    params(("id" = schema::Id, Path), Span),
    responses(
        (
            status = 200, description = "Oldest first; the newest where the limit cuts",
            body = Observations,
        ),
        BadRequest, NotFound, Failed,
    ),
)]
pub async fn observations(
    State(app): State<App>,
    scope: Scope,
    Path(id): Path<String>,
    Query(span): Query<Span>,
) -> Result<Json<Observations>, Problem> {
    let known = gauge_of(&app, &id).filter(|(place, _)| scope.has_gauge(*place));
    let (_, known) =
        known.ok_or_else(|| Problem::not_found(format!("there is no gauge `{id}`")))?;
    let (gauge, parameter) = (known.id.clone(), known.parameter);
    let to = span
        .to
        .unwrap_or_else(|| app.clock.now().plus_millis(60_000));
    let from = span.from.unwrap_or_else(|| to.plus_millis(-3 * 3_600_000));
    // Nothing older is ever taken, and the store's days have names from then on only.
    let (from, to) = (from.max(EARLIEST), to.max(EARLIEST));
    let limit = at_most("limit", span.limit, MAX_LIMIT)?.unwrap_or(MAX_LIMIT);
    let wanted = gauge.clone();
    let found = read(&app, move |store| {
        store.range(&wanted, parameter, from, to, limit)
    })
    .await?;
    let observations = found.iter().map(|s| element(&s.observation)).collect();
    Ok(Json(Observations {
        gauge,
        parameter,
        unit: parameter.unit(),
        observations,
    }))
}

fn gauge_of<'a>(app: &'a App, id: &str) -> Option<(GaugeIndex, &'a Gauge)> {
    let mut gauges = app.city.gauges.iter().enumerate();
    let found = gauges.find(|(_, g)| g.id.as_str() == id);
    found.map(|(place, gauge)| (GaugeIndex::from_usize(place), gauge))
}

/// Query of `GET /api/v1/points/{id}/hydrograph`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Hours {
    /// How far back.
    #[param(minimum = 0.1, maximum = 72, default = 3)]
    hours: Option<f64>,
}

/// Depth, rainfall and forecast of a point.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hydrograph {
    #[schema(value_type = schema::Id)]
    point: PointId,
    #[schema(value_type = schema::Instant)]
    from: Timestamp,
    #[schema(value_type = schema::Instant)]
    to: Timestamp,
    #[schema(value_type = schema::Thresholds)]
    thresholds: Thresholds,
    /// Epoch milliseconds, depth in metres, quality flag.
    #[schema(value_type = Vec<(i64, Option<f64>, schema::Quality)>)]
    depth: Vec<Element>,
    /// By minute: epoch milliseconds, mean intensity over the point's rain gauges in mm/h.
    rainfall: Vec<(i64, f64)>,
    #[schema(required)]
    forecast: Option<CurveView>,
}

/// Depth, rainfall and forecast of a point.
#[utoipa::path(
    get, path = "/api/v1/points/{id}/hydrograph", tag = "history",
    params(("id" = schema::Id, Path), Hours),
    responses(
        (status = 200, description = "Until now, and on with the forecast", body = Hydrograph),
        BadRequest, NotFound, Failed,
    ),
)]
pub async fn hydrograph(
    State(app): State<App>,
    scope: Scope,
    Path(id): Path<String>,
    Query(Hours { hours }): Query<Hours>,
) -> Result<Json<Hydrograph>, Problem> {
    let point = point_of(&app, &scope, &id)?.clone();
    let hours = hours.unwrap_or(3.0);
    if !(0.1..=72.0).contains(&hours) {
        return Err(Problem::bad_request(format!(
            "hours is {hours}; it must be from 0.1 to 72"
        )));
    }
    let to = app.clock.now();
    let from = to - std::time::Duration::from_secs_f64(hours * 3600.0);
    let rain_gauges: Vec<Gauge> = point
        .rain_gauges
        .iter()
        .filter_map(|g| Some(gauge_of(&app, g.as_str())?.1.clone()))
        .collect();
    let level = point.level_gauge.clone();
    let (depth, rain) = read(&app, move |store| {
        let depth = store.range(&level, Parameter::Depth, from, to, MAX_LIMIT)?;
        let mut rain = Vec::new();
        for gauge in &rain_gauges {
            let found = store.range(&gauge.id, gauge.parameter, from, to, MAX_LIMIT)?;
            let readings = found.iter().map(|stored| {
                let value = stored.observation.trusted().map(Value::units);
                (stored.observation.observed_at, value)
            });
            let of_gauge: Rain = readings.collect();
            let falls = of_gauge.falls(rain_kind(gauge), to);
            rain.extend(falls.map(|fall| (fall.at, fall.mm_per_h)));
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

fn point_of<'a>(app: &'a App, scope: &Scope, id: &str) -> Result<&'a WaterloggingPoint, Problem> {
    let found = app.city.points.iter().find(|p| p.id.as_str() == id);
    let seen = found.filter(|p| scope.has_point(&p.id));
    seen.ok_or_else(|| Problem::not_found(format!("there is no waterlogging point `{id}`")))
}

/// The forecast as it was published with the newest tick.
fn forecast_of(app: &App, id: &PointId) -> Option<CurveView> {
    let published = app.published.borrow().clone()?;
    let place = app.city.points.iter().position(|p| p.id == *id)?;
    let facts = published.snapshot.points.get(place)?;
    facts.forecast.as_deref().map(CurveView::from)
}

/// Mean of what fell in each minute.
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

/// What was refused, with the reason.
#[utoipa::path(
    get, path = "/api/v1/refused", tag = "history",
    responses((status = 200, description = "The newest hundred", body = Vec<Refused>), Failed),
)]
pub async fn refused(State(app): State<App>) -> Result<Json<Vec<Refused>>, Problem> {
    read(&app, |store| store.refused(100)).await.map(Json)
}
