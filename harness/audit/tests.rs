//! Overlap and similarity on data whose answer is known.

use super::search::{Found, find};
use super::{Pool, Pools, audit, keep};
use crate::data::synthetic::{Synthetic, SyntheticSpec};
use crate::data::{DataError, Dataset, EndOfTraining, Fingerprint, Identified, Inputs, Split, part};
use nt_analysis::audit::{Closeness, Confirmation, failed_gates, order_findings};
use nt_records::Audit;
use nt_records::audit::{MatchKind, MeasuredOn};
use nt_scenario::mock::TestScenario;
use nt_scenario::{Data, Scenario, Standardisation, vocabulary};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shapes as a target, other shapes of the same look and shapes under the microscope as sources.
fn text() -> String {
    TestScenario::new("audited")
        .study("seed", "3")
        .synthetic("shapes", 80, 20)
        .domain("micrographs", "1.0", 80, 20)
        .source(
            "near",
            r#"
data = "shapes"
classes = ["arrow", "heart", "star"]
similarity = "similar"
train_per_class = 20
steps = 5
"#,
        )
        .source(
            "far",
            r#"
data = "micrographs"
classes = ["arrow", "heart"]
similarity = "dissimilar"
train_per_class = 20
steps = 5
"#,
        )
        .source("scale", "kind = \"mean-and-variance\"\nof = \"far\"\nsimilarity = \"scale-only\"")
        .source("self", "kind = \"selffer\"")
        .source("untrained", "kind = \"untrained\"")
        .target("shapes", "data = \"shapes\"\nclasses = [\"star\", \"ring\", \"cross\"]\nvalidation_fraction = 0.25")
        .size("small", "train_per_class = 8\nsteps = 5")
        .treatment("frozen", "copied = 3\nfrozen = \"copied\"")
        .training("batch", "4")
        .text()
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text, "audited.toml").unwrap_or_else(|faults| panic!("{faults}"))
}

/// (class, index) of the test side → (class, index) of the training side, and whether mirrored.
type PlantedCopy = ((usize, usize), (usize, usize), bool);

/// The built-in domains of a scenario, some pictures replaced by others.
struct Planted {
    inner: Synthetic,
    copies: Vec<PlantedCopy>,
}

impl Dataset for Planted {
    fn classes(&self) -> &[String] {
        self.inner.spec().classes.as_slice()
    }

    fn side(&self) -> usize {
        self.inner.spec().side
    }

    fn num_images(&self, split: Split, _class: usize) -> usize {
        self.inner.per_class(split)
    }

    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        let copy = self.copies.iter().find(|(test, _, _)| split == Split::Test && *test == (class, index));
        let Some(&(_, (class, index), is_mirrored)) = copy else {
            self.inner.render(split, class, index, pixels);
            return Ok(());
        };
        self.inner.render(Split::Train, class, index, pixels);
        if is_mirrored {
            for row in pixels.chunks_exact_mut(3 * self.side()) {
                let turned: Vec<u8> = row.chunks_exact(3).rev().flatten().copied().collect();
                row.copy_from_slice(&turned);
            }
        }
        Ok(())
    }

    fn digest(&self) -> [u8; 32] {
        self.inner.digest()
    }

    fn standardisation(&self) -> Standardisation {
        self.inner.standardisation()
    }
}

struct Domains(BTreeMap<String, Arc<dyn Dataset>>);

impl Domains {
    fn of(scenario: &Scenario, copies: &[PlantedCopy]) -> Self {
        let open = |(name, data): (&String, &Data)| {
            let Data::Synthetic(data) = data else { panic!("{name} is built in") };
            let spec = SyntheticSpec {
                look_distance: data.look_distance,
                label: data.label,
                classes: vocabulary::levels(data.label).iter().map(|&name| name.to_owned()).collect(),
                seed: data.seed,
                side: scenario.model.input,
                train_per_class: data.train_per_class,
                test_per_class: data.test_per_class,
            };
            let planted = Planted { inner: Synthetic::new(spec).unwrap(), copies: copies.to_vec() };
            (name.clone(), Arc::new(planted) as Arc<dyn Dataset>)
        };
        Self(scenario.data.iter().map(open).collect())
    }
}

