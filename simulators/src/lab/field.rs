//! The field: which gauge hangs on which line of which gateway, and the running lines.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::{
    clock::Clock,
    ids::{AgentId, GaugeId},
};

use super::{LabError, until};
use crate::{
    gauge::{Device, MqttGauges, Readings, RtuBus, ServedLog, SimGauge, Switch, TcpBus, topic_of},
    link::FieldBroker,
};

/// The gauges of one gateway by line, before anything runs.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPlan {
    pub agent: AgentId,
    pub tcp: Vec<Vec<SimGauge>>,
    pub rtu: Vec<Vec<SimGauge>>,
    pub mqtt: Vec<SimGauge>,
}

impl GatewayPlan {
    /// All gauges of the gateway.
    pub fn gauges(&self) -> impl Iterator<Item = &SimGauge> {
        self.tcp.iter().chain(&self.rtu).flatten().chain(&self.mqtt)
    }
}

/// One gateway with its running lines, as its agent's configuration describes it.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub agent: AgentId,
    pub modbus: Vec<ModbusLine>,
    pub mqtt: Option<MqttLine>,
}

/// A Modbus line and its units.
#[derive(Debug, Clone)]
pub struct ModbusLine {
    pub name: String,
    pub connect: String,
    pub units: BTreeMap<u8, SimGauge>,
}

/// A field broker and the gauges that publish to it.
#[derive(Debug, Clone)]
pub struct MqttLine {
    pub url: String,
    pub gauges: Vec<SimGauge>,
}

/// RS-485 drives 32 unit loads without a repeater.
const RTU_UNITS: usize = 32;
/// Unit ids end at 247; a converter with more stations than this would be two.
const TCP_UNITS: usize = 100;
/// Polls per real second that one line is planned for: a poll takes a few milliseconds.
const POLLS_PER_SECOND: f64 = 40.0;

/// Spreads gauges over gateways, and within each evenly over Modbus TCP, Modbus RTU and MQTT.
///
/// A line gets as many units as can be polled in time at this speed of the storm.
///
/// # Panics
/// Never: `gw-01` … are ids.
#[must_use]
pub(crate) fn spread(gauges: &[SimGauge], gateways: usize, speed: f64) -> Vec<GatewayPlan> {
    let gateways = gateways.max(1);
    let own = |g: usize| gauges.iter().skip(g).step_by(gateways).cloned().collect();
    spread_groups((0..gateways).map(own), speed)
}

/// As [`spread`], with the gauges of every gateway given.
///
/// # Panics
/// Never: `gw-01` … are ids.
#[must_use]
pub(crate) fn spread_groups(
    groups: impl IntoIterator<Item = Vec<SimGauge>>,
    speed: f64,
) -> Vec<GatewayPlan> {
    let plan = |(number, own): (usize, Vec<SimGauge>)| {
        let third = |kind: usize| own.iter().skip(kind).step_by(3).cloned();
        GatewayPlan {
            agent: format!("gw-{number:02}")
                .parse()
                .expect("a gateway's name is an id"),
            tcp: lines(third(0), TCP_UNITS, speed),
            rtu: lines(third(1), RTU_UNITS, speed),
            mqtt: third(2).collect(),
        }
    };
    (1..).zip(groups).map(plan).collect()
}

fn lines(gauges: impl Iterator<Item = SimGauge>, most: usize, speed: f64) -> Vec<Vec<SimGauge>> {
    let mut lines: Vec<Vec<SimGauge>> = Vec::new();
    let mut load = f64::INFINITY;
    for gauge in gauges {
        let polls = speed / f64::from(gauge.interval_s.max(1));
        match lines.last_mut() {
            Some(line) if line.len() < most && load + polls <= POLLS_PER_SECOND => {
                line.push(gauge);
                load += polls;
            }
            _ => {
                lines.push(vec![gauge]);
                load = polls;
            }
        }
    }
    lines
}

/// Running lines. They end when dropped.
pub struct Field {
    pub gateways: Vec<Gateway>,
    pub log: Arc<ServedLog>,
    pub switch: Switch,
    _tcp: Vec<TcpBus>,
    _rtu: Vec<RtuBus>,
    brokers: Vec<(FieldBroker, String, Vec<Device>)>,
    publishers: Vec<(FieldBroker, MqttGauges)>,
}

/// What every device of a field needs.
struct Maker {
    clock: Clock,
    readings: Arc<dyn Readings>,
    log: Arc<ServedLog>,
    switch: Switch,
}

impl Maker {
    fn device(&self, gauge: &SimGauge) -> Device {
        let (log, switch) = (self.log.clone(), self.switch.clone());
        Device::new(
            gauge.clone(),
            self.clock,
            self.readings.clone(),
            log,
            switch,
        )
    }

    fn units(&self, gauges: &[SimGauge]) -> (BTreeMap<u8, SimGauge>, BTreeMap<u8, Device>) {
        let numbered = || (1..=247_u8).zip(gauges);
        let described = numbered()
            .map(|(unit, gauge)| (unit, gauge.clone()))
            .collect();
        (
            described,
            numbered()
                .map(|(unit, gauge)| (unit, self.device(gauge)))
                .collect(),
        )
    }
}

