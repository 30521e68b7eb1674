//! Wrong configurations.

/// What was done to the configuration, from what to what, and what is said.
pub const CONFIGURATIONS: [(&str, &str, &str, &[&str]); 14] = [
    (
        "a key with a typo",
        "listen = ",
        "lisen = ",
        &[
            "a.toml:4: unknown key `lisen`, expected one of `listen`, `login`, `exercise_login`, \
           `certificate`, `key`, `behind_proxy`, `hosts`, `unprotected`, `connections_per_address`, \
           `requests_per_second`, `oidc`",
        ],
    ),
    (
        "a table with a typo",
        "[dispatch]",
        "[dispach]",
        &[
            "a.toml:7: unknown key `dispach`, expected one of `data_dir`, `city`, `http`, \
           `broker`, `clock`, `dispatch`, `store`, `source`",
        ],
    ),
    (
        "a text where a number belongs",
        "replan_seconds = 60",
        "replan_seconds = \"60\"",
        &["a.toml:8: replan_seconds: invalid type: string \"60\", expected a whole number"],
    ),
    (
        "a number where an address belongs",
        "\"127.0.0.1:1883\"",
        "1883",
        &["a.toml:6: embedded: invalid type: integer `1883`, expected a text in quotes"],
    ),
    (
        "no city",
        "city = \"harbour\"\n",
        "",
        &["a.toml:1: missing key `city`"],
    ),
    (
        "a city without a name",
        "\"harbour\"",
        "\"\"",
        &["a.toml:2: city: is empty; it must name a folder"],
    ),
    (
        "a host's name where an address belongs",
        "127.0.0.1:8080",
        "localhost:8080",
        &[
            "a.toml:4: [http] listen: `localhost:8080` is not an address to listen on; write \
           IP:port, like 127.0.0.1:8080, or 0.0.0.0:8080 to be reached from outside",
        ],
    ),
    (
        "one port for two",
        "127.0.0.1:8080",
        "0.0.0.0:1883",
        &[
            "a.toml:4: [http] listen: 0.0.0.0:1883 is reached from outside without TLS: name \
           `certificate` and `key` beside it, or in `behind_proxy` the address of the proxy that has \
           them; `unprotected = true` leaves passwords to whoever listens on the way",
            "a.toml:6: [broker] embedded: 127.0.0.1:1883 is also where [http] listens \
           (0.0.0.0:1883); each needs a port of its own",
        ],
    ),
    (
        "two brokers",
        "[dispatch]",
        "url = \"mqtt://broker\"\n[dispatch]",
        &["a.toml:7: [broker] url: stands beside `embedded`; choose one of the two"],
    ),
    (
        "a broker without its scheme",
        "embedded = \"127.0.0.1:1883\"",
        "url = \"broker:1883\"",
        &[
            "a.toml:6: [broker] url: `broker:1883` is not a broker's address; write mqtts://host:port, \
           or mqtt://host:port without TLS",
        ],
    ),
    (
        "a broker that is reached from outside without TLS",
        "embedded = \"127.0.0.1:1883\"",
        "embedded = \"0.0.0.0:1883\"",
        &[
            "a.toml:6: [broker] embedded: 0.0.0.0:1883 is reached from outside, without TLS; write \
           tls = \"0.0.0.0:1883\" instead, or plain = true where others keep the line private",
        ],
    ),
    (
        "a password in the address, which is not repeated",
        "embedded = \"127.0.0.1:1883\"",
        "url = \"mqtt://city:s3cret@broker\"",
        &[
            "a.toml:6: [broker] url: a login does not belong into the address; write \
           mqtts://host:port",
        ],
    ),
    (
        "a session's name without its broker",
        "[dispatch]",
        "client_id = \"x\"\n[dispatch]",
        &["a.toml:7: [broker] client_id: only goes with url: the embedded broker needs none"],
    ),
    (
        "three things at once: all are said",
        "60\n[store]\nkeep_days = 30",
        "1\n[store]\nkeep_days = -3\n[clock]\nmode = \"actual\"\n\
         origin = \"2026-07-21T08:00:00Z\"\nstarted = \"2026-07-21T08:00:00Z\"\nspeed = 60.0",
        &[
            "a.toml:8: [dispatch] replan_seconds: is 1; it must be from 10 to 3600",
            "a.toml:10: [store] keep_days: is -3; it must be from 1 to 3660",
            "a.toml:11: [clock]: a scaled clock needs mode = \"exercise\" or \"replay\", never \
             \"actual\"",
        ],
    ),
];
