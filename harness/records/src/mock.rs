//! Records, manifests and audits with known content, for tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests build it")]

use std::collections::BTreeMap;

use nt_scenario::{JobId, Method, Metric, Role};

use crate::audit::{
    AUDIT_VERSION, Audit, Comparison, Distance, Distances, Match, MatchKind, MeasuredOn, Overlap, Similarity,
    TargetAudit,
};
use crate::manifest::{Completeness, Host, MANIFEST_VERSION, Manifest, PlannedJob};
use crate::measure::{Measure, Measured};
use crate::record::{RECORD_VERSION, RunRecord, Status};

/// A job by number.
pub fn job(number: u64) -> JobId {
    format!("{number:032x}").parse().unwrap()
}

/// A plain record of that job.
pub fn record(number: u64) -> RunRecord {
    RunRecord {
        schema_version: RECORD_VERSION,
        job: job(number),
        name: format!("shapes-b/small/near/frozen(3,3)/r{number}"),
        study: "mock".to_owned(),
        role: Role::Final,
        source: Some("near".to_owned()),
        similarity: Some("similar".to_owned()),
        target: Some("shapes-b".to_owned()),
        size: Some("small".to_owned()),
        treatment: "frozen".to_owned(),
        copied: 3,
        frozen: 3,
        method: Method::Training,
        replicate: number as u32,
        run: 0,
        budget: 1.0,
        learning_rate: Some(0.01),
        l2: None,
        setting_on_edge: false,
        numerics: "cpu-f32-1".to_owned(),
        status: Status::Done,
        metrics: vec![Measured::new(Measure::Test(Metric::Top1), 0.5 + 1e-6 * number as f64, 640)],
        files: Vec::new(),
        test_openings: 1,
        wall_seconds: 1.25,
    }
}

/// A manifest of three jobs.
pub fn manifest() -> Manifest {
    let planned = |number| PlannedJob {
        job: job(number),
        name: format!("job {number}"),
        role: Role::Final,
        line: 12,
        multiply_accumulates: 1_000_000 * (number + 1),
        record: String::new(),
    };
    Manifest {
        schema_version: MANIFEST_VERSION,
        study: "mock".to_owned(),
        versions: BTreeMap::from([("nt".to_owned(), "0.1.0".to_owned())]),
        numerics: "cpu-f32-1".to_owned(),
        host: Host { system: "linux x86_64".to_owned(), device: "cpu".to_owned(), cores: 2, jobs: 2, threads: 1 },
        seed: 2026,
        data: BTreeMap::new(),
        parameters: BTreeMap::new(),
        preregistration: "00".to_owned(),
        plan: (0..3).map(planned).collect(),
        completeness: Completeness::default(),
        withheld: Vec::new(),
        test_openings: 0,
        result_digest: String::new(),
        has_ended: false,
        drawn_of: String::new(),
        files: Vec::new(),
        stripped: Vec::new(),
    }
}

/// An audit of the mock study: nothing overlaps, and the second source less the first lies at this distance.
pub fn audit(difference: f64, standard_error: f64) -> Audit {
    let distance = |value: f64| Distance { value, plug_in: value, low: Some(value - 0.1), high: Some(value + 0.1) };
    let distances = |value: f64| Distances {
        proxy_a: distance(value),
        mmd_squared: distance(value / 10.0),
        mmd_p_value: 0.001,
        frechet: distance(3.0 * value),
        coral: distance(value / 100.0),
    };
    let similarity = |source: &str, measured_on, value: Option<f64>| Similarity {
        source: source.to_owned(),
        measured_on,
        distances: value.map(distances),
    };
    let overlap = |source: Option<&str>| Overlap {
        source: source.map(str::to_owned),
        num_train_images: 1600,
        matches: Vec::new(),
    };
    Audit {
        schema_version: AUDIT_VERSION,
        basis: "00".to_owned(),
        measured_by: "an untrained network".to_owned(),
        perceptual_threshold: 12,
        targets: vec![TargetAudit {
            target: "shapes-b".to_owned(),
            num_test_images: 640,
            clusters: Vec::new(),
            look_alikes: Vec::new(),
            overlaps: vec![overlap(None), overlap(Some("near")), overlap(Some("far"))],
            num_images: Some(512),
            similarities: vec![
                similarity("near", MeasuredOn::OwnImages, Some(0.5)),
                similarity("far", MeasuredOn::OwnImages, Some(0.5 + difference)),
                similarity("random", MeasuredOn::Nothing, None),
            ],
            comparisons: vec![Comparison {
                first: "near".to_owned(),
                second: "far".to_owned(),
                difference,
                standard_error,
                degrees_of_freedom: 15.0,
            }],
        }],
    }
}

/// Marks the first `count` test images as found among these training images.
pub fn with_matches(mut audit: Audit, source: Option<&str>, kind: MatchKind, count: u32) -> Audit {
    let found = |test_id| Match {
        kind,
        distance: 0,
        test_id,
        test: format!("test/{test_id}.png"),
        train: format!("train/{test_id}.png"),
    };
    for overlap in &mut audit.targets[0].overlaps {
        if overlap.source.as_deref() == source {
            overlap.matches = (0..count).map(found).collect();
        }
    }
    audit
}