impl Field {
    /// Starts every Modbus line and the field brokers; MQTT gauges begin with
    /// [`Field::start_publishing`].
    ///
    /// # Errors
    /// A port or a pseudo-terminal cannot be had.
    pub async fn start(
        plans: &[GatewayPlan],
        clock: Clock,
        readings: Arc<dyn Readings>,
        log: Arc<ServedLog>,
    ) -> Result<Self, LabError> {
        let switch = Switch::default();
        let maker = Maker {
            clock,
            readings,
            log: log.clone(),
            switch: switch.clone(),
        };
        let (mut gateways, mut tcp, mut rtu, mut brokers) = (vec![], vec![], vec![], vec![]);
        for plan in plans {
            let mut modbus = Vec::new();
            for gauges in &plan.tcp {
                let (units, devices) = maker.units(gauges);
                let bus = TcpBus::start(devices)
                    .await
                    .map_err(LabError::io("a Modbus TCP line"))?;
                let name = format!("tcp-{}", modbus.len() + 1);
                modbus.push(ModbusLine {
                    name,
                    connect: bus.connect(),
                    units,
                });
                tcp.push(bus);
            }
            for gauges in &plan.rtu {
                let (units, devices) = maker.units(gauges);
                let bus = RtuBus::start(devices).map_err(LabError::io("a Modbus RTU line"))?;
                let name = format!("rtu-{}", modbus.len() + 1);
                modbus.push(ModbusLine {
                    name,
                    connect: bus.connect(),
                    units,
                });
                rtu.push(bus);
            }
            let mut mqtt = None;
            if !plan.mqtt.is_empty() {
                let broker = FieldBroker::start()
                    .await
                    .map_err(LabError::io("a field broker"))?;
                mqtt = Some(MqttLine {
                    url: broker.url(),
                    gauges: plan.mqtt.clone(),
                });
                let devices = plan.mqtt.iter().map(|gauge| maker.device(gauge)).collect();
                brokers.push((broker, format!("{}-gauges", plan.agent), devices));
            }
            gateways.push(Gateway {
                agent: plan.agent.clone(),
                modbus,
                mqtt,
            });
        }
        let publishers = Vec::new();
        Ok(Self {
            gateways,
            log,
            switch,
            _tcp: tcp,
            _rtu: rtu,
            brokers,
            publishers,
        })
    }

    /// Waits until the agents have subscribed, then lets the MQTT gauges report.
    ///
    /// # Errors
    /// An agent did not subscribe in time.
    pub async fn start_publishing(&mut self, deadline: Duration) -> Result<(), LabError> {
        for (broker, client, devices) in self.brokers.drain(..) {
            for device in &devices {
                let topic = topic_of(&device.gauge().id);
                let what = format!("a subscription to {topic}");
                until(&what, deadline, || broker.has_subscriber(&topic)).await?;
            }
            let gauges = MqttGauges::start(broker.address(), &client, devices);
            self.publishers.push((broker, gauges));
        }
        Ok(())
    }

    /// All gauges.
    #[must_use]
    pub fn gauges(&self) -> Vec<&SimGauge> {
        let modbus = self
            .gateways
            .iter()
            .flat_map(|g| &g.modbus)
            .flat_map(|l| l.units.values());
        modbus
            .chain(
                self.gateways
                    .iter()
                    .flat_map(|g| &g.mqtt)
                    .flat_map(|l| &l.gauges),
            )
            .collect()
    }

    /// The gauges of a gateway that report to its field broker.
    #[must_use]
    pub fn mqtt_gauges(&self, agent: &str) -> Vec<GaugeId> {
        let own = self.gateways.iter().filter(|g| g.agent.as_str() == agent);
        own.flat_map(|g| &g.mqtt)
            .flat_map(|line| &line.gauges)
            .map(|g| g.id.clone())
            .collect()
    }

    /// The gauges of a gateway that hang on Modbus lines.
    #[must_use]
    pub fn modbus_gauges(&self, agent: &str) -> Vec<GaugeId> {
        let own = self.gateways.iter().filter(|g| g.agent.as_str() == agent);
        own.flat_map(|g| &g.modbus)
            .flat_map(|l| l.units.values())
            .map(|g| g.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use shared::gauge::Parameter;

    use super::*;

    fn gauges(count: usize) -> Vec<SimGauge> {
        (0..count)
            .map(|k| SimGauge {
                id: format!("lg-{k}").parse().expect("id"),
                parameter: Parameter::Depth,
                interval_s: 60,
                faults: vec![],
            })
            .collect()
    }

    #[test]
    fn every_gauge_hangs_on_exactly_one_line() {
        let all = gauges(89);
        let plans = spread(&all, 2, 60.0);
        let mut seen: Vec<_> = plans
            .iter()
            .flat_map(GatewayPlan::gauges)
            .map(|g| g.id.clone())
            .collect();
        seen.sort();
        let mut expected: Vec<_> = all.iter().map(|g| g.id.clone()).collect();
        expected.sort();
        assert_eq!(seen, expected);
        assert!(
            plans
                .iter()
                .all(|p| !p.tcp.is_empty() && !p.rtu.is_empty() && !p.mqtt.is_empty())
        );
    }

    #[test]
    fn a_fast_storm_gets_more_lines_with_fewer_units() {
        let at = |speed| spread(&gauges(120), 1, speed).first().map(|p| p.tcp.len());
        assert_eq!(at(1.0), Some(1));
        assert_eq!(at(600.0), Some(10));
    }
}
