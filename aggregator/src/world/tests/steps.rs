//! What single steps tell.

use shared::{
    fleet::TruckState, gauge::Parameter, ids::AgentId, observation::Observation, quality::Quality,
    waterlogging::DepthClass,
};

use super::script::{BEGIN, SECOND, Script, answer, changes, health, observation};
use crate::{
    assess::{Cause, PointStatus},
    counters::Counter,
    dispatch::Against,
    orders::OrderState,
    principal::{Act, Principal},
    world::{Change, Effect, GaugeNews, Input, Refusal, Wish, World},
};

fn dispatch() -> Wish {
    Wish::Dispatch {
        truck: "pt-001".parse().expect("id"),
        point: "wp-001".parse().expect("id"),
        plan: None,
    }
}

#[test]
fn a_point_that_floods_tells_its_transition_once() {
    let mut script = Script::begin();
    script.observe("lg-0001", 0.0, Quality::Pass);
    script.tick_after(60);
    let effects = script.observe("lg-0001", 0.31, Quality::Pass);
    let status = Change::PointStatus {
        point: "wp-001".parse().expect("id"),
        from: PointStatus::Dry,
        to: PointStatus::Closure,
        at: script.now,
        cause: None,
    };
    let told = changes(&effects);
    assert_eq!(
        told.iter().filter(|c| ***c == status).count(),
        1,
        "{told:?}"
    );
    script.now = script.now.plus_millis(SECOND);
    let again = script.observe("lg-0001", 0.31, Quality::Pass);
    let is_status = |c: &&Change| matches!(c, Change::PointStatus { .. });
    assert!(!changes(&again).iter().any(is_status), "{again:?}");
}

#[test]
fn a_gauge_falls_silent_and_comes_back_and_its_point_is_unknown_meanwhile() {
    let mut script = Script::begin();
    let news = |effects: &[Effect]| {
        let news = |c: &&Change| match c {
            Change::Gauge { news, .. } => Some(*news),
            _ => None,
        };
        changes(effects).iter().find_map(news)
    };
    let first = script.observe("lg-0001", 0.2, Quality::Pass);
    assert_eq!(news(&first), Some(GaugeNews::CameBack));
    assert_eq!(news(&script.tick_after(180)), None);
    let silent = script.tick_after(1);
    assert_eq!(news(&silent), Some(GaugeNews::FellSilent));
    let unknown = Change::PointStatus {
        point: "wp-001".parse().expect("id"),
        from: PointStatus::Waterlogged,
        to: PointStatus::Unknown,
        at: BEGIN.plus_millis(180 * SECOND),
        cause: Some(Cause::Stale),
    };
    assert!(changes(&silent).contains(&&unknown), "{silent:?}");
    let back = script.observe("lg-0001", 0.2, Quality::Pass);
    assert_eq!(news(&back), Some(GaugeNews::CameBack));
}

#[test]
fn a_flood_whose_gauge_falls_silent_stays_in_the_plan_with_its_doubt() {
    let mut script = Script::begin();
    for _ in 0..4 {
        script.observe("lg-0001", 0.6, Quality::Pass);
        script.tick_after(60);
    }
    script.tick_after(600);
    let snapshot = script.world.snapshot();
    let point = &snapshot.points[0];
    assert_eq!(
        (point.status, point.cause),
        (PointStatus::Unknown, Some(Cause::Stale))
    );
    assert_eq!(point.last_class, Some(DepthClass::Severe));
    let plan = snapshot.plan.expect("a plan");
    let sent = plan
        .recommendations
        .iter()
        .find(|r| r.point.as_str() == "wp-001");
    let against = &sent.expect("a truck for it").against;
    let in_doubt = |a: &Against| matches!(a, Against::DepthInDoubt { minutes } if *minutes >= 10.0);
    assert!(against.iter().any(in_doubt), "{against:?}");
}

