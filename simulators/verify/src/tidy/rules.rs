//! The house rules: every table that the checks go by. What moves in the code moves here too: an
//! entry that means nothing any more is a finding.

use super::{graph::Floors, words::Banned};

/// What is visible at the top of the checkout.
pub const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "agent",
    "aggregator",
    "configs",
    "shared",
    "simulators",
];

/// Which package may name which others. The two programs never import each other, and what judges
/// them shares nothing with them but the contracts.
pub const PACKAGES: &[(&str, &[&str])] = &[
    ("shared", &[]),
    ("web", &[]),
    ("agent", &["shared"]),
    ("aggregator", &["shared", "web"]),
    ("simulators", &["shared"]),
    ("verify", &["shared"]),
];

/// Files that decide and do nothing, and folders of such (with a slash).
pub const PURE: &[&str] = &[
    "shared/src/",
    "agent/src/config/",
    "agent/src/net/message.rs",
    "agent/src/quality.rs",
    "agent/src/source/breaker.rs",
    "agent/src/source/decode.rs",
    "agent/src/source/mqtt/machine/",
    "agent/src/source/mqtt/payload.rs",
    "agent/src/source/mqtt/unacknowledged.rs",
    "agent/src/source/reading.rs",
    "agent/src/source/reads.rs",
    "agent/src/source/schedule.rs",
    "agent/src/spool/contract.rs",
    "agent/src/spool/frame/",
    "agent/src/spool/memory.rs",
    "agent/src/spool/queue.rs",
    "agent/src/spool/retention.rs",
    "agent/src/spool/seqs.rs",
    "agent/src/summary.rs",
    "agent/src/uplink/machine/",
    "aggregator/src/assess/",
    "aggregator/src/dispatch/",
    "aggregator/src/forecast/",
    "aggregator/src/map/",
    "aggregator/src/merge/",
    "aggregator/src/network/area.rs",
    "aggregator/src/network/city.rs",
    "aggregator/src/network/layer.rs",
    "aggregator/src/orders/",
    "aggregator/src/world/",
    "simulators/src/catchment/",
    "simulators/src/city/rng.rs",
    "simulators/src/fleet/truck.rs",
    "simulators/src/gauge/fault.rs",
    "simulators/src/gauge/mod.rs",
    "simulators/src/storm/",
    "simulators/src/truth/",
];

/// What a file of the table above does outside all the same: file, what (or a call of it), why.
pub const EXCUSED: &[(&str, &str, &str)] = &[
    (
        "agent/src/config/load.rs",
        "std::fs",
        "the one place where the file is read",
    ),
    (
        "shared/src/clock.rs",
        "std::time::SystemTime",
        "the one place where the real time is read",
    ),
    (
        "shared/src/logging.rs",
        "std::io",
        "the one place that writes to standard error",
    ),
];

/// The floors of each package, the highest first; arrows go down or stay in their room.
pub const FLOORS: &[(&str, Floors)] = &[
    (
        "shared",
        &[
            &["lib"],
            &["wire"],
            &["fleet", "observation"],
            &["clock", "quality"],
            &[
                "broker",
                "findings",
                "gauge",
                "ids",
                "limits",
                "logging",
                "lonlat",
                "name",
                "time",
                "units",
                "value",
                "waterlogging",
            ],
        ],
    ),
    (
        "agent",
        &[
            &["main"],
            &["lib", "cli", "run"],
            &["collector", "summary", "systemd", "uplink"],
            &["health"],
            &["quality", "spool"],
            &["source"],
            &["net"],
            &["config"],
            &["counters", "pulse"],
        ],
    ),
    (
        "aggregator",
        &[
            &["main"],
            &["lib", "cli", "commands"],
            &["run"],
            &["ends", "http", "rebuild"],
            &["ingest", "map"],
            &["store", "world"],
            &["network"],
            &["assess", "dispatch", "forecast", "merge", "orders"],
            &["config", "counters", "metrics"],
        ],
    ),
    ("web", &[&["lib"]]),
    (
        "simulators",
        &[
            &["main"],
            &["lib", "cli"],
            &["bench", "demo"],
            &["load", "replay"],
            &["fleet", "lab"],
            &["truth"],
            &["gauge", "link"],
            &["catchment", "city", "storm"],
        ],
    ),
    (
        "verify",
        &[
            &["main"],
            &["steps"],
            &["arm", "packages", "page", "tidy", "tools"],
            &["command"],
            &["bin/demo"],
        ],
    ),
    (
        "the page",
        &[
            &["main"],
            &["app"],
            &[
                "announce",
                "attention",
                "detail",
                "dispatch",
                "header",
                "keyboard",
                "map",
            ],
            &["page"],
            &["choices", "quantity", "steady-rows", "symbols"],
            &["live"],
            &["text"],
            &["model"],
            &["api"],
        ],
    ),
];

/// Words that the project has another one for. Left out, because the word has everyday meanings
/// that no table of exceptions could follow: `level`, `rain`, `unit`, `height` (of a letter),
/// `curve` (of storage), `zone` (of time), `buffer` (of bytes).
pub const WORDS: &[Banned] = &[
    banned("sensor", "gauge"),
    Banned {
        except: &[(
            "agent/src/config/",
            "a trial request to a unit that is silent",
        )],
        ..banned("probe", "gauge")
    },
    banned("device", "gauge"),
    banned("site", "station"),
    Banned {
        except: &[
            (
                "aggregator/src/dispatch/routing.rs",
                "a crossing in the graph of roads",
            ),
            (
                "simulators/src/city/roads.rs",
                "a crossing in the graph of roads",
            ),
        ],
        ..banned("node", "station")
    },
    Banned {
        except: &[(
            "simulators/src/bench/rig.rs",
            "one line of Prometheus' text format",
        )],
        ..banned("sample", "reading")
    },
    banned("datapoint", "reading"),
    banned("measurement", "observation"),
    banned("elevation", "water level"),
    banned("basin", "catchment"),
    banned("hotspot", "waterlogging point"),
    banned("vehicle", "truck"),
    Banned {
        // Elsewhere it is the runtime's word.
        only: &[
            "aggregator/src/dispatch/",
            "aggregator/src/orders/",
            "aggregator/src/world/",
            "aggregator/web/src/",
            "shared/src/",
        ],
        ..banned("task", "order")
    },
    banned("job", "order"),
    Banned {
        except: &[
            (
                "aggregator/src/forecast/skill.rs",
                "false alarm, the term of forecast verification",
            ),
            (
                "simulators/src/replay/verdict.rs",
                "false alarm, the term of forecast verification",
            ),
        ],
        ..banned("alarm", "alert")
    },
    banned("upload", "uplink"),
];

/// A word that is banned everywhere.
const fn banned(word: &'static str, instead: &'static str) -> Banned {
    Banned {
        word,
        instead,
        only: &[],
        except: &[],
    }
}
