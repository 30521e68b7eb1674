//! What a gauge's number means beside its parameter, in the words of configuration files: a value, or
//! a total that counts for ever. Pure.

use std::str::FromStr;

use shared::{findings::Findings, gauge::Parameter};
use toml::Spanned;

use super::{fields::parsed, registers::WordType, word::UnknownWord};
use crate::total::TotalSpec;

/// What each reading of a rain gauge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What fell since the last reading: the instrument begins anew when it is read.
    SinceLast,
    /// Everything that fell since the instrument began to count.
    Total,
}

impl FromStr for Meaning {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "since-last" => Ok(Self::SinceLast),
            "total" => Ok(Self::Total),
            _ => Err(UnknownWord::new("reading =", text, "since-last, total")),
        }
    }
}

/// The keys of a gauge that say so.
pub(super) struct Keys<'a> {
    pub reading: Option<&'a Spanned<String>>,
    pub wraps_at: Option<&'a Spanned<f64>>,
    /// How raw numbers become millimetres.
    pub scale: f64,
    pub offset: f64,
    pub word_type: Option<WordType>,
}

impl Keys<'_> {
    /// How the gauge counts, if it does.
    pub(super) fn total(
        &self,
        parameter: Parameter,
        place: &str,
        findings: &mut Findings<'_>,
    ) -> Option<TotalSpec> {
        let reading = self.reading?;
        let meaning = parsed::<Meaning, _>(reading, place, findings)?;
        if meaning == Meaning::SinceLast {
            return None;
        }
        if !parameter.is_rain() {
            let message = format!("reading = \"total\" is for rain, not for {parameter}");
            findings.add(Some(reading.span()), place, message);
        }
        if self.scale <= 0.0 {
            let message = "a total needs a positive scale";
            findings.add(Some(reading.span()), place, message);
        }
        let wrap = match self.wraps_at {
            None => self.word_type.and_then(WordType::wraps_at),
            Some(wraps_at) if *wraps_at.get_ref() > 0.0 => Some(*wraps_at.get_ref()),
            Some(wraps_at) => {
                let message = "wraps_at must be the count after the highest one, above 0";
                findings.add(Some(wraps_at.span()), place, message);
                None
            }
        };
        Some(TotalSpec {
            wrap: wrap.map(|raw| raw * self.scale),
            zero: self.offset,
        })
    }
}

/// What to look at where a rain gauge does not say what its readings are.
pub(super) fn rain_hint(gauge: &str, parameter: Parameter, is_said: bool) -> Option<String> {
    (parameter == Parameter::RainfallDepth && !is_said).then(|| {
        format!(
            "gauge {gauge}: each reading is taken for the rain since the last one; a register that \
             counts for ever needs reading = \"total\" (otherwise say reading = \"since-last\")"
        )
    })
}