#[test]
fn a_clock_that_is_set_back_stops_nothing_and_what_it_stamped_rules_nothing() {
    let mut script = Script::begin();
    let truck_is = |script: &Script| script.world.snapshot().trucks[0].report.clone();
    script.now = BEGIN.plus_millis(3_600 * SECOND);
    script.observe("lg-0001", 0.3, Quality::Pass);
    script.report("pt-001", TruckState::Idle, None);
    script.tick_after(60);
    script.now = BEGIN;
    script.tick_after(1);
    let point = script.world.snapshot().points[0].clone();
    assert_eq!(
        (point.status, point.cause, point.last_class),
        (
            PointStatus::Unknown,
            Some(Cause::Suspect),
            Some(DepthClass::Closure)
        )
    );
    assert_eq!(point.depth, Some((script.now, 0.3)));
    for _ in 0..5 {
        script.observe("lg-0001", 0.0, Quality::Pass);
        script.observe("lg-0002", 0.6, Quality::Pass);
        script.report("pt-001", TruckState::Driving, None);
        script.tick_after(60);
    }
    let snapshot = script.world.snapshot();
    let statuses: Vec<_> = snapshot.points.iter().take(2).map(|p| p.status).collect();
    assert_eq!(statuses, [PointStatus::Dry, PointStatus::Severe]);
    let basis = snapshot.points[1].forecast.as_ref().map(|f| f.basis_at);
    assert!(basis.is_some_and(|at| at <= script.now), "{basis:?}");
    let plan = snapshot.plan.as_ref().expect("a plan");
    assert!(plan.made_at <= script.now && !plan.recommendations.is_empty());
    assert_eq!(
        truck_is(&script).map(|r| r.state),
        Some(TruckState::Driving)
    );
}

#[test]
fn what_is_of_the_future_shows_when_its_time_has_come_and_not_before() {
    let mut script = Script::begin();
    let ahead = observation(
        "lg-0001",
        BEGIN.plus_millis(90 * SECOND),
        Some(0.6),
        Quality::Pass,
    );
    let skewed = observation(
        "lg-0002",
        BEGIN.plus_millis(59 * SECOND),
        Some(0.6),
        Quality::Pass,
    );
    script.step(Input::Observed(vec![ahead, skewed]));
    script.tick_after(1);
    let status = |script: &Script, point: usize| script.world.snapshot().points[point].status;
    assert_eq!(status(&script, 0), PointStatus::Unknown);
    assert_eq!(status(&script, 1), PointStatus::Severe);
    let city = script.world.snapshot().city;
    script.world = World::restore(city, &script.world.save()).expect("a world");
    script.tick_after(30);
    assert_eq!(status(&script, 0), PointStatus::Severe);

    let at = script.now.plus_millis(90 * SECOND);
    let doubted = observation("lg-0003", at, Some(0.6), Quality::Suspect);
    script.step(Input::Observed(vec![doubted]));
    script.now = script.now.plus_millis(60 * SECOND);
    let believed = observation("lg-0003", at, Some(0.6), Quality::Pass);
    script.step(Input::Observed(vec![believed]));
    script.tick_after(1);
    assert_eq!(
        status(&script, 2),
        PointStatus::Severe,
        "the better word stands"
    );
}

#[test]
fn what_somebody_dated_ahead_is_never_shown_once_he_was_revoked() {
    let mut script = Script::begin();
    let at = BEGIN.plus_millis(90 * SECOND);
    let planted = |gauge| observation(gauge, at, Some(1.5), Quality::Suspect);
    let early = |by: &str, gauge| Input::Early {
        by: by.to_owned(),
        observations: vec![planted(gauge)],
    };
    script.step(early("gw-01", "lg-0001"));
    script.step(early("gw-02", "lg-0002"));
    script.tick_after(1);
    let city = script.world.snapshot().city;
    script.world = World::restore(city, &script.world.save()).expect("a world");
    script.step(Input::Disowned(vec!["gw-01".to_owned()]));
    script.tick_after(120);
    let newest = |script: &Script, gauge: usize| {
        let snapshot = script.world.snapshot();
        snapshot.gauges.get(gauge).expect("the gauge").newest
    };
    assert_eq!(newest(&script, 0), None);
    assert_eq!(newest(&script, 1).map(|n| n.observed_at), Some(at));
}

