//! Which gauges a third party may speak for, as the configuration grants it: `[[source]]` tables,
//! checked, and what follows from them. Pure.
//!
//! Where strangers are believed, a source without a table speaks for any gauge, as everything on such
//! a machine does; it corrects only what it said itself. Where they are not, what is not granted is
//! refused.

use std::{collections::HashMap, ops::Range};

use serde::Deserialize;
use shared::{
    findings::Findings,
    gauge::Parameter,
    ids::{GaugeId, SourceId},
};
use toml::Spanned;

/// A `[[source]]` table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    name: Spanned<String>,
    gauges: Vec<Spanned<String>>,
    parameters: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    corrects: bool,
}

/// An id of a gauge, or the beginning of some.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    One(String),
    Begins(String),
}

/// What one source may do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    gauges: Vec<Pattern>,
    /// `None`: whatever the gauges give.
    parameters: Option<Vec<Parameter>>,
    corrects: bool,
}

/// What every source may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    of: HashMap<SourceId, Grant>,
    believes_strangers: bool,
}

/// How far a source's word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It may not speak of that.
    Refused,
    /// It may, as anybody may.
    Taken,
    /// The configuration says so.
    Granted {
        /// Whether it also corrects what others said.
        corrects: bool,
    },
}

impl Grants {
    /// Nothing is granted to anybody.
    #[must_use]
    pub fn none(believes_strangers: bool) -> Self {
        Self {
            of: HashMap::new(),
            believes_strangers,
        }
    }

    /// Reads the tables; what is wrong is added to the findings.
    pub fn check(raw: &[RawSource], believes_strangers: bool, findings: &mut Findings<'_>) -> Self {
        let mut grants = Self::none(believes_strangers);
        for source in raw {
            grants.add(source, findings);
        }
        grants
    }

    fn add(&mut self, source: &RawSource, findings: &mut Findings<'_>) {
        let mut wrong = |span: Range<usize>, key: &str, why: String| {
            findings.add(Some(span), key, why);
        };
        let name = &source.name;
        if source.gauges.is_empty() {
            let why = "is empty; it lists ids of gauges, or beginnings of them like \"lg-00*\"";
            wrong(name.span(), "[[source]] gauges", why.to_owned());
        }
        let mut gauges = Vec::new();
        for text in &source.gauges {
            match pattern(text.get_ref()) {
                Ok(pattern) => gauges.push(pattern),
                Err(why) => wrong(text.span(), "[[source]] gauges", why),
            }
        }
        let mut parameters = Vec::new();
        for text in source.parameters.iter().flatten() {
            match text.get_ref().parse() {
                Ok(parameter) => parameters.push(parameter),
                Err(e) => {
                    let e: shared::gauge::NotAParameter = e;
                    wrong(text.span(), "[[source]] parameters", e.to_string());
                }
            }
        }
        let grant = Grant {
            gauges,
            parameters: source.parameters.as_ref().map(|_| parameters),
            corrects: source.corrects,
        };
        match name.get_ref().parse::<SourceId>() {
            Ok(id) if self.of.contains_key(&id) => {
                let why = format!("`{id}` has a table already; put its gauges into one");
                wrong(name.span(), "[[source]] name", why);
            }
            Ok(id) => {
                self.of.insert(id, grant);
            }
            Err(e) => wrong(name.span(), "[[source]] name", e.to_string()),
        }
    }

    /// All gauges to one source.
    #[cfg(test)]
    pub fn all_to(source: SourceId, corrects: bool) -> Self {
        let grant = Grant {
            gauges: vec![Pattern::Begins(String::new())],
            parameters: None,
            corrects,
        };
        Self {
            of: HashMap::from([(source, grant)]),
            believes_strangers: false,
        }
    }

    /// Whether whatever a source says is refused.
    #[must_use]
    pub fn refuses_all_of(&self, source: &str) -> bool {
        !self.believes_strangers && !self.of.contains_key(source)
    }

    /// How far a source's word on a gauge goes.
    #[must_use]
    pub fn word(&self, source: &SourceId, gauge: &GaugeId, parameter: Parameter) -> Word {
        match self.of.get(source) {
            None if self.believes_strangers => Word::Taken,
            Some(grant) if grant.covers(gauge, parameter) => Word::Granted {
                corrects: grant.corrects,
            },
            None | Some(_) => Word::Refused,
        }
    }
}

