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
    ("decisions", &["shared"]),
    ("aggregator", &["shared", "decisions", "web"]),
    ("simulators", &["shared", "aggregator"]),
    ("verify", &["shared"]),
    ("fuzz", &["shared", "agent", "aggregator"]),
];

/// Which packages the tests of a package may name besides: a simulation drives both programs.
pub const PACKAGES_IN_TESTS: &[(&str, &[&str])] = &[("simulators", &["agent", "aggregator"])];

/// Files that decide and do nothing, and folders of such (with a slash).
pub const PURE: &[&str] = &[
    "shared/src/",
    "agent/src/config/",
    "agent/src/net/message.rs",
    "agent/src/net/stability.rs",
    "agent/src/quality/",
    "agent/src/source/breaker.rs",
    "agent/src/source/decode.rs",
    "agent/src/source/framing.rs",
    "agent/src/source/mqtt/machine/",
    "agent/src/source/mqtt/payload.rs",
    "agent/src/source/mqtt/queued.rs",
    "agent/src/source/mqtt/unacknowledged.rs",
    "agent/src/source/reading.rs",
    "agent/src/source/reads.rs",
    "agent/src/source/schedule.rs",
    "agent/src/source/units.rs",
    "agent/src/spool/contract.rs",
    "agent/src/spool/frame/",
    "agent/src/spool/sled/entry.rs",
    "agent/src/spool/memory.rs",
    "agent/src/spool/queue.rs",
    "agent/src/spool/retention.rs",
    "agent/src/spool/seqs.rs",
    "agent/src/summary.rs",
    "agent/src/total.rs",
    "agent/src/uplink/machine/",
    "aggregator/decisions/src/assess/",
    "aggregator/decisions/src/counters.rs",
    "aggregator/decisions/src/dispatch/",
    "aggregator/decisions/src/forecast/",
    "aggregator/decisions/src/merge/",
    "aggregator/decisions/src/network/bounds.rs",
    "aggregator/decisions/src/network/city.rs",
    "aggregator/decisions/src/network/grounds.rs",
    "aggregator/decisions/src/network/layer.rs",
    "aggregator/decisions/src/network/plausible.rs",
    "aggregator/decisions/src/network/road.rs",
    "aggregator/decisions/src/network/shape.rs",
    "aggregator/decisions/src/network/storage.rs",
    "aggregator/decisions/src/network/unread.rs",
    "aggregator/decisions/src/orders/",
    "aggregator/decisions/src/principal.rs",
    "aggregator/decisions/src/schema.rs",
    "aggregator/src/audit/",
    "aggregator/src/authority/belonging.rs",
    "aggregator/src/authority/mosquitto.rs",
    "aggregator/src/grants.rs",
    "aggregator/src/ingest/admit.rs",
    "aggregator/src/ingest/broker/gate/crowd.rs",
    "aggregator/src/ingest/broker/gate/farewell.rs",
    "aggregator/src/ingest/broker/gate/pace.rs",
    "aggregator/src/ingest/broker/gate/packets.rs",
    "aggregator/src/ingest/broker/manners.rs",
    "aggregator/src/ingest/broker/refusals.rs",
    "aggregator/src/ingest/broker/wishes.rs",
    "aggregator/src/ingest/decode.rs",
    "aggregator/src/ingest/topics.rs",
    "aggregator/src/net.rs",
    "aggregator/src/people/acts.rs",
    "aggregator/src/people/attempts.rs",
    "aggregator/src/people/book.rs",
    "aggregator/src/people/entry.rs",
    "aggregator/src/people/fingerprint.rs",
    "aggregator/src/people/ground.rs",
    "aggregator/src/people/lists.rs",
    "aggregator/src/people/pace.rs",
    "aggregator/src/people/policy.rs",
    "aggregator/src/people/provided.rs",
    "aggregator/src/people/record.rs",
    "aggregator/src/people/sight.rs",
    "aggregator/src/people/viewer.rs",
    "aggregator/src/provider/claims.rs",
    "aggregator/src/provider/proof.rs",
    "aggregator/src/publish/map/",
    "aggregator/src/publish/redraw.rs",
    "aggregator/src/publish/seen.rs",
    "aggregator/src/publish/state.rs",
    "aggregator/src/publish/view/",
    "aggregator/src/requests/told.rs",
    "aggregator/src/rights/",
    "aggregator/src/store/embedded/mend/batches.rs",
    "aggregator/src/store/embedded/mend/bits.rs",
    "aggregator/src/store/embedded/mend/merge.rs",
    "aggregator/src/store/embedded/mend/verdict.rs",
    "aggregator/src/world/",
    "simulators/src/catchment/",
    "simulators/src/fleet/truck.rs",
    "simulators/src/gauge/fault.rs",
    "simulators/src/gauge/instrument.rs",
    "simulators/src/gauge/mod.rs",
    "simulators/src/rng.rs",
    "simulators/src/storm/",
    "simulators/src/truth/city.rs",
    "simulators/verify/src/api/closed.rs",
    "simulators/verify/src/licences/bill.rs",
    "simulators/verify/src/licences/notice.rs",
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
        "std::env",
        "FLOOD_LOG, which every program obeys",
    ),
    (
        "shared/src/logging.rs",
        "std::io",
        "the one place that writes to standard error",
    ),
    (
        "shared/src/net.rs",
        "std::net",
        "a free port for runs and tests is asked of the system",
    ),
    (
        "shared/src/secret.rs",
        "std::fs",
        "the one place where files with secrets are read",
    ),
    (
        "shared/src/secret.rs",
        "std::env",
        "where systemd hands files over",
    ),
    (
        "shared/src/secret.rs",
        "std::os",
        "who may read a file stands in its mode",
    ),
    (
        "shared/src/secret.rs",
        "nix",
        "opening no link, and the umask",
    ),
];