impl Pools for Domains {
    fn pool(&self, data: &str, classes: Option<&[String]>, test_per_class: Option<usize>) -> Result<Pool, DataError> {
        Ok(Arc::new(part(Arc::clone(&self.0[data]), classes.unwrap_or_default(), test_per_class)?))
    }

    fn digest(&self, data: &str) -> [u8; 32] {
        self.0[data].digest()
    }
}

fn audited(text: &str) -> (Audit, nt_analysis::Study) {
    let scenario = scenario(text);
    let study = nt_analysis::Study::from_scenario(&scenario);
    (audit(&scenario, &Domains::of(&scenario, &[])).unwrap(), study)
}

#[test]
fn every_kind_of_source_is_measured_on_what_its_network_saw() {
    let (audit, study) = audited(&text());
    let target = &audit.targets[0];
    // The source shares a class with the target, so that both must fit into its 80 pictures: 40 and 40.
    assert_eq!(target.num_images, Some(120));
    let on: Vec<_> =
        target.similarities.iter().map(|s| (s.source.as_str(), &s.measured_on, s.distances.is_some())).collect();
    let base = MeasuredOn::ImagesOf("far".to_owned());
    assert_eq!(
        on,
        [
            ("near", &MeasuredOn::OwnImages, true),
            ("far", &MeasuredOn::OwnImages, true),
            ("scale", &base, true),
            ("self", &MeasuredOn::TheTarget, false),
            ("untrained", &MeasuredOn::Nothing, false)
        ]
    );
    assert_eq!(target.similarity("scale").unwrap().distances, target.similarity("far").unwrap().distances);
    let proxy = |source| target.similarity(source).unwrap().distances.as_ref().unwrap().proxy_a;
    assert!(proxy("near").value < 0.8 && proxy("far").value > 1.8, "{:?} {:?}", proxy("near"), proxy("far"));
    let standings: Vec<_> = order_findings(target, &study).iter().map(|finding| finding.standing).collect();
    assert_eq!(standings, [Confirmation::AsDeclared]);
    assert!(failed_gates(&audit, &study).is_empty());
}

#[test]
fn words_that_are_the_wrong_way_round_are_found() {
    let swapped =
        text().replace("\"similar\"", "\"x\"").replace("\"dissimilar\"", "\"near\"").replace("\"x\"", "\"far\"");
    assert_eq!((Closeness::of("far"), Closeness::of("scale-only")), (Some(Closeness::Far), None));
    let (audit, study) = audited(&swapped);
    let findings = order_findings(&audit.targets[0], &study);
    assert_eq!(findings[0].standing, Confirmation::Reversed);
    assert!(!failed_gates(&audit, &study).is_empty());
}

#[test]
fn planted_copies_are_found_with_their_places_exact_and_mirrored() {
    let scenario = scenario(&text());
    // Classes by their number in the domain: star, ring and cross are the target's.
    let class =
        |name: &str| vocabulary::levels(vocabulary::Label::Shape).iter().position(|level| *level == name).unwrap();
    let copies = [((class("star"), 3), (class("ring"), 11), false), ((class("cross"), 5), (class("arrow"), 7), true)];
    let audit = audit(&scenario, &Domains::of(&scenario, &copies)).unwrap();
    let target = &audit.targets[0];
    let own = target.overlap(None).unwrap();
    let [exact] = own.matches.as_slice() else { panic!("{:?}", own.matches) };
    assert_eq!((exact.kind, exact.distance), (MatchKind::Exact, 0));
    assert_eq!((exact.test.as_str(), exact.train.as_str()), ("test/star/3", "train/ring/11"));
    // Predictions know an image by its number when all classes of the domain stand one after another.
    assert_eq!(exact.test_id as usize, 20 * class("star") + 3);
    let near = target.overlap(Some("near")).unwrap();
    let [mirrored] = near.matches.as_slice() else { panic!("{:?}", near.matches) };
    assert_eq!((mirrored.kind, mirrored.train.as_str()), (MatchKind::Mirrored, "train/arrow/7"));
    assert_eq!((near.num_exact(), near.num_candidates(), near.num_train_images), (0, 1, 240));
    assert_eq!(target.overlap(Some("far")).unwrap().matches, []);
    assert!(target.overlap(Some("self")).is_none());
}