#[test]
fn what_an_honest_gateway_dated_ahead_is_shown_whoever_else_spoke_of_it_and_is_gone() {
    let mut script = Script::begin();
    let at = BEGIN.plus_millis(90 * SECOND);
    let word = |by: &str, observations| Input::Early {
        by: by.to_owned(),
        observations,
    };
    let of = |gauge: &str, at, depth_m| observation(gauge, at, Some(depth_m), Quality::Suspect);
    let honest = vec![of("lg-0001", at, 0.6), of("lg-0003", at, 0.6)];
    script.step(word("gw-02", honest));
    // He says the same time of the same gauge, and more of others than there is room for.
    script.step(word("gw-01", vec![of("lg-0001", at, 0.7)]));
    let nearer = (0..10_100).map(|k| of("lg-0002", at.plus_millis(-10_101 + k), 0.9));
    script.step(word("gw-01", nearer.collect()));
    script.step(Input::Disowned(vec!["gw-01".to_owned()]));
    script.tick_after(120);
    let snapshot = script.world.snapshot();
    let value = |gauge: usize| {
        let facts = snapshot.gauges.get(gauge).expect("the gauge");
        facts.newest.and_then(|newest| newest.value)
    };
    let honest = shared::value::Value::from_units(0.6).expect("a value");
    assert_eq!([0, 1, 2].map(value), [Some(honest), None, Some(honest)]);
}

#[test]
fn what_an_id_gave_as_another_instrument_is_no_depth() {
    let mut script = Script::begin();
    let mut stage = observation("lg-0001", BEGIN, Some(3.1), Quality::Pass);
    stage.parameter = Parameter::Stage;
    script.step(Input::Observed(vec![stage]));
    script.tick_after(1);
    let snapshot = script.world.snapshot();
    assert_eq!(snapshot.points[0].depth, None);
    assert_eq!(snapshot.gauges.get(0).expect("the gauge").newest, None);
    assert!(snapshot.unknown_gauges.is_empty(), "the city knows it");
}

#[test]
fn what_a_gauge_gave_before_the_city_knew_it_is_recalled_when_it_does() {
    let mut script = Script::begin();
    let depth = observation("lg-0001", BEGIN, Some(0.3), Quality::Pass);
    let stage = Observation {
        parameter: Parameter::Stage,
        ..depth.clone()
    };
    let elsewhere = observation("lg-9999", BEGIN, Some(0.3), Quality::Pass);
    script.step(Input::Observed(vec![stage, elsewhere]));
    script.tick_after(1);
    let city = script.world.snapshot().city;
    script.world = World::restore(city.clone(), &script.world.save()).expect("a world");
    let newcomers = script.world.newcomers();
    let newcomer = (depth.gauge.clone(), Parameter::Depth);
    assert!(newcomers.contains(&newcomer));
    script.step(Input::Recalled(vec![depth]));
    script.tick_after(1);
    let shown = script.world.snapshot().points[0].depth;
    assert_eq!(shown, Some((BEGIN, 0.3)));
    script.world = World::restore(city, &script.world.save()).expect("a world");
    assert!(!script.world.newcomers().contains(&newcomer), "once");
}

#[test]
fn an_order_tells_who_gave_changed_and_ended_it() {
    let mut script = Script::begin();
    let effects = script.ask(dispatch());
    let given = answer(&effects).expect("an answer");
    let order = given.outcome.as_ref().expect("an order");
    assert_eq!(
        (order.issued_at, &order.issued_by),
        (BEGIN, &Principal::Anonymous)
    );
    assert!(effects.contains(&Effect::Send(Box::new(order.clone()))));
    let id = order.id.clone();

    script.tick_after(30);
    script.report("pt-001", TruckState::Driving, Some(&id));
    let crew = Principal::Truck("pt-001".parse().expect("id"));
    let by_crew = |at| {
        Some(Act {
            by: crew.clone(),
            at,
        })
    };
    let snapshot = script.world.snapshot();
    assert_eq!(snapshot.orders[&id].state, OrderState::Received);
    assert_eq!(snapshot.orders[&id].changed, by_crew(script.now));
    assert_eq!(snapshot.orders[&id].ended, None);

    script.tick_after(30);
    let done = script.report("pt-001", TruckState::Idle, None);
    let told = Change::Order {
        order: id.clone(),
        from: Some(OrderState::Received),
        to: OrderState::Done,
        by: crew.clone(),
        at: script.now,
    };
    assert!(changes(&done).contains(&&told), "{done:?}");
    assert_eq!(
        script.world.snapshot().orders[&id].ended,
        by_crew(script.now)
    );
}