/// The floors of each package, the highest first; arrows go down or stay in their room.
pub const FLOORS: &[(&str, Floors)] = &[
    (
        "shared",
        &[
            &["lib"],
            &["tls"],
            &["bundle"],
            &["wire"],
            &["fleet", "observation"],
            &["clock", "quality"],
            &[
                "backoff",
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
            &["error", "net", "secret"],
        ],
    ),
    (
        "agent",
        &[
            &["main"],
            &["lib", "cli", "run"],
            &[
                "collector",
                "status",
                "summary",
                "systemd",
                "timesync",
                "uplink",
            ],
            &["health"],
            &["quality", "spool"],
            &["source"],
            &["net"],
            &["config"],
            &["counters", "faults", "kept", "pulse", "timekeeper", "total"],
        ],
    ),
    (
        "decisions",
        &[
            &["lib"],
            &["dispatch"],
            &["forecast"],
            &["assess", "merge", "network", "orders"],
            &["counters", "principal", "schema"],
        ],
    ),
    (
        "aggregator",
        &[
            &["main"],
            &["lib", "auditing", "cli", "commands", "enrolment"],
            &["reload", "run"],
            &["base", "driver", "http", "unfinished"],
            &[
                "forgetting",
                "gateways",
                "notary",
                "publish",
                "requests",
                "restore",
            ],
            &["people"],
            &["ingest"],
            &["store"],
            &["world"],
            &["audit", "authority", "provider"],
            &["config", "files", "metrics", "net", "parts", "watchdog"],
            &["grants", "rights"],
        ],
    ),
    ("web", &[&["lib"]]),
    (
        "simulators",
        &[
            &["main"],
            &["lib", "cli"],
            &["bench", "demo", "evaluate", "plans"],
            &["load", "replay"],
            &["judge"],
            &["lab"],
            &["scenario"],
            &["recording", "truth"],
            &["fleet", "gauge", "link"],
            &["catchment", "city", "layer", "storm"],
            &["console", "files", "rng"],
        ],
    ),
    (
        "verify",
        &[
            &["main"],
            &["steps"],
            &[
                "api",
                "arm",
                "endurance",
                "fuzz",
                "licences",
                "mutants",
                "packages",
                "page",
                "tidy",
                "tools",
                "units",
            ],
            &["arguments", "command"],
            &["bin/demo"],
        ],
    ),
    ("fuzz", &[&["main"], &["decoders"]]),
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
            &["people"],
            &["page"],
            &["choices", "quantity", "steady-rows", "symbols"],
            &["live"],
            &["text"],
            &["belief"],
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
    Banned {
        except: &[
            (
                "simulators/src/gauge/",
                "the instrument at the other end of a line, with a unit id and registers",
            ),
            (
                "simulators/src/lab/field.rs",
                "the instrument at the other end of a line",
            ),
        ],
        ..banned("device", "gauge")
    },
    Banned {
        except: &[(
            "simulators/src/recording/swmm.rs",
            "the word of the recorded files, sites.geojson",
        )],
        ..banned("site", "station")
    },
    Banned {
        except: &[(
            "simulators/src/city/roads.rs",
            "a crossing in the graph of roads",
        )],
        ..banned("node", "station")
    },
    banned("sample", "reading"),
    banned("datapoint", "reading"),
    banned("measurement", "observation"),
    banned("elevation", "water level"),
    banned("basin", "catchment"),
    banned("hotspot", "waterlogging point"),
    banned("vehicle", "truck"),
    Banned {
        // Elsewhere it is the runtime's word.
        only: &[
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
                "aggregator/decisions/src/forecast/report.rs",
                "false alarm, the term of forecast verification",
            ),
            (
                "aggregator/decisions/src/forecast/skill.rs",
                "false alarm, the term of forecast verification",
            ),
            (
                "simulators/src/judge/flags.rs",
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
