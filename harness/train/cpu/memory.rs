//! How much memory a training takes on the CPU, and how much there is.

use crate::train::TrainError;
use nt_scenario::network::{NetworkShape, Product};
use std::fs;

/// Parameters are held twice, with their velocities, and in part packed for the products.
const COPIES_OF_PARAMETERS: f64 = 2.25;
/// Activations are held with what is packed of them; gradients take their place.
const COPIES_OF_ACTIVATIONS: f64 = 1.25;

/// Bytes that a training of this network takes with batches of this size, without its images. Measured: within a fifth of the
/// largest resident size, for widths .25 to 2 at 64 and 224 pixels.
pub fn bytes_of_training(shape: &NetworkShape, batch: usize) -> f64 {
    let before_pools = shape.layers.iter().map(|layer| match (layer.pool, layer.product) {
        (Some(_), Product::Conv(conv)) => conv.out_channels * conv.out_side() * conv.out_side(),
        (None, _) | (_, Product::Linear { .. }) => 0,
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
    let allowed = of_groups(&fs::read_to_string("/proc/self/cgroup").unwrap_or_default()).into_iter().chain(of_limit());
    Some(allowed.fold(free, u64::min))
}

/// What control groups of both versions still allow, from this process's own up to the root.
fn of_groups(groups: &str) -> Vec<u64> {
    let read = |path: String| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let left = |folder: &str, most: &str, taken: &str| {
        Some(read(format!("{folder}/{most}"))?.saturating_sub(read(format!("{folder}/{taken}"))?))
    };
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, most, taken) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            of if of.split(',').any(|one| one == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => continue,
        };
        // In a container the path is the host's, and the root is the container's own.
        let mut path = path.trim_end_matches('/');
        loop {
            found.extend(left(&format!("{root}{path}"), most, taken));
            let Some((above, _)) = path.rsplit_once('/') else { break };
            path = above;
        }
    }
    found
}

/// What `ulimit -v` still allows.
fn of_limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let most: u64 = line.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: u64 = taken.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(most.saturating_sub(1024 * kib))
}

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