#[test]
fn an_audit_is_kept_until_its_data_or_its_seed_change() {
    let dir = tempfile::tempdir().unwrap();
    let kept = |text: &str| {
        let scenario = scenario(text);
        keep(&scenario, &Domains::of(&scenario, &[]), dir.path()).unwrap()
    };
    assert!(kept(&text()));
    let before = std::fs::read(dir.path().join("audit.json")).unwrap();
    assert!(!kept(&text().replace("\"similar\"", "\"close\"")), "a word is not measured");
    assert!(!kept(&text().replace("steps = 5", "steps = 6")));
    assert!(kept(&text().replace("seed = 3", "seed = 4")));
    assert!(kept(&text()));
    assert!(std::fs::read(dir.path().join("audit.json")).unwrap() == before, "the same bytes come out again");
    std::fs::write(dir.path().join("audit.json"), "damaged").unwrap();
    assert!(kept(&text()));
}

#[test]
fn sources_without_images_enough_are_told_and_not_measured() {
    let (audit, study) = audited(&text().replace("train_per_class = 80", "train_per_class = 20"));
    assert_eq!(audit.targets[0].num_images, None);
    assert!(audit.targets[0].similarities.iter().all(|similarity| similarity.distances.is_none()));
    assert_eq!(order_findings(&audit.targets[0], &study), []);
}

#[test]
fn hashing_the_test_side_opens_nothing() {
    #[derive(Default)]
    struct Finished(std::cell::Cell<u32>);
    impl EndOfTraining for Finished {
        fn count_opening(&self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let scenario = scenario(&text());
    let pool =
        Domains::of(&scenario, &[]).pool("shapes", Some(&["star".to_owned(), "ring".to_owned()]), Some(5)).unwrap();
    let fingerprints = pool.1.fingerprints().unwrap();
    let finished = Finished::default();
    let images = pool.1.open(&finished).unwrap();
    assert_eq!(finished.0.get(), 1);
    let ids: Vec<u32> = fingerprints.iter().map(|image| image.id).collect();
    assert_eq!(ids, Inputs::Images(&images).ids());
    assert_eq!(fingerprints[7].fingerprint, Fingerprint::of(images.pixels(7)));
}

#[test]
fn of_several_matches_the_same_pixels_come_first_and_then_the_nearest() {
    let picture =
        |value: usize| -> Vec<u8> { (0..32 * 32 * 3).map(|at| ((at * at / 7 + value * at) % 251) as u8).collect() };
    let image = |id, pixels: &[u8]| Identified { id, fingerprint: Fingerprint::of(pixels) };
    let mut nearly = picture(1);
    nearly[0] ^= 1;
    let train = [image(0, &picture(9)), image(1, &nearly), image(2, &picture(1)), image(3, &picture(1))];
    let found = find(&[image(40, &picture(1)), image(41, &picture(5))], &train[..], 12);
    assert_eq!(found, [Found { test_id: 40, train_id: 2, kind: MatchKind::Exact, distance: 0 }]);
    let nearest = find(&[image(40, &picture(1))], &train[..2], 12);
    assert!(
        matches!(nearest[..], [Found { train_id: 1, kind: MatchKind::Perceptual, distance: 0, .. }]),
        "{nearest:?}"
    );
}

#[test]
fn test_images_that_look_alike_form_groups_of_any_size() {
    let image = |id: u32, level: u8| {
        // Stripes whose first `level` of 64 columns are dark, so that near levels look alike.
        let pixels: Vec<u8> = (0..64 * 64)
            .flat_map(|at| [if at % 64 < usize::from(level) { 0 } else { (at % 64 * 3) as u8 }; 3])
            .collect();
        Identified { id, fingerprint: Fingerprint::of(&pixels) }
    };
    let images = [image(3, 0), image(5, 40), image(8, 0), image(9, 63), image(11, 40), image(12, 40)];
    assert_eq!(super::search::groups(&images, 0), [vec![3, 8], vec![5, 11, 12]]);
    assert_eq!(super::search::groups(&images[..2], 0), Vec::<Vec<u32>>::new());
}
