//! Memory that a study's data take beside its networks, before anything is run.

use super::OpenStudy;

/// Bytes that a run in flight keeps of a test image: its number, label, five guesses and loss, and what they are made of.
const OF_A_RUN: f64 = 48.0;

/// Bytes that a report keeps of a test image and replicate: differences of two arms in double precision, with their copies.
const OF_A_REPLICATE: f64 = 24.0;

/// Memory that the images of a study take, bytes; a coarse estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct DataMemory {
    /// The target whose test images take most.
    pub target: String,
    /// Its test images.
    pub test_images: usize,
    /// Bytes to judge them.
    pub judging: f64,
    /// Training images of the largest training.
    pub train_images: usize,
    /// Bytes that these take, over all jobs at a time.
    pub training: f64,
}

impl OpenStudy {
    /// What the images of the largest target and of the largest training take, with so many jobs at a time.
    pub fn memory_of_data(&self, jobs: usize) -> Option<DataMemory> {
        let targets = self.scenario.targets.iter().enumerate();
        let (test_images, target) = targets.map(|(at, target)| (self.num_test_images(at), &target.name)).max()?;
        let train_images = self.plan.jobs.iter().map(|job| job.work.num_train_images()).max()?;
        let pixels = 3.0 * (self.scenario.model.input * self.scenario.model.input) as f64;
        let a_test_image = OF_A_RUN * jobs as f64 + OF_A_REPLICATE * f64::from(self.scenario.study.replicates);
        Some(DataMemory {
            target: target.clone(),
            test_images,
            judging: test_images as f64 * a_test_image,
            train_images,
            training: train_images as f64 * pixels * jobs as f64,
        })
    }
}
