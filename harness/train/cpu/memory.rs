//! How much memory a training takes on the CPU, and how much there is.

use crate::train::TrainError;
use nt_scenario::network::{NetworkShape, Product};
use std::fs;
use std::path::Path;

/// Parameters are held twice, with their velocities, and in part packed for the products.
const COPIES_OF_PARAMETERS: f64 = 2.25;
/// Activations are held with what is packed of them; gradients take their place.
const COPIES_OF_ACTIVATIONS: f64 = 1.25;

/// Bytes that a training of this network takes with batches of this size, without its images. Measured: within a fifth of the
/// largest resident size, for widths .25 to 2 at 64 and 224 pixels.
pub fn bytes_of_training(shape: &NetworkShape, batch: usize) -> f64 {
    let before_pools = shape.layers.iter().map(|layer| {
        let product = match (layer.pool, layer.product) {
            (Some(_), Product::Conv(conv)) => conv.out_channels * conv.out_side() * conv.out_side(),
            (None, _) | (_, Product::Linear { .. }) => 0,
        };
        product + layer.average_pool.map_or(0, |_| layer.num_before_average_pool())
    });
    let after = shape.layers.iter().map(|layer| layer.num_activations());
    let an_image = 3 * shape.input * shape.input + before_pools.sum::<usize>() + after.sum::<usize>();
    let of_parameters = COPIES_OF_PARAMETERS * shape.num_parameters() as f64;
    4.0 * (of_parameters + COPIES_OF_ACTIVATIONS * batch as f64 * an_image as f64)
}

/// Checks that a training and its images fit into the memory that is free.
///
/// # Errors
/// [`TrainError::Memory`] says how much of both.
pub(super) fn check(shape: &NetworkShape, batch: usize, images: usize) -> Result<(), TrainError> {
    let needed = bytes_of_training(shape, batch) + (images * 3 * shape.input * shape.input) as f64;
    match available() {
        Some(available) if needed > available as f64 => {
            Err(TrainError::Memory { needed_gb: needed / 1e9, available_gb: available as f64 / 1e9 })
        }
        _ => Ok(()),
    }
}

/// Bytes of memory that this process may still take; `None` where the system does not say.
pub fn available() -> Option<u64> {
    let free = of_meminfo(&fs::read_to_string("/proc/meminfo").ok()?)?;
    // A container, a job of a cluster or a shell may be allowed less than the machine has.
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let allowed = of_groups(&groups, Path::new("/sys/fs/cgroup")).into_iter().chain(of_limit());
    Some(allowed.fold(free, u64::min))
}

/// What control groups of both versions still allow, from this process's own up to the root. `root` is where they are mounted.
fn of_groups(groups: &str, root: &Path) -> Vec<u64> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (top, names) = match controllers {
            "" => (root.to_owned(), &V2),
            of if of.split(',').any(|one| one == "memory") => (root.join("memory"), &V1),
            _ => continue,
        };
        // In a container the path is the host's, and the root is the container's own.
        let own = top.join(path.trim_start_matches('/'));
        found.extend(
            own.ancestors().take_while(|folder| folder.starts_with(&top)).filter_map(|folder| names.left(folder)),
        );
    }
    found
}

/// How a version of control groups calls the files of a group.
struct GroupFiles {
    most: &'static str,
    taken: &'static str,
    /// In `memory.stat`: what is only kept of files, and is given back when it is needed.
    of_files: &'static str,
}

const V1: GroupFiles =
    GroupFiles { most: "memory.limit_in_bytes", taken: "memory.usage_in_bytes", of_files: "total_inactive_file" };
const V2: GroupFiles = GroupFiles { most: "memory.max", taken: "memory.current", of_files: "inactive_file" };

impl GroupFiles {
    /// What a group still allows; `None` where it has no limit.
    fn left(&self, folder: &Path) -> Option<u64> {
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let of_files = stat.lines().find_map(|line| line.strip_prefix(self.of_files)?.trim().parse::<u64>().ok());
        let taken = read(self.taken)?.saturating_sub(of_files.unwrap_or(0));
        Some(read(self.most)?.saturating_sub(taken))
    }
}

/// What `ulimit -v` still allows.
fn of_limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let most: u64 = line.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: u64 = taken.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let threads = 1 + std::thread::available_parallelism().map_or(1, usize::from) as u64;
    Some(most.saturating_sub(1024 * kib).saturating_sub(threads * OF_A_THREAD))
}

/// Addresses that a thread takes beside what it uses: its stack, and what the allocator sets aside for it. `ulimit -v` counts them.
const OF_A_THREAD: u64 = 128 << 20;

fn of_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kib)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_scenario::Architecture;

    #[test]
    fn the_estimate_is_near_what_was_measured() {
        // Width, input, batch, and the largest resident size of a process that trains this and nothing else, MiB.
        let measured = [
            (0.25, 224, 64, 147.0),
            (0.5, 224, 64, 282.0),
            (1.0, 64, 32, 188.0),
            (1.0, 64, 64, 195.0),
            (1.0, 224, 8, 517.0),
            (1.0, 224, 32, 618.0),
            (1.0, 224, 64, 720.0),
            (2.0, 64, 8, 668.0),
        ];
        // What the program itself takes.
        const ITSELF: f64 = 25.0;
        for (width, input, batch, mib) in measured {
            let shape = NetworkShape::new(Architecture::AlexNet, width, input, 2);
            let estimate = bytes_of_training(&shape, batch) / f64::from(1 << 20) + ITSELF;
            assert!(
                (estimate / mib - 1.0).abs() < 0.2,
                "width {width}, {input} px, {batch} images: {estimate:.0} MiB against {mib}"
            );
        }
    }

    #[test]
    fn groups_of_both_versions_allow_what_they_have_not_given() {
        let root = tempfile::tempdir().unwrap();
        let group = |path: &str, files: [(&str, &str); 3]| {
            fs::create_dir_all(root.path().join(path)).unwrap();
            files.iter().for_each(|(name, text)| fs::write(root.path().join(path).join(name), text).unwrap());
        };
        group("", [("memory.max", "max\n"), ("memory.current", "5\n"), ("memory.stat", "")]);
        group(
            "jobs",
            [("memory.max", "1000\n"), ("memory.current", "700\n"), ("memory.stat", "anon 1\ninactive_file 200\n")],
        );
        group("jobs/mine", [("memory.max", "max\n"), ("memory.current", "1\n"), ("memory.stat", "")]);
        // What is kept of files counts as free.
        assert_eq!(of_groups("0::/jobs/mine\n", root.path()), [500]);
        assert!(of_groups("0::/elsewhere\n", root.path()).is_empty());
        group(
            "memory/job",
            [
                ("memory.limit_in_bytes", "90"),
                ("memory.usage_in_bytes", "60"),
                ("memory.stat", "total_inactive_file 10\n"),
            ],
        );
        assert_eq!(of_groups("7:cpu:/\n4:memory,hugetlb:/job\n", root.path()), [40]);
    }

    #[test]
    fn what_is_free_is_read_and_what_cannot_fit_is_refused_with_numbers() {
        assert_eq!(of_meminfo("MemTotal:  100 kB\nMemAvailable:    7 kB\n"), Some(7168));
        assert_eq!(of_meminfo("MemTotal:  100 kB\n"), None);
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
        let shape = NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000);
        assert!(check(&shape, 1, 1).is_ok());
        let error = check(&shape, 1 << 40, 1).unwrap_err().to_string();
        assert!(error.contains("GB of memory, and") && error.contains("training.batch"), "{error}");
    }
}