#[test]
fn what_cannot_be_ordered_is_refused_with_its_reason_and_changes_nothing() {
    let mut script = Script::begin();
    let wish = |truck: &str, point: &str, plan| Wish::Dispatch {
        truck: truck.parse().expect("id"),
        point: point.parse().expect("id"),
        plan,
    };
    let refused = |script: &mut Script, wish| {
        let effects = script.ask(wish);
        assert!(changes(&effects).is_empty(), "{effects:?}");
        let answer = answer(&effects).expect("an answer").clone();
        answer.outcome.expect_err("a refusal").to_string()
    };
    let recall = |order: &str| Wish::Recall {
        order: order.parse().expect("id"),
    };
    assert_eq!(
        refused(&mut script, wish("pt-999", "wp-001", None)),
        "there is no truck pt-999"
    );
    assert_eq!(
        refused(&mut script, wish("pt-001", "wp-999", None)),
        "there is no waterlogging point wp-999"
    );
    assert_eq!(
        refused(&mut script, wish("pt-001", "wp-001", Some(4))),
        "plan 4 no longer recommends truck pt-001 for wp-001; the present plan is 0"
    );
    assert_eq!(refused(&mut script, recall("o-1")), "there is no order o-1");
    script.report("pt-002", TruckState::OutOfService, None);
    assert_eq!(
        refused(&mut script, wish("pt-002", "wp-001", None)),
        "truck pt-002 is out of service"
    );
    script.ask(dispatch());
    let id = format!("o-{:014}", BEGIN.as_millis());
    assert_eq!(
        refused(&mut script, wish("pt-001", "wp-002", None)),
        format!("truck pt-001 already carries out order {id} to wp-001")
    );
    let effects = script.ask(recall(&id));
    let order = answer(&effects).expect("an answer").outcome.clone();
    assert_eq!(order.expect("recalled").state, OrderState::Recalled);
    let ended = Refusal::Ended(id.parse().expect("id")).to_string();
    assert_eq!(refused(&mut script, recall(&id)), ended);
}

#[test]
fn an_order_is_repeated_every_five_seconds_until_the_truck_reports_it() {
    let mut script = Script::begin();
    script.ask(dispatch());
    let sent = |effects: &[Effect]| {
        let is_sent = |e: &&Effect| matches!(e, Effect::Send(_));
        effects.iter().filter(is_sent).count()
    };
    assert_eq!(
        sent(&script.tick_after(4)),
        0,
        "it was sent with the answer"
    );
    assert_eq!(sent(&script.tick_after(1)), 1);
    assert_eq!(sent(&script.tick_after(4)), 0);
    let id = format!("o-{:014}", BEGIN.as_millis());
    let id = id.parse().expect("id");
    script.report("pt-001", TruckState::Driving, Some(&id));
    assert_eq!(sent(&script.tick_after(10)), 0);
    // Called back, the truck is told until it packs up.
    let effects = script.ask(Wish::Recall { order: id.clone() });
    assert_eq!(sent(&effects), 1);
    assert_eq!(sent(&script.tick_after(5)), 1);
    script.report("pt-001", TruckState::PackingUp, Some(&id));
    assert_eq!(sent(&script.tick_after(5)), 0);
}

