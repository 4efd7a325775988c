//! What the tests of several operations need: PyTorch's reference tensors, random ones, and finite differences.

use crate::layout;
use crate::philox::Stream;
use crate::tile::Simd;
use safetensors::SafeTensors;

/// One of `fixtures/*.safetensors`; the script of the same name made it.
pub(crate) struct Fixture(Vec<u8>);

impl Fixture {
    pub(crate) fn load(name: &str) -> Self {
        let path = format!("{}/fixtures/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Self(std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        self.tensors().tensor(name).unwrap().shape().to_vec()
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.numbers(name, f32::from_le_bytes)
    }

    pub(crate) fn f64(&self, name: &str) -> Vec<f64> {
        self.numbers(name, f64::from_le_bytes)
    }

    pub(crate) fn u32(&self, name: &str) -> Vec<u32> {
        self.numbers(name, u32::from_le_bytes)
    }

    /// A batch-outermost tensor, batch-innermost.
    pub(crate) fn f32_batch_innermost(&self, name: &str) -> Vec<f32> {
        batch_innermost(&self.f32(name), self.shape(name)[0])
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).unwrap()
    }

    fn numbers<T, const SIZE: usize>(&self, name: &str, from_bytes: fn([u8; SIZE]) -> T) -> Vec<T> {
        let tensors = self.tensors();
        let (chunks, rest) = tensors.tensor(name).unwrap().data().as_chunks::<SIZE>();
        assert!(rest.is_empty(), "{name}: another dtype");
        chunks.iter().map(|bytes| from_bytes(*bytes)).collect()
    }
}

/// `[batch][features]` → `[features][batch]`
pub(crate) fn batch_innermost(nchw: &[f32], batch: usize) -> Vec<f32> {
    let mut chwn = vec![f32::NAN; nchw.len()];
    layout::nchw_to_chwn(nchw, &mut chwn, nchw.len() / batch, batch);
    chwn
}

/// `[features][batch]` → `[batch][features]`
pub(crate) fn batch_outermost(chwn: &[f32], batch: usize) -> Vec<f32> {
    let mut nchw = vec![f32::NAN; chwn.len()];
    layout::chwn_to_nchw(chwn, &mut nchw, chwn.len() / batch, batch);
    nchw
}

/// Standard normal numbers, always the same for one name.
pub(crate) fn normal(name: &str, length: usize) -> Vec<f32> {
    let mut cursor = Stream::named(0, "test", name, 0).cursor();
    (0..length).map(|_| cursor.normal() as f32).collect()
}

pub(crate) fn to_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The vector widths that this CPU has.
pub(crate) fn available_simd() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.is_available())
}

/// `work()` in a pool of 1, 2, 3 and 4 threads.
pub(crate) fn on_one_to_four_threads<T: Send>(work: impl Fn() -> T + Send + Sync) -> Vec<T> {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    (1..=4).map(|threads| pool(threads).install(&work)).collect()
}

/// `d loss / d x[at]` by central differences.
pub(crate) fn central_difference(x: &[f64], at: usize, loss: impl Fn(&[f64]) -> f64) -> f64 {
    let step = 1e-5;
    let shifted = |by: f64| {
        let mut x = x.to_vec();
        x[at] += by;
        loss(&x)
    };
    (shifted(step) - shifted(-step)) / (2.0 * step)
}

/// `Σ a[i] b[i]`
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