impl Grant {
    fn covers(&self, gauge: &GaugeId, parameter: Parameter) -> bool {
        let id = gauge.as_str();
        let matches = |pattern: &Pattern| match pattern {
            Pattern::One(one) => one == id,
            Pattern::Begins(begin) => id.starts_with(begin.as_str()),
        };
        let is_of_these = |these: &Vec<Parameter>| these.contains(&parameter);
        self.gauges.iter().any(matches) && self.parameters.as_ref().is_none_or(is_of_these)
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let (begin, is_begin) = match text.strip_suffix('*') {
        Some(begin) => (begin, true),
        None => (text, false),
    };
    let is_id = begin.parse::<GaugeId>().is_ok() || is_begin && begin.is_empty();
    match (is_id, is_begin) {
        (false, _) => Err(format!(
            "`{text}` is neither the id of a gauge nor the beginning of one with * at its end"
        )),
        (true, true) => Ok(Pattern::Begins(begin.to_owned())),
        (true, false) => Ok(Pattern::One(begin.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[derive(Deserialize)]
    struct File {
        source: Vec<RawSource>,
    }

    fn read(text: &str, believes_strangers: bool) -> Result<Grants, String> {
        let path = Path::new("a.toml");
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut findings = Findings::new(path, text);
        let grants = Grants::check(&file.source, believes_strangers, &mut findings);
        findings.finish(Some(grants)).map_err(|e| e.to_string())
    }

    fn word(grants: &Grants, source: &str, gauge: &str, parameter: Parameter) -> Word {
        let [source, gauge] = [source, gauge].map(str::to_owned);
        let source = source.parse().expect("id");
        grants.word(&source, &gauge.parse().expect("id"), parameter)
    }

    const TWO: &str = "[[source]]\nname = \"met-office\"\ngauges = [\"rg-*\", \"lg-0007\"]\n\
                       parameters = [\"rainfall-intensity\", \"depth\"]\n\
                       [[source]]\nname = \"port\"\ngauges = [\"tg-1*\"]\ncorrects = true\n";

    #[test]
    fn a_source_speaks_only_for_what_it_was_granted() {
        use Parameter::{Depth, RainfallIntensity, Stage};
        let granted = |corrects| Word::Granted { corrects };
        for believes_strangers in [true, false] {
            let grants = read(TWO, believes_strangers).expect("valid");
            let word = |source, gauge, parameter| word(&grants, source, gauge, parameter);
            assert_eq!(
                word("met-office", "rg-1", RainfallIntensity),
                granted(false)
            );
            assert_eq!(word("met-office", "lg-0007", Depth), granted(false));
            assert_eq!(word("met-office", "lg-00071", Depth), Word::Refused);
            assert_eq!(word("met-office", "lg-0007", Stage), Word::Refused);
            assert_eq!(word("port", "tg-10", Stage), granted(true));
            assert_eq!(word("port", "tg-2", Stage), Word::Refused);
            let stranger = if believes_strangers {
                Word::Taken
            } else {
                Word::Refused
            };
            assert_eq!(word("somebody", "rg-1", Depth), stranger);
        }
        let none = Grants::none(false);
        assert_eq!(word(&none, "met-office", "rg-1", Depth), Word::Refused);
        assert!(none.refuses_all_of("met-office"));
        let none = Grants::none(true);
        assert!(!none.refuses_all_of("met-office"));
        assert_eq!(word(&none, "met-office", "rg-1", Depth), Word::Taken);
    }

    #[test]
    fn a_table_that_grants_nothing_or_nobody_is_told_by_line() {
        for (text, told) in [
            (
                "name = \"A b\"\ngauges = [\"a\"]",
                "a.toml:2: [[source]] name",
            ),
            ("name = \"a\"\ngauges = []", "gauges: is empty"),
            (
                "name = \"a\"\ngauges = [\n\"l*g\"]",
                "a.toml:4: [[source]] gauges: `l*g` is neither",
            ),
            (
                "name = \"a\"\ngauges = [\"*\"]\nparameters = [\"flow\"]",
                "`flow` is not a parameter",
            ),
            (
                "name = \"a\"\ngauges = [\"*\"]\n[[source]]\nname = \"a\"\ngauges = [\"*\"]",
                "`a` has a table already",
            ),
        ] {
            let wrong = read(&format!("[[source]]\n{text}\n"), true).expect_err(text);
            assert!(wrong.contains(told), "{text}: {wrong}");
        }
    }
}
