//! The source tables of a configuration: local brokers and the gauges that publish to them.

use std::collections::HashMap;

use shared::{broker::BrokerUrl, findings::Findings};

use super::{
    fields::{believed, login, wrong_broker},
    raw::{RawMqttGauge, RawMqttInput},
    readings::Keys,
    settings::{MqttGauge, MqttInput},
    sources::{Taken, counting, gauge, source_name},
};

/// One `[[mqtt]]` table.
pub(super) fn mqtt(
    raw: &RawMqttInput,
    agent: &str,
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) -> Option<MqttInput> {
    let name = raw.name.get_ref().clone();
    let place = format!("[[mqtt]] {name:?}");
    source_name(&raw.name, &place, taken, findings);
    let broker = BrokerUrl::parse(raw.broker.get_ref())
        .map_err(|e| wrong_broker(&raw.broker, &place, &e, findings))
        .ok();
    let client_id = raw
        .client_id
        .as_ref()
        .map_or_else(|| format!("{agent}-{name}"), |id| id.get_ref().clone());
    let span = raw.client_id.as_ref().unwrap_or(&raw.name).span();
    if client_id.is_empty() {
        findings.add(
            Some(span),
            &place,
            "client_id is empty; a session that lasts needs one",
        );
    } else if client_id == agent {
        findings.add(
            Some(span),
            &place,
            "client_id must differ from the agent's own id",
        );
    } else if let Some(other) = taken.clients.insert(client_id.clone(), name.clone()) {
        findings.add(
            Some(span),
            &place,
            format!("client_id is already used by [[mqtt]] {other:?}"),
        );
    }
    if raw.gauge.is_empty() {
        findings.add(Some(raw.name.span()), &place, "has no [[mqtt.gauge]]");
    }
    let login = login(
        &place,
        raw.username.as_ref(),
        raw.password_file.as_ref(),
        findings,
    );
    let ca_file = raw.ca_file.as_ref();
    believed(
        &place,
        &raw.broker,
        broker.as_ref(),
        ca_file.is_some(),
        findings,
    );
    let mut topics = HashMap::new();
    let gauges = raw
        .gauge
        .iter()
        .filter_map(|g| mqtt_gauge(g, &place, taken, &mut topics, findings))
        .collect();
    Some(MqttInput {
        name,
        broker: broker?,
        client_id,
        login,
        ca_file: ca_file.map(|file| file.get_ref().into()),
        gauges,
    })
}

fn mqtt_gauge(
    raw: &RawMqttGauge,
    input: &str,
    taken: &mut Taken,
    topics: &mut HashMap<String, String>,
    findings: &mut Findings<'_>,
) -> Option<MqttGauge> {
    let id = raw.gauge.get_ref();
    let place = format!("{input}, gauge {id}");
    let spec = gauge(
        (&raw.gauge, &raw.parameter),
        raw.interval_s.as_ref(),
        raw.limits.as_ref(),
        &place,
        taken,
        findings,
    );
    let topic = raw
        .topic
        .as_ref()
        .map_or_else(|| format!("gauges/{id}"), |t| t.get_ref().clone());
    let span = raw.topic.as_ref().unwrap_or(&raw.gauge).span();
    if topic.is_empty() || topic.contains(['+', '#', '\0']) {
        let message = format!("topic {topic:?} must be one plain topic, without + or #");
        findings.add(Some(span), &place, message);
    } else if let Some(other) = topics.insert(topic.clone(), id.clone()) {
        findings.add(
            Some(span),
            &place,
            format!("topic {topic:?} already belongs to gauge {other}"),
        );
    }
    let keys = Keys {
        reading: raw.reading.as_ref(),
        wraps_at: raw.wraps_at.as_ref(),
        scale: 1.0,
        offset: 0.0,
        word_type: None,
    };
    let spec = spec.map(|spec| counting(spec, &keys, &place, taken, findings));
    Some(MqttGauge { spec: spec?, topic })
}
