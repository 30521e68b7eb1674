//! The aggregator's HTTP API, as far as a run needs it: what it shows, and a dispatcher's wish.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use shared::{
    ids::{AgentId, GaugeId, PointId},
    time::Timestamp,
};

use super::LabError;

/// A client of one aggregator.
#[derive(Debug, Clone)]
pub struct ApiClient {
    address: SocketAddr,
    agent: ureq::Agent,
    /// The cookie of whoever has logged in.
    session: Option<String>,
}

/// One gauge on the map.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownGauge {
    pub id: GaugeId,
    #[serde(default)]
    pub value: Option<f64>,
    #[serde(default)]
    pub observed_at: Option<Timestamp>,
}

/// One waterlogging point on the map.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownPoint {
    pub id: PointId,
    pub status: String,
    #[serde(default)]
    pub status_since: Option<Timestamp>,
    /// The newest depth that is trusted, in metres, however old it is.
    #[serde(default)]
    pub depth_m: Option<f64>,
    /// What an unknown point was.
    #[serde(default)]
    pub last_class: Option<String>,
}

impl ShownPoint {
    /// Whether the point is flagged: waterlogged or worse.
    #[must_use]
    pub fn is_flagged(&self) -> bool {
        is_flag(&self.status)
    }

    /// Whether who looks at it sees that it stands under water, or that it did when last something
    /// was known of it: flagged, or unknown with the flag and the depth that it had.
    #[must_use]
    pub fn tells_of_water(&self) -> bool {
        let was_flagged = self.last_class.as_deref().is_some_and(is_flag);
        self.is_flagged() || self.status == "unknown" && was_flagged && self.depth_m.is_some()
    }
}

fn is_flag(status: &str) -> bool {
    matches!(status, "waterlogged" | "closure" | "severe")
}

/// The dispatch plan.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ShownPlan {
    pub version: u64,
    pub recommendations: Vec<ShownRecommendation>,
    pub unserved: Vec<ShownUnserved>,
}

/// One truck to one point.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownRecommendation {
    pub truck: String,
    pub point: PointId,
    #[serde(default)]
    pub reasons: Vec<ShownReason>,
}

/// What speaks for a recommendation.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownReason {
    pub code: String,
}

/// A point in need to which the plan sends nobody.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownUnserved {
    pub point: PointId,
    /// Why.
    pub code: String,
}

/// One agent as the aggregator sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownAgent {
    pub id: AgentId,
    pub online: bool,
    #[serde(default)]
    pub spooled_batches: u64,
}

