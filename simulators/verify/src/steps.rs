//! The steps of `cargo verify`, in their order: cheap ones first.

use crate::{
    arm,
    command::{cargo, flood_sim, free_address, succeed},
    packages::packages,
    page, tidy,
};

/// One thing that must hold.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    /// Whether it runs when no step is named.
    pub by_default: bool,
    pub run: fn() -> Result<(), String>,
}

/// All steps, in their order.
pub fn all() -> Vec<Step> {
    vec![
        step("packages", "what the tests need from Debian", packages),
        step("tidy", "layout, imports, words, sizes", tidy::tidy),
        step("format", "rustfmt", format),
        step("lint", "clippy, warnings denied", lint),
        step(
            "programs",
            "build the programs that the tests start",
            programs,
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
        Step {
            by_default: false,
            ..step(
                "graph",
                "print which module stands on which",
                tidy::print_graph,
            )
        },
    ]
}

fn step(name: &'static str, what: &'static str, run: fn() -> Result<(), String>) -> Step {
    Step {
        name,
        what,
        by_default: true,
        run,
    }
}

fn format() -> Result<(), String> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<(), String> {
    succeed(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn programs() -> Result<(), String> {
    succeed(&mut cargo(&["build", "--workspace", "--bins"]))
}

fn test() -> Result<(), String> {
    succeed(&mut cargo(&["test", "--workspace"]))
}

fn replay() -> Result<(), String> {
    for broker in ["embedded", "mosquitto"] {
        let mut replay = flood_sim();
        replay
            .args(["replay", "configs/scenarios/harbour.toml", "--speed", "200"])
            .args(["--check", "--broker", broker]);
        succeed(&mut replay)?;
    }
    Ok(())
}

fn demo() -> Result<(), String> {
    let http = free_address()?.to_string();
    let mut demo = flood_sim();
    demo.args(["demo", "--auto-dispatch", "--for", "75", "--http", &http])
        .args(["--summary", "target/demo.json"]);
    succeed(&mut demo)
}
