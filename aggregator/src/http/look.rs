//! What whoever asks sees: the city as it is published for all, or an area of it.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use bytes::Bytes;
use shared::ids::PointId;

use super::{app::App, problem::Problem};
use crate::{
    people::{Area, Lists, Viewer},
    publish::{Closed, Hub, OpenArea, Published, PublishedPart, Seen, map::RenderedMap},
    world::GaugeIndex,
};

/// Where whoever asks may look.
pub enum Scope {
    Whole,
    Part(Arc<OpenArea>),
}

/// What he sees at present.
pub enum Look {
    Whole(Arc<Published>),
    Part(Arc<PublishedPart>),
}

impl Scope {
    async fn of(app: &App, viewer: &Viewer) -> Result<Self, Problem> {
        let lists = Lists::of(viewer);
        if viewer.area == Area::City && lists == Lists::ALL {
            return Ok(Self::Whole);
        }
        if let Some(open) = app.areas.opened(&viewer.area, lists) {
            return Ok(Self::Part(open));
        }
        // Finding out what lies in it takes milliseconds.
        let (areas, area) = (app.areas.clone(), viewer.area.clone());
        let opened = tokio::task::spawn_blocking(move || areas.open(&area, lists));
        let opened = opened.await.map_err(|e| Problem::internal(&e))?;
        Ok(Self::Part(opened?))
    }

    /// What is seen at present.
    pub fn look(&self, app: &App) -> Result<Look, Problem> {
        Ok(match self {
            Self::Whole => Look::Whole(app.current()?),
            Self::Part(area) => Look::Part(area.current()),
        })
    }

    /// Where what happens there is told.
    pub fn hub<'a>(&'a self, app: &'a App) -> &'a Hub {
        match self {
            Self::Whole => &app.hub,
            Self::Part(area) => &area.hub,
        }
    }

    /// Whether a point may be seen, if there is one of this id.
    pub fn has_point(&self, id: &PointId) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(area) => area.sight().has_point(id),
        }
    }

    /// Whether a gauge is seen.
    pub fn has_gauge(&self, place: GaugeIndex) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(area) => area.sight().gauges().binary_search(&place).is_ok(),
        }
    }
}

impl Look {
    pub fn seen(&self) -> Seen<'_> {
        match self {
            Self::Whole(published) => Seen::whole(&published.snapshot),
            Self::Part(part) => part.seen(),
        }
    }

    /// The state as JSON.
    pub async fn state(self) -> Result<Bytes, Problem> {
        match self {
            Self::Whole(published) => Ok(published.state.clone()),
            Self::Part(part) => rendered(move || part.state().clone()).await,
        }
    }

    /// The map.
    pub async fn map(&self) -> Result<RenderedMap, Problem> {
        match self {
            Self::Whole(published) => Ok(published.map.clone()),
            Self::Part(part) => {
                let part = part.clone();
                rendered(move || part.map().clone()).await
            }
        }
    }
}

/// Away from the async threads: it takes milliseconds where nobody asked for it before.
async fn rendered<T: Send + 'static>(
    render: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let rendered = tokio::task::spawn_blocking(render).await;
    rendered.map_err(|e| Problem::internal(&e))
}

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Self {
        Self::not_ready(closed.to_string())
    }
}

impl FromRequestParts<App> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        Self::of(app, &viewer).await
    }
}

impl FromRequestParts<App> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Scope::from_request_parts(parts, app).await?.look(app)
    }
}
