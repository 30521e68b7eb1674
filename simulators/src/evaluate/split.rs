//! What storms of one folder are for: their names say it, and nothing is judged by what it was tuned or learnt
//! by.

/// What a storm is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// To learn from
    #[value(skip)]
    Train,
    /// To tune by
    Tune,
    /// To judge by
    Test,
}

impl Split {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Tune => "tune",
            Self::Test => "test",
        }
    }

    /// What a name says that its storm is for; most folders only say which are to be learnt from.
    pub(super) fn of(name: &str) -> Option<Self> {
        let all = [Self::Train, Self::Tune, Self::Test];
        all.into_iter().find(|split| name.starts_with(split.name()))
    }
}
