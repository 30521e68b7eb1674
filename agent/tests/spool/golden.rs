//! What version 1 of the spool writes, byte for byte: `tests/golden` holds what was written when
//! the version was frozen. A file there never changes; a new form is a new version beside it.

use std::{fmt::Write as _, fs, path::Path};

use agent::{
    config::{SpoolConfig, WhenFull},
    spool::{Spool, draft::Draft, frame, seqs::SeqSet},
};
use shared::{
    gauge::Parameter,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    value::Value,
};

use crate::on_disk::OnDisk;

/// Bytes as text that a reader can compare: 32 a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |n, d| n * 16 + d));
    pairs.map(|n| u8::try_from(n).unwrap()).collect()
}

/// Compares what is written with a golden file, and returns what the file holds.
fn golden(name: &str, written: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    let Ok(golden) = fs::read_to_string(&path) else {
        panic!("{} is missing; it would hold\n{written}", path.display());
    };
    assert_eq!(written, golden, "{name}: the bytes on disk have changed");
    golden
}

fn observation(parameter: Parameter, quality: Quality, tests: TestSet) -> Observation {
    Observation {
        gauge: "lg-0001".parse().unwrap(),
        parameter,
        observed_at: Timestamp::from_millis(1_784_622_000_000),
        value: (quality != Quality::Missing).then(|| Value::from_milli(-1_250)),
        quality,
        tests,
    }
}

/// Every parameter, quality flag and test that there was when version 1 was frozen, and the
/// longest and largest of everything.
fn of_every_kind() -> Vec<Observation> {
    let parameters = [
        Parameter::Depth,
        Parameter::Stage,
        Parameter::WaterLevel,
        Parameter::RainfallDepth,
        Parameter::RainfallIntensity,
    ];
    let qualities = [
        Quality::Pass,
        Quality::NotEvaluated,
        Quality::Suspect,
        Quality::Fail,
        Quality::Missing,
    ];
    let tests = [
        Test::GrossRange,
        Test::Spike,
        Test::RateOfChange,
        Test::FlatLine,
        Test::Sentinel,
        Test::Clock,
    ];
    let (depth, none) = (Parameter::Depth, TestSet::NONE);
    let mut all = Vec::new();
    all.extend(parameters.map(|p| observation(p, Quality::Pass, none)));
    all.extend(qualities.map(|q| observation(depth, q, none)));
    all.extend(tests.map(|t| observation(depth, Quality::Suspect, none.with(t))));
    let every_test = tests.into_iter().fold(none, TestSet::with);
    all.push(Observation {
        gauge: "g".repeat(63).parse().unwrap(),
        observed_at: Timestamp::from_millis(i64::MIN),
        value: Some(Value::from_milli(i64::MAX)),
        ..observation(Parameter::WaterLevel, Quality::Fail, every_test)
    });
    all
}

#[test]
fn frames() {
    for (name, batch) in [("empty", vec![]), ("every-kind", of_every_kind())] {
        let written = frame::encode(&batch).unwrap();
        let golden = golden(&format!("frame-v1-{name}.hex"), &hex(&written));
        assert_eq!(frame::decode(&unhex(&golden)), Ok(batch), "{name}");
    }
}

#[test]
fn a_draft() {
    let disk = OnDisk::new();
    let (mut draft, _) = Draft::open(disk.path()).unwrap();
    let kinds = of_every_kind();
    for observation in kinds.iter().take(2) {
        let frame = frame::encode(std::slice::from_ref(observation)).unwrap();
        draft.add(&frame).unwrap();
    }
    drop(draft);
    let files = ["draft-a", "draft-b"].map(|name| fs::read(disk.path().join(name)).unwrap());
    let written = files.iter().find(|bytes| !bytes.is_empty()).unwrap();
    let golden = golden("draft-v1.hex", &hex(written));

    let disk = OnDisk::new();
    fs::write(disk.path().join("draft-a"), unhex(&golden)).unwrap();
    let (_, left) = Draft::open(disk.path()).unwrap();
    assert_eq!(left, kinds.get(..2).unwrap());
}

/// What stands in the store: each key, and what it holds. The files around it are sled's own, and
/// the mark, which may be missing, has no form to keep.
#[test]
fn a_store() {
    let disk = OnDisk::new();
    let open = |disk: &OnDisk| {
        let config = SpoolConfig {
            max_bytes: 16 * 1024 * 1024,
            when_full: WhenFull::DropOldest,
        };
        Spool::open(Box::new(disk.engine()), config, fastrand::Rng::new()).unwrap()
    };
    let batch = of_every_kind().into_iter().take(1).collect::<Vec<_>>();
    let mut spool = open(&disk);
    spool.append(&batch).unwrap();
    spool.append(&[]).unwrap();
    spool.append(&batch).unwrap();
    spool.commit(Timestamp::default()).unwrap();
    spool.release(&SeqSet::from_iter([2, 3]));
    drop(spool);
    let pairs = disk.raw().iter().map(|pair| pair.unwrap());
    let written = pairs.fold(String::new(), |text, (key, value)| {
        text + &hex(&key) + &hex(&value)
    });
    golden("store-v1.hex", &written);
}
