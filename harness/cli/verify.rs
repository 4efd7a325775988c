//! `nt verify`.

use super::Failure;
use super::check::examined;
use super::device::Device;
use super::output::say;
use super::run::{CacheDir, Machine, failure, interrupt_flag};
use super::study_folder;
use crate::run::{Difference, OpenStudy, Progress, StudyError, Verification, verify};
use nt_disk::shell_word;
use nt_records::ledger::read_records;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Verify {
    /// A study's folder.
    dir: PathBuf,
    /// Compare this number of jobs, spread over the plan, and run only what they need [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// The folder that the scenario's relative paths start from.
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    base: PathBuf,
    /// The device to train on, which must be the one that the study was run on.
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    cache: CacheDir,
}

impl Verify {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        self.device.hand_over()?;
        let manifest = study_folder::manifest(&self.dir)?;
        let scenario = study_folder::scenario(&self.dir)?;
        // Told before hours of training. What can be reproduced is compared all the same.
        let found_on_disk = examined(&self.dir)?;
        let (records, _) = read_records(&self.dir).map_err(|error| Failure::system(&error))?;
        let (options, backend) = self.machine.open(&self.device, &scenario)?;
        let study =
            OpenStudy::open(scenario, &self.base, &self.cache.path(), backend).map_err(|error| {
                let StudyError::Faults(faults) = error else { return failure(&error) };
                Failure::Input(format!(
                    "{faults}\nwhere files are not found: relative paths start from {}, and `nt verify {} --base DIR` names another \
                     folder",
                    if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base }.display(),
                    shell_word(&self.dir)
                ))
            })?;
        if let Some(fault) = other_arithmetic(&manifest.numerics, &study.plan.numerics) {
            return Err(Failure::Input(fault));
        }
        let interrupt = interrupt_flag();
        let sample = self.sample.map(|sample| sample as usize);
        let found = verify(&study, (&records, &manifest), sample, &options, &Progress::on_stderr(), &interrupt)
            .map_err(|error| failure(&error))?;
        if found.interrupted {
            return Err(Failure::Interrupted("stopped; nothing was compared".to_owned()));
        }
        let (name, digest) = (&manifest.study, &manifest.result_digest);
        let is_sound = found_on_disk.damage.is_empty() && found_on_disk.unreadable.is_empty();
        match found.differences.first() {
            None if !is_sound => Err(Failure::Incomplete(format!(
                "{name}: {} jobs gave the same results, but the folder is damaged: {}",
                found.compared,
                match found_on_disk.damage.len() + found_on_disk.unreadable.len() {
                    1 => "one file or record is not as it was written".to_owned(),
                    count => format!("{count} files or records are not as they were written"),
                }
            ))),
            None if found_on_disk.num_uncounted > 0 => Err(Failure::Incomplete(format!(
                "{name}: {} jobs gave the same results, bit for bit; the run has not ended, so that manifest.json has no digest of all \
                 records: `nt run SCENARIO --out {}` goes on with it",
                found.compared,
                shell_word(&self.dir)
            ))),
            None if found.not_run > 0 => Err(Failure::Incomplete(format!(
                "{name}: {} jobs gave the same results, bit for bit; {} are not run yet, and `nt run SCENARIO --out {}` runs them",
                found.compared,
                found.not_run,
                shell_word(&self.dir)
            ))),
            None => {
                say(format_args!(
                    "{name}: {} jobs gave the same results, bit for bit; result digest {digest}",
                    found.compared
                ))?;
                Ok(())
            }
            Some(_) => Err(Failure::Incomplete(in_words(name, &found))),
        }
    }
}

/// What differs: at most twenty jobs by name.
fn in_words(study: &str, found: &Verification) -> String {
    const MOST_NAMED: usize = 20;
    let differing = found.differences.len();
    let are = if found.compared == 1 { "job" } else { "jobs" };
    let mut text = format!("{study}: {differing} of {} {are} differ from the records:", found.compared);
    for Difference { job, what } in found.differences.iter().take(MOST_NAMED) {
        text.push_str(&format!("\n  {job}: {what}"));
    }
    if differing > MOST_NAMED {
        text.push_str(&format!("\n  … and {} more", differing - MOST_NAMED));
    }
    text + "\n  where the data, the scenario and the version of nt are those of the study, this is a fault of nt or of the machine"
}

/// What is wrong if the records come from another backend or GPU than the one asked for: no result could be the same. A
/// newer version of the same backend is accepted, because verification exists to find its differences.
fn other_arithmetic(recorded: &str, asked: &str) -> Option<String> {
    let kind = |numerics: &str| numerics.split_once('-').map_or(numerics, |(backend, _)| backend).to_owned();
    let is_other = kind(recorded) != kind(asked) || (kind(recorded) == "cuda" && recorded != asked);
    is_other.then(|| {
        format!(
            "the study was computed with {recorded}, but this run would compute with {asked}; give --device as it was \
             run, on the same kind of machine"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_gpu_are_not_compared_with_the_cpus() {
        let gpu = "cuda-f32-1 NVIDIA H200 driver-13000 cudnn-91300 cublas-130000";
        assert!(other_arithmetic(gpu, "cpu-f32-1").is_some_and(|fault| fault.contains("--device")));
        assert!(other_arithmetic("cpu-f32-1", gpu).is_some());
        assert!(other_arithmetic(gpu, &gpu.replace("H200", "H100")).is_some());
        assert_eq!(other_arithmetic(gpu, gpu), None);
        assert_eq!(other_arithmetic("cpu-f32-1", "cpu-f32-1-winograd-1"), None);
    }
}
