//! The real aggregator over the harbour, behind a proxy that has TLS as far as it is told, with water in a
//! street, an order, and everybody whom it knows: made by the ways by which people make them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::command::{free_address, say, succeed};

/// A debug build on a busy machine takes its time to start.
const START: Duration = Duration::from_secs(60);
const PASSWORD: &str = "correct horse battery";
/// Characters of an answer that are told.
const MOST_TOLD: usize = 300;
const CITY: &str = "configs/city/harbour";
const PROGRAM: &str = "target/debug/flood-aggregator";

/// With what somebody shows who he is.
pub enum Shown {
    Nothing,
    Session(String),
    Token(String),
}

/// Somebody who asks.
pub struct Asker {
    pub name: String,
    pub shown: Shown,
    /// Sessions of his own that he may end.
    sessions: Vec<String>,
}

/// A running aggregator. It is ended when dropped.
pub struct Desk {
    http: SocketAddr,
    program: Child,
    agent: ureq::Agent,
    /// What nobody could guess, for schemathesis to ask for: an order and links.
    orders: Vec<String>,
    links: Vec<String>,
    administrator: String,
}

/// An answer: its status, the cookie that it gives, and what it says.
struct Answer {
    status: u16,
    cookie: Option<String>,
    json: Value,
}

impl Desk {
    /// Starts it with an empty store below the folder.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).map_err(|e| format!("{}: {e}", data.display()))?;
        }
        let (http, broker) = (free_address()?, free_address()?);
        let config = folder.join("aggregator.toml");
        let text = format!(
            "data_dir = {:?}\ncity = {CITY:?}\n[http]\nlisten = \"{http}\"\nlogin = true\n\
             behind_proxy = [\"127.0.0.1\"]\n[broker]\nembedded = \"{broker}\"\n",
            data.display().to_string(),
        );
        fs::write(&config, text).map_err(|e| format!("{}: {e}", config.display()))?;
        let mut run = Command::new(PROGRAM);
        let program = run.arg("run").arg(&config).spawn();
        let settings = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .proxy(None);
        let mut desk = Self {
            http,
            program: program.map_err(|e| format!("{PROGRAM}: {e}"))?,
            agent: settings.build().into(),
            orders: Vec::new(),
            links: Vec::new(),
            administrator: String::new(),
        };
        desk.until("it is ready", |desk| {
            Ok(desk.get("/readyz", None)?.status == 200)
        })?;
        desk.administrator = desk.join(&link_of(&data)?, "administrator")?;
        desk.flood(broker)?;
        desk.order()?;
        Ok(desk)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// The description, as everybody reads it.
    pub fn document(&self) -> Result<Value, String> {
        Ok(self.get("/api/v1/openapi.json", None)?.json)
    }

    /// Everybody who asks, the administrator last: he may take the others' accounts away.
    pub fn askers(&mut self) -> Result<Vec<Asker>, String> {
        let street = "district/d-02/street/s-0201";
        let mut all = vec![Asker {
            name: "nobody".to_owned(),
            shown: Shown::Nothing,
            sessions: Vec::new(),
        }];
        for (name, role, area) in [
            ("viewer", "viewer", "city"),
            ("crew", "crew", "city"),
            ("dispatcher", "dispatcher", "city"),
            ("clerk", "administrator", street),
        ] {
            let link = self.invite(role, area)?;
            let session = self.join(&link, name)?;
            all.push(self.with_session(name, session)?);
        }
        for spare in ["spare-1", "spare-2", "spare-3", "spare-4"] {
            let link = self.invite("viewer", "city")?;
            self.join(&link, spare)?;
            self.links.push(self.invite("viewer", street)?);
        }
        let wish = json!({"name": "program", "role": "administrator", "area": "city", "days": 1});
        let made = self.post("/api/v1/tokens", Some(&self.administrator), &wish)?;
        let secret = text_at(&made.json, "secret")?;
        let name = "administrators-token".to_owned();
        all.push(Asker {
            name,
            shown: Shown::Token(secret),
            sessions: Vec::new(),
        });
        all.push(self.with_session("administrator", self.administrator.clone())?);
        Ok(all)
    }

    /// That somebody is still known as who he is.
    pub fn knows(&self, asker: &Asker) -> Result<(), String> {
        let who = match &asker.shown {
            Shown::Nothing => return Ok(()),
            Shown::Session(session) => self.get("/api/v1/session", Some(session))?,
            Shown::Token(token) => {
                let ask = self.agent.get(self.url("/api/v1/session"));
                answer(
                    ask.header("authorization", format!("Bearer {token}"))
                        .call(),
                )?
            }
        };
        match who.json.pointer("/who/role") {
            Some(Value::String(_)) => Ok(()),
            _ => Err(format!(
                "{} is not logged in any more: {}",
                asker.name, who.json
            )),
        }
    }

    /// Ends it, as a service is ended.
    pub fn close(mut self) -> Result<(), String> {
        let id = self.program.id().to_string();
        succeed(Command::new("kill").args(["-TERM", &id]))?;
        let ended = self.program.wait().map_err(|e| format!("{PROGRAM}: {e}"))?;
        if ended.success() {
            Ok(())
        } else {
            Err(format!("the aggregator ended with {ended}"))
        }
    }

    /// What a role may be asked for, in a link.
    fn invite(&self, role: &str, area: &str) -> Result<String, String> {
        let wish = json!({"role": role, "area": area});
        let invited = self.post("/api/v1/people", Some(&self.administrator), &wish)?;
        let url = text_at(&invited.json, "link")?;
        of_link(&url)
    }

    /// Accepts an invitation. Returns the session.
    fn join(&self, link: &str, name: &str) -> Result<String, String> {
        let wish = json!({"link": link, "name": name, "shown": name, "password": PASSWORD});
        let joined = self.post("/api/v1/invitation/accept", None, &wish)?;
        let told = joined.json.to_string();
        joined
            .cookie
            .ok_or_else(|| format!("{name} was not let in: {told}"))
    }

    /// Somebody with two more sessions of his, which he may end.
    fn with_session(&self, name: &str, session: String) -> Result<Asker, String> {
        for _ in 0..2 {
            let wish = json!({"name": name, "password": PASSWORD});
            self.post("/api/v1/session", None, &wish)?;
        }
        let all = self.get("/api/v1/sessions", Some(&session))?.json;
        let his = all.as_array().into_iter().flatten();
        let others = his.filter(|s| {
            s.get("person") == Some(&json!(name)) && s.get("is_this") == Some(&json!(false))
        });
        let sessions = others.map(|s| text_at(s, "id")).collect::<Result<_, _>>()?;
        Ok(Asker {
            name: name.to_owned(),
            shown: Shown::Session(session),
            sessions,
        })
    }

    /// Lets water stand in a street, until it is on the map.
    fn flood(&self, broker: SocketAddr) -> Result<(), String> {
        let now = self.get("/api/v1/state", Some(&self.administrator))?;
        let now = text_at(&now.json, "now")?;
        for (gauge, depth) in [("lg-0001", 0.41), ("lg-0004", 0.55)] {
            let said =
                json!({"gauge": gauge, "parameter": "depth", "observed_at": now, "value": depth});
            let mut publish = Command::new("mosquitto_pub");
            publish
                .args([
                    "-h",
                    &broker.ip().to_string(),
                    "-p",
                    &broker.port().to_string(),
                ])
                .args([
                    "-q",
                    "1",
                    "-t",
                    "flood/v1/in/neighbour",
                    "-m",
                    &said.to_string(),
                ]);
            succeed(&mut publish)?;
        }
        self.until("water stands on the map", |desk| {
            let point = desk.get("/api/v1/points/wp-004", Some(&desk.administrator))?;
            Ok(point.json.get("depth_m").is_some_and(Value::is_number))
        })
    }

    /// Gives an order.
    fn order(&mut self) -> Result<(), String> {
        let wish = json!({"truck": "pt-001", "point": "wp-001"});
        let given = self.post("/api/v1/orders", Some(&self.administrator), &wish)?;
        self.orders.push(text_at(&given.json, "id")?);
        Ok(())
    }

    fn until(
        &self,
        what: &str,
        holds: impl Fn(&Self) -> Result<bool, String>,
    ) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let held = holds(self);
            if held == Ok(true) {
                return Ok(());
            }
            if begun.elapsed() > START {
                return Err(format!(
                    "not within {} s: {what} ({held:?})",
                    START.as_secs()
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn get(&self, path: &str, session: Option<&str>) -> Result<Answer, String> {
        let ask = self
            .agent
            .get(self.url(path))
            .header("x-forwarded-proto", "https");
        let ask = match session {
            Some(session) => ask.header("cookie", format!("__Host-flood={session}")),
            None => ask,
        };
        answer(ask.call())
    }

    /// Asks for something that must be granted.
    fn post(&self, path: &str, session: Option<&str>, wish: &Value) -> Result<Answer, String> {
        let ask = self
            .agent
            .post(self.url(path))
            .header("x-forwarded-proto", "https");
        let ask = match session {
            Some(session) => ask.header("cookie", format!("__Host-flood={session}")),
            None => ask,
        };
        let given = answer(ask.send_json(wish))?;
        if (200..300).contains(&given.status) {
            Ok(given)
        } else {
            Err(format!("POST {path}: {} {}", given.status, given.json))
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Err(why) = self.program.kill() {
            say(&format!("the aggregator cannot be ended: {why}"));
        }
        let _ = self.program.wait();
    }
}

impl Asker {
    /// What schemathesis is told of who asks, and of what only a running aggregator knows.
    pub fn told(&self, desk: &Desk) -> String {
        let mut text = String::new();
        let mut dictionary = |name: &str, values: &[String]| {
            let nobodys = ["none".to_owned()];
            let values = if values.is_empty() {
                &nobodys[..]
            } else {
                values
            };
            text.push_str(&format!("[dictionaries.{name}]\nvalues = {values:?}\n"));
        };
        dictionary("orders", &desk.orders);
        dictionary("links", &desk.links);
        dictionary("sessions", &self.sessions);
        // As the proxy says it that has TLS.
        text.push_str("[headers]\nx-forwarded-proto = \"https\"\n");
        match &self.shown {
            Shown::Nothing => {}
            Shown::Session(session) => {
                text.push_str(&format!(
                    "[auth.openapi.session]\napi_key = \"{session}\"\n"
                ));
                // He would log out, and ask all the rest as nobody; the others ask it.
                text.push_str("[[operations]]\ninclude-name = \"DELETE /api/v1/session\"\n");
                text.push_str("enabled = false\n");
            }
            Shown::Token(token) => {
                text.push_str(&format!("[auth.openapi.token]\nbearer = \"{token}\"\n"));
            }
        }
        text
    }
}

fn answer(given: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut given = given.map_err(|e| format!("the aggregator does not answer: {e}"))?;
    let cookie = given
        .headers()
        .get("set-cookie")
        .and_then(|c| c.to_str().ok());
    let cookie = cookie.and_then(|c| c.split(';').next()?.strip_prefix("__Host-flood="));
    let cookie = cookie.map(str::to_owned);
    let text = given
        .body_mut()
        .read_to_string()
        .map_err(|e| format!("half an answer: {e}"))?;
    Ok(Answer {
        status: given.status().as_u16(),
        cookie,
        json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}

/// The link that the first start has left.
fn link_of(data: &Path) -> Result<String, String> {
    let file: PathBuf = data.join("set-up-link");
    let url = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    of_link(url.trim())
}

fn of_link(url: &str) -> Result<String, String> {
    let link = url.split_once("/#join=").map(|(_, link)| link.to_owned());
    link.ok_or_else(|| format!("{url} is no link"))
}

fn text_at(json: &Value, name: &str) -> Result<String, String> {
    let text = json.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| {
        let beginning: String = json.to_string().chars().take(MOST_TOLD).collect();
        format!("there is no `{name}` in {beginning}")
    })
}