#[test]
fn a_truck_whose_clock_is_ahead_is_heard_and_an_old_report_is_not() {
    let mut script = Script::begin();
    let ahead = super::script::report(
        "pt-001",
        BEGIN.plus_millis(3_600 * SECOND),
        TruckState::Driving,
        None,
    );
    script.step(Input::Truck(ahead));
    script.tick_after(1);
    script.report("pt-001", TruckState::Pumping, None);
    let late = super::script::report("pt-001", BEGIN, TruckState::Idle, None);
    script.step(Input::Truck(late));
    script.tick_after(1);
    let facts = script.world.snapshot().trucks[0].clone();
    assert_eq!(
        facts.report.as_ref().map(|r| r.state),
        Some(TruckState::Pumping)
    );
}

#[test]
fn an_agent_is_offline_after_its_silence_or_its_own_word() {
    let mut script = Script::begin();
    let online = |script: &Script, agent: &str| {
        let id: AgentId = agent.parse().expect("id");
        script.world.snapshot().agents[&id].online
    };
    let batch = Input::AgentBatch {
        agent: "gw-01".parse().expect("id"),
        backfill: false,
        has_hole: false,
    };
    script.step(batch);
    script.step(Input::Health(health("gw-02", BEGIN, true)));
    script.tick_after(35);
    assert!(online(&script, "gw-01") && online(&script, "gw-02"));
    let told = script.tick_after(1);
    assert!(!online(&script, "gw-01") && !online(&script, "gw-02"));
    let gone = |agent: &str| Change::Agent {
        agent: agent.parse().expect("id"),
        online: false,
    };
    assert!(changes(&told).contains(&&gone("gw-01")));
    // A retained word of a clock that is ahead keeps nobody there for ever.
    let ahead = health("gw-03", script.now.plus_millis(86_400 * SECOND), true);
    script.step(Input::Health(ahead));
    script.tick_after(36);
    assert!(!online(&script, "gw-03"));
}

#[test]
fn a_gauge_that_no_layer_knows_is_named_and_counted() {
    let mut script = Script::begin();
    script.observe("lg-9999", 0.3, Quality::Pass);
    let effects = script.observe("lg-9999", 0.4, Quality::Pass);
    let gauge: shared::ids::GaugeId = "lg-9999".parse().expect("id");
    let told = Change::UnknownGauge {
        gauge: gauge.clone(),
    };
    assert_eq!(changes(&effects), [&told]);
    assert_eq!(script.world.snapshot().unknown_gauges[&gauge], 2);
}

#[test]
fn a_quiet_city_is_told_that_it_is_quiet_and_trouble_at_once() {
    let mut script = Script::begin();
    let publishes = |effects: &[Effect]| effects.contains(&Effect::Publish);
    assert!(publishes(&script.tick_after(1)), "it has just been started");
    let seq = script.world.snapshot().seq;
    assert!(!publishes(&script.tick_after(4)));
    assert_eq!(script.world.snapshot().seq, seq);
    assert!(publishes(&script.tick_after(1)), "five seconds are over");
    let mut counts = crate::counters::Counts::default();
    counts.add(Counter::Observations, 1);
    script.step(Input::Counted(counts.places()));
    assert!(!publishes(&script.tick_after(1)), "work is no trouble");
    counts.add(Counter::BadPayload, 1);
    script.step(Input::Counted(counts.places()));
    assert!(publishes(&script.tick_after(1)), "somebody was refused");
    assert!(!publishes(&script.tick_after(1)));
}

#[test]
fn a_world_is_to_be_saved_every_minute_of_ticks_or_million_observations() {
    let mut script = Script::begin();
    let saves = |script: &mut Script| script.tick_after(1).contains(&Effect::Save);
    let ticks = (1..=240).filter(|_| saves(&mut script)).count();
    assert_eq!(ticks, 2);
    let many =
        (0..1_000).map(|n| observation("lg-0001", BEGIN.plus_millis(n), Some(0.0), Quality::Pass));
    let many: Vec<_> = many.collect();
    for _ in 0..1_000 {
        script.step(Input::Observed(many.clone()));
    }
    assert!(saves(&mut script));
    assert!(!saves(&mut script));
}
