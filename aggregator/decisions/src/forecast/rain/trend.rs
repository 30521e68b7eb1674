//! Where rain at one place is in its course: whether it still grows, and how long it has lasted.

/// Once rain has fallen to this share of its peak, the peak is over, if it was one of so many mm/h.
const PAST_PEAK: f64 = 0.7;
const LEAST_PEAK_MM_PER_H: f64 = 5.0;

/// A peak is looked for in so many minutes.
const PEAK_MINUTES: u32 = 60;

/// It has lasted since it was this share as strong as it is.
const HALF_AS_STRONG: f64 = 0.5;

/// It grows by at most this factor a minute.
const GROWTH: f64 = 1.12;

/// Where rain is in its course.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    /// Whether its peak is over.
    pub is_over: bool,
    /// How long it has been at least half as strong as now, or how long ago its peak was.
    pub lasted_minutes: f64,
    /// By what factor it grew a minute in the last ten; 1 where it did not.
    pub growth: f64,
}

impl Trend {
    /// Of rain that was so much so many minutes ago, where that is known.
    pub fn of(rain: impl Fn(u32) -> Option<f64>) -> Self {
        let newest = (0..3).find_map(&rain).unwrap_or(0.0);
        let seen = (0..PEAK_MINUTES).filter_map(|ago| Some((ago, rain(ago)?)));
        let (peak_ago, peak) = seen
            .reduce(|peak, one| if one.1 > peak.1 { one } else { peak })
            .unwrap_or_default();
        let is_over = peak >= LEAST_PEAK_MM_PER_H && newest < PAST_PEAK * peak;
        let is_as_strong =
            |ago: &u32| rain(*ago).is_none_or(|before| before >= HALF_AS_STRONG * newest);
        let strong_for = (0..PEAK_MINUTES).take_while(is_as_strong).count();
        Self {
            is_over,
            lasted_minutes: if is_over {
                f64::from(peak_ago)
            } else {
                strong_for as f64
            },
            growth: growth(rain),
        }
    }
}

/// By what factor a minute rain grew in the last ten; 1 where it did not.
fn growth(rain: impl Fn(u32) -> Option<f64>) -> f64 {
    let mean = |from: u32| {
        let minutes = (from..from + 5).filter_map(&rain);
        let (sum, count) = minutes.fold((0.0, 0.0), |(sum, count), mm| (sum + mm, count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    let (Some(now), Some(before)) = (mean(0), mean(5)) else {
        return 1.0;
    };
    ((now + 1.0) / (before + 1.0)).powf(0.2).clamp(1.0, GROWTH)
}
