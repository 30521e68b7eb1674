//! What the machine itself is doing meanwhile.

use procfs::Current as _;

/// Programs that are running or waiting to run, one minute's mean; 0 where the system does not tell.
pub fn load_average() -> f64 {
    procfs::LoadAverage::current().map_or(0.0, |load| f64::from(load.one))
}
