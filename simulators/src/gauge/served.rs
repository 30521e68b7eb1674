//! The served log: every reading that left a gauge, in the order in which it left.
//!
//! Kept in memory for the checks and, if asked for, as a CSV file for people
//! (`gauge,served_at_ms,value_milli,sentinel`).

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::{clock::real_now, ids::GaugeId, time::Timestamp};

/// One reading that left a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Storm time.
    pub at: Timestamp,
    /// Real time, which tells what a killed program can have held.
    pub real: Timestamp,
    /// Thousandths of the parameter's unit, after quantisation.
    pub milli: i64,
}

/// All readings served, per gauge.
#[derive(Debug, Default)]
pub struct ServedLog {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    served: BTreeMap<GaugeId, Vec<Served>>,
    count: u64,
    file: Option<BufWriter<File>>,
}

impl ServedLog {
    /// A log that is also written to `path`.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn with_file(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "gauge,served_at_ms,value_milli,sentinel")?;
        let inner = Inner {
            file: Some(file),
            ..Inner::default()
        };
        Ok(Self {
            inner: Mutex::new(inner),
        })
    }

    /// Appends one reading; `sentinel` says in the file that it was the gauge's error value.
    pub fn push(&self, gauge: &GaugeId, at: Timestamp, milli: i64, sentinel: bool) {
        let mut inner = self.lock();
        let reading = Served {
            at,
            real: real_now(),
            milli,
        };
        match inner.served.get_mut(gauge) {
            Some(list) => list.push(reading),
            None => {
                inner.served.insert(gauge.clone(), vec![reading]);
            }
        }
        inner.count += 1;
        if let Some(file) = &mut inner.file {
            let flag = u8::from(sentinel);
            // The memory is the truth; the file serves people and may stay short on a full disk.
            let _ = writeln!(file, "{gauge},{},{milli},{flag}", at.as_millis());
        }
    }

    /// Readings served so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// When a gauge gave its last reading, in real time.
    #[must_use]
    pub fn last_of(&self, gauge: &GaugeId) -> Option<Timestamp> {
        let inner = self.lock();
        inner.served.get(gauge)?.last().map(|served| served.real)
    }

    /// Everything, per gauge in the order served.
    #[must_use]
    pub fn all(&self) -> BTreeMap<GaugeId, Vec<Served>> {
        self.lock().served.clone()
    }

    /// Writes what is buffered to the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&self) -> io::Result<()> {
        self.lock().file.as_mut().map_or(Ok(()), BufWriter::flush)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic between two pushes leaves whole entries only.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_order_per_gauge_in_memory_and_in_the_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("served.csv");
        let log = ServedLog::with_file(&path).expect("file");
        let gauge: GaugeId = "lg-1".parse().expect("id");
        log.push(&gauge, Timestamp::from_millis(5), 12, false);
        log.push(&gauge, Timestamp::from_millis(9), -32_768, true);
        log.flush().expect("flush");
        assert_eq!(log.count(), 2);
        assert!(log.last_of(&gauge).is_some());
        let kept = log.all().remove(&gauge).unwrap_or_default();
        let kept: Vec<_> = kept.iter().map(|s| s.milli).collect();
        assert_eq!(kept, [12, -32_768]);
        let text = std::fs::read_to_string(path).expect("text");
        assert_eq!(
            text,
            "gauge,served_at_ms,value_milli,sentinel\nlg-1,5,12,0\nlg-1,9,-32768,1\n"
        );
    }
}
