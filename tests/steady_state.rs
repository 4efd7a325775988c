//! Training allocates nothing once it runs: no page faults, and memory that does not grow with its length.

#![allow(unsafe_code, reason = "an allocator that counts is unsafe by its trait; it only passes on to the system's")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use negative_transfer::model::{Init, initialise};
use negative_transfer::train::{DropoutAt, Span, Trainer};
use nt_kernels::dropout::Dropout;
use nt_kernels::philox::Stream;
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Standardisation};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_training_step_allocates_nothing_once_every_size_of_batch_was_seen() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (architecture, frozen) in
        [(Architecture::AlexNet, 0), (Architecture::AlexNet2012, 0), (Architecture::AlexNet, 5)]
    {
        let shape = NetworkShape::new(architecture, 0.1, 67, 3);
        let init = Init { seed: 1, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET };
        let mut parameters = initialise(&shape, Initialiser::HeNormal, init);
        let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
        let mut trainer = Trainer::new(&shape, Span { frozen, ..Span::whole(&shape) }, 16, &parameters, sgd).unwrap();
        let streams: Vec<Stream> =
            shape.layers.iter().map(|layer| Stream::named(1, "dropout", layer.name, 0)).collect();
        let mut cursor = Stream::named(1, "images", "", 0).cursor();
        let images: Vec<f32> = (0..3 * 67 * 67 * 16).map(|_| cursor.normal() as f32).collect();
        let labels: Vec<u32> = (0..16).map(|index| index % 3).collect();
        let op = Dropout::new(0.5).unwrap();
        // The last batch of an epoch is smaller.
        let mut epoch = |first_step: u64| {
            for (step, size) in (first_step..).zip([16, 16, 5]) {
                let at = DropoutAt { streams: &streams, step, op };
                let (images, labels) = (&images[..3 * 67 * 67 * size], &labels[..size]);
                trainer.step(&mut parameters, images, labels, Some(at), 0.01).unwrap();
            }
        };
        let allocations = pool.install(|| {
            epoch(0);
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            (1..4).for_each(|number| epoch(3 * number));
            ALLOCATIONS.load(Ordering::Relaxed) - before
        });
        assert_eq!(allocations, 0, "{architecture:?}, {frozen} frozen");
    }
}