impl ApiClient {
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .proxy(None)
            .build();
        Self {
            address,
            agent: config.into(),
            session: None,
        }
    }

    /// Whether anybody may act by the exercise login.
    ///
    /// # Errors
    /// No answer, or not the contract's.
    pub async fn has_exercise_login(&self) -> Result<bool, LabError> {
        let told = self.get("/api/v1/session").await?;
        Ok(told.get("login").is_some_and(|login| login == "exercise"))
    }

    /// The same client, which may act in an exercise.
    ///
    /// # Errors
    /// There is no exercise login.
    pub async fn log_in_to_exercise(&self) -> Result<Self, LabError> {
        const PATH: &str = "/api/v1/session/exercise";
        let (agent, url) = (self.agent.clone(), self.url(PATH));
        let answer = tokio::task::spawn_blocking(move || agent.post(&url).send_empty()).await;
        let failed = |source| LabError::Http {
            path: PATH.to_owned(),
            source: Box::new(source),
        };
        let answer = answer.map_err(|e| failed(ureq::Error::Io(std::io::Error::other(e))))?;
        let answer = answer.map_err(failed)?;
        let given = answer.headers().get("set-cookie");
        let given = given.and_then(|given| given.to_str().ok());
        let pair = given.and_then(|given| given.split(';').next());
        Ok(Self {
            session: pair.map(str::to_owned),
            ..self.clone()
        })
    }

    /// The address of a page for people.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whether `/readyz` answers 200.
    pub async fn is_ready(&self) -> bool {
        self.text("/readyz").await.is_ok()
    }

    /// # Errors
    /// No answer, or not the contract's.
    pub async fn gauges(&self) -> Result<Vec<ShownGauge>, LabError> {
        self.json("/api/v1/gauges").await
    }

    /// # Errors
    /// No answer, or not the contract's.
    pub async fn points(&self) -> Result<Vec<ShownPoint>, LabError> {
        self.json("/api/v1/points").await
    }

    /// # Errors
    /// No answer, or not the contract's.
    pub async fn agents(&self) -> Result<Vec<ShownAgent>, LabError> {
        self.json("/api/v1/agents").await
    }

    /// # Errors
    /// No answer, or not the contract's.
    pub async fn plan(&self) -> Result<Option<ShownPlan>, LabError> {
        self.json("/api/v1/plan").await
    }

    /// The counters; those that are not numbers are left out.
    ///
    /// # Errors
    /// No answer, or not the contract's.
    pub async fn counters(&self) -> Result<BTreeMap<String, u64>, LabError> {
        let all: BTreeMap<String, serde_json::Value> = self.json("/api/v1/counters").await?;
        Ok(all
            .into_iter()
            .filter_map(|(name, count)| Some((name, count.as_u64()?)))
            .collect())
    }

    /// Confirms a recommendation. `false`: the aggregator refused, because the plan has changed.
    ///
    /// # Errors
    /// No answer, or one that is neither an order nor a refusal.
    pub async fn confirm(&self, truck: &str, point: &PointId, plan: u64) -> Result<bool, LabError> {
        const PATH: &str = "/api/v1/orders";
        let body = serde_json::json!({ "truck": truck, "point": point, "plan": plan });
        let (agent, url) = (self.agent.clone(), self.url(PATH));
        let session = self.session.clone().unwrap_or_default();
        let post = move || agent.post(&url).header("cookie", &session).send_json(body);
        let answer = tokio::task::spawn_blocking(post).await;
        let failed = |source| LabError::Http {
            path: PATH.to_owned(),
            source: Box::new(source),
        };
        match answer.map_err(|e| failed(ureq::Error::Io(std::io::Error::other(e))))? {
            Ok(_) => Ok(true),
            Err(ureq::Error::StatusCode(409)) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// The whole state document, as it was served.
    ///
    /// # Errors
    /// No answer.
    pub async fn state_document(&self) -> Result<String, LabError> {
        self.text("/api/v1/state").await
    }

    /// Any other answer of the API.
    ///
    /// # Errors
    /// No answer, or not JSON.
    pub async fn get(&self, path: &str) -> Result<serde_json::Value, LabError> {
        self.json(path).await
    }

    /// `/metrics`, by name with labels as Prometheus writes them.
    ///
    /// # Errors
    /// No answer.
    pub async fn metrics(&self) -> Result<BTreeMap<String, f64>, LabError> {
        let text = self.text("/metrics").await?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let metric = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(lines.filter_map(metric).collect())
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, LabError> {
        let text = self.text(path).await?;
        serde_json::from_str(&text).map_err(|source| LabError::Answer {
            path: path.to_owned(),
            source,
        })
    }

    async fn text(&self, path: &str) -> Result<String, LabError> {
        let (agent, url) = (self.agent.clone(), self.url(path));
        let session = self.session.clone().unwrap_or_default();
        let get = move || {
            agent
                .get(&url)
                .header("cookie", &session)
                .call()?
                .body_mut()
                .with_config()
                .limit(1 << 28)
                .read_to_string()
        };
        let answer = tokio::task::spawn_blocking(get).await;
        let failed = |source| LabError::Http {
            path: path.to_owned(),
            source: Box::new(source),
        };
        answer
            .map_err(|e| failed(ureq::Error::Io(std::io::Error::other(e))))?
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn water_is_told_by_a_flag_or_by_the_flag_and_depth_that_an_unknown_point_had() {
        let tells = |status: &str, last_class: Option<&str>, depth_m| {
            let point = ShownPoint {
                id: "wp-001".parse().expect("id"),
                status: status.to_owned(),
                status_since: None,
                depth_m,
                last_class: last_class.map(str::to_owned),
            };
            point.tells_of_water()
        };
        assert!(tells("severe", None, None));
        assert!(tells("unknown", Some("waterlogged"), Some(0.2)));
        assert!(!tells("unknown", Some("waterlogged"), None));
        assert!(!tells("unknown", Some("notice"), Some(0.1)));
        assert!(!tells("unknown", None, Some(0.2)));
        assert!(!tells("dry", Some("severe"), Some(0.5)));
    }
}
