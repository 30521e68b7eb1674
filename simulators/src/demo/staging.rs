//! What a demo plays, settled before anything starts: scenario, city, truth, who reads what.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use shared::{
    clock::{Mode, ScaledClock, real_now},
    findings::Wrong,
    ids::{GaugeId, PointId},
};

use super::{DemoArgs, gateways};
use crate::{
    city,
    console::say,
    fleet::{self, SimTruck},
    lab::{self, BehindLink, GatewayPlan, LabSetup},
    layer,
    scenario::{self, DesignedScenario},
    truth::{self, Truth},
};

/// Real time that everything gets to start before the storm does: some seconds, and more for
/// every gateway.
const LEAD: Duration = Duration::from_secs(4);
const LEAD_PER_GATEWAY: Duration = Duration::from_millis(250);
/// An agent gathers a batch for this long, in real seconds: a quarter of a gauge's interval at 60
/// times the storm's speed.
const BATCH_SECONDS: f64 = 0.25;

/// What is played.
pub(super) struct Staging {
    pub scenario: DesignedScenario,
    /// Storm seconds per real second.
    pub speed: f64,
    /// The folder of city layers.
    pub city: PathBuf,
    pub gauges: usize,
    pub gateways: Vec<GatewayPlan>,
    pub trucks: Vec<SimTruck>,
    pub truth: Arc<Truth>,
    /// Points whose gauge is faulty or cut off: their flags are not judged.
    pub excused: BTreeSet<PointId>,
    /// Holds a city that was written for this demo.
    _written: tempfile::TempDir,
}

impl Staging {
    /// Reads the scenario, writes the demo city if that is the one, and deals out the gauges.
    ///
    /// # Errors
    /// A bad scenario or city.
    pub(super) fn new(args: &DemoArgs) -> anyhow::Result<Self> {
        let scenario = scenario::find(&args.scenario)?;
        let speed = args.speed.unwrap_or(scenario.speed);
        let written = tempfile::Builder::new().prefix("flood-city-").tempdir()?;
        let city = city_of(&scenario, written.path())?;
        let storm = scenario.storm.clone();
        let (instruments, truth) = truth::read(&city, storm, scenario.origin, scenario.seed)?;
        let groups = gateways::groups(
            &instruments,
            scenario.gateways,
            &scenario.faults,
            scenario.origin,
        );
        let gateways = lab::spread_groups(groups, speed);
        Ok(Self {
            gauges: instruments.len(),
            trucks: fleet::read(&city)?,
            truth: Arc::new(Truth::new(truth)),
            excused: excused(&city, &scenario, &gateways)?,
            scenario,
            speed,
            city,
            gateways,
            _written: written,
        })
    }

    /// The system that plays it; the storm begins after a lead in which everything starts.
    pub(super) fn lab(&self, args: &DemoArgs) -> LabSetup {
        let gateways = u32::try_from(self.gateways.len()).unwrap_or(u32::MAX);
        let clock = ScaledClock {
            mode: Mode::Exercise,
            origin: self.scenario.origin,
            started: real_now() + (LEAD + LEAD_PER_GATEWAY * gateways),
            speed: self.speed,
        };
        let cut = self.scenario.cut_gateways();
        LabSetup {
            gateways: self.gateways.clone(),
            readings: self.truth.clone(),
            broker: args.broker.clone(),
            behind_link: if cut.is_empty() {
                BehindLink::Nobody
            } else {
                BehindLink::These(cut)
            },
            http: Some(args.http),
            http_keys: http_keys(args.http),
            batch_seconds: BATCH_SECONDS,
            work: args.work.clone(),
            ..LabSetup::new(self.city.clone(), clock)
        }
    }
}

/// Everybody may look on; who presses the button of the exercise login acts. Nothing of it is real, so
/// it may be shown on a network too.
fn http_keys(http: SocketAddr) -> toml::Table {
    let mut keys = toml::Table::new();
    keys.insert("exercise_login".to_owned(), true.into());
    if !http.ip().is_loopback() {
        keys.insert("unprotected".to_owned(), true.into());
    }
    keys
}

fn city_of(scenario: &DesignedScenario, folder: &Path) -> anyhow::Result<PathBuf> {
    match &scenario.city {
        Some(city) => Ok(city.clone()),
        None => {
            say("writing the demo city …");
            say(format!("  {}", city::run(folder, scenario.seed)?));
            Ok(folder.to_owned())
        }
    }
}

/// The points whose depth gauge has a fault or hangs on a gateway that is cut off.
fn excused(
    city: &Path,
    scenario: &DesignedScenario,
    plans: &[GatewayPlan],
) -> Result<BTreeSet<PointId>, Wrong> {
    let cut = scenario.cut_gateways();
    let mut gauges: BTreeSet<GaugeId> = scenario.faults.iter().map(|f| f.gauge.clone()).collect();
    for plan in plans.iter().filter(|p| cut.contains(&p.agent)) {
        gauges.extend(plan.gauges().map(|g| g.id.clone()));
    }
    let points = layer::points(&city.join("waterlogging-points.geojson"))?;
    let excused = points.iter().filter(|p| {
        p.text("level_gauge")
            .is_some_and(|gauge| gauges.contains(gauge))
    });
    Ok(excused.filter_map(|p| p.id.parse().ok()).collect())
}
