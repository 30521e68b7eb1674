//! Names in the city's own language and in English.

use serde::{Deserialize, Serialize};

/// A name in both languages of the page. `en` falls back to `zh` where it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Name {
    pub zh: String,
    pub en: String,
}

impl Name {
    /// From a layer's `name` and optional `name_en`.
    #[must_use]
    pub fn new(name: &str, name_en: Option<&str>) -> Self {
        Self {
            zh: name.to_owned(),
            en: name_en.unwrap_or(name).to_owned(),
        }
    }
}
