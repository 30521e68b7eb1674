//! The steps of `cargo verify`, in their order: cheap ones first.

use crate::{
    api, arm,
    command::{Held, cargo, flood_sim, free_address, succeed},
    endurance, fuzz, licences, mutants,
    packages::packages,
    page, tidy, tools, units,
};

/// One thing that must hold.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    /// Whether it runs when no step is named.
    pub by_default: bool,
    pub run: fn() -> Result<Held, String>,
}

/// All steps, in their order.
pub fn all() -> Vec<Step> {
    let mut steps = by_default();
    steps.extend(when_named().into_iter().map(|step| Step {
        by_default: false,
        ..step
    }));
    steps
}

fn by_default() -> Vec<Step> {
    vec![
        step("packages", "what the tests need from Debian", packages),
        step("tidy", "layout, imports, words, sizes", tidy::tidy),
        step("format", "rustfmt", format),
        step(
            "deny",
            "licences, duplicates, sources and advisories of dependencies",
            tools::deny,
        ),
        step(
            "licences",
            "the notices of everything that is shipped",
            licences::check,
        ),
        step("typos", "spelling", tools::typos),
        step("units", "how exposed the systemd units are", units::units),
        step("lint", "clippy, warnings denied", lint),
        step("doc", "the documentation, warnings denied", doc),
        step(
            "programs",
            "build the programs that the tests start",
            programs,
        ),
        step(
            "api",
            "the API as nobody and in every role, held against its description",
            api::api,
        ),
        step("test", "unit, property and end-to-end tests", test),
        step(
            "replay",
            "a storm through all protocols and two brokers, judged",
            replay,
        ),
        step("demo", "the demo city's first storm hour, judged", demo),
        step(
            "page",
            "the map page in a browser, under a storm",
            page::page,
        ),
        step("arm", "flood-agent for ARM, run under qemu", arm::arm),
    ]
}

fn when_named() -> Vec<Step> {
    vec![
        step(
            "graph",
            "print which module stands on which",
            tidy::print_graph,
        ),
        step(
            "write-licences",
            "write the notices anew, after a dependency has changed",
            licences::write,
        ),
        step(
            "sbom",
            "write a bill of materials for each program into target/sbom",
            licences::bills,
        ),
        step(
            "endurance",
            "kills, cuts, damages and wrong clocks by the thousand, as a table (an hour)",
            endurance::endurance,
        ),
        step(
            "mqtt-suite",
            "the MQTT suites of a checkout of paho.mqtt.testing in FLOOD_MQTT_SUITE (five minutes)",
            mqtt_suite,
        ),
        step(
            "fuzz",
            "a million inputs to every decoder that meets the network, guided by coverage (an hour)",
            fuzz::fuzz,
        ),
        step(
            "mutants",
            "change the pure modules: nine in ten must be noticed (an hour)",
            mutants::mutants,
        ),
    ]
}

fn step(name: &'static str, what: &'static str, run: fn() -> Result<Held, String>) -> Step {
    Step {
        name,
        what,
        by_default: true,
        run,
    }
}

fn format() -> Result<Held, String> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<Held, String> {
    succeed(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn doc() -> Result<Held, String> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
    doc.args(["--lib", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings");
    succeed(&mut doc)
}

fn programs() -> Result<Held, String> {
    succeed(&mut cargo(&["build", "--workspace", "--bins"]))
}

fn test() -> Result<Held, String> {
    succeed(&mut cargo(&["test", "--workspace"]))
}

fn mqtt_suite() -> Result<Held, String> {
    let suite = std::env::var_os("FLOOD_MQTT_SUITE").ok_or(
        "FLOOD_MQTT_SUITE must name the folder of a checkout of github.com/eclipse/paho.mqtt.testing",
    )?;
    let suite = std::fs::canonicalize(&suite)
        .map_err(|e| format!("FLOOD_MQTT_SUITE={}: {e}", suite.display()))?;
    let mut test = cargo(&["test", "--workspace", "--lib"]);
    // One after the other: they wait for a time, not for a condition.
    test.args([
        "--features",
        "aggregator/mqtt-suite",
        "--",
        "broker::tests::suite",
    ])
    .args(["--nocapture", "--test-threads=1"])
    .env("FLOOD_MQTT_SUITE", suite);
    succeed(&mut test)
}

fn replay() -> Result<Held, String> {
    for broker in ["embedded", "mosquitto"] {
        let mut replay = flood_sim();
        replay
            .args(["replay", "configs/scenarios/harbour.toml", "--speed", "200"])
            .args(["--check", "--broker", broker]);
        succeed(&mut replay)?;
    }
    Ok(Held::Whole)
}

fn demo() -> Result<Held, String> {
    let http = free_address()?.to_string();
    let mut demo = flood_sim();
    demo.args(["demo", "--auto-dispatch", "--for", "75", "--http", &http])
        .args(["--summary", "target/demo.json"]);
    succeed(&mut demo)
}
