//! Our side of `just bench-peers`: times what it is asked for on standard input, a JSON object a line, and answers a JSON
//! object a line, until the input ends. `compare.py` beside this file asks, and asks PyTorch the same in turn.
//!
//! With `"clock": "cpu"` a time is the CPU time of the thread that is asked, fair on a loaded machine where there is one thread.
//!
//! | kind | keys | answer |
//! |---|---|---|
//! | `step` | `res`, `width`, `batch`, `frozen`, `threads`, `warmup`, `steps`, `clipped` (false) | `images_per_s`: median over steps (mean, of CPU time) |
//! | `step` | the same, with `device` = `cuda`, `precision` and `channels_last` (built with the feature `cuda`) | `images_per_s`: mean over steps |
//! | `product` | `m`, `n`, `k`, `threads`, `seconds` | `seconds`: of `C[m][n] = A[m][k] B[k][n]`, a call |
//! | `data` | `folder`, `side`, `threads` | `images_per_s`: every image of a folder of classes decoded and resized, into a new cache |
//! | `conv` | `in_channels`, `out_channels`, `side`, `kernel`, `stride`, `padding`, `batch`, `pass`, `threads`, `seconds` | `seconds`: a call |

#[cfg(feature = "cuda")]
mod gpu;
#[path = "../training.rs"]
mod training;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use negative_transfer::data::Split;
use negative_transfer::data::decode::Megapixels;
use negative_transfer::data::image_folder::{ImageFolder, Wanted};
use nt_kernels::conv2d::{Activation, Conv2d, Conv2dGeometry};
use nt_kernels::linear::Linear;
use nt_kernels::workspace::Workspace;
use nt_scenario::Precision;
use serde::Deserialize;
use training::{Fault, Training, numbers};

#[derive(Deserialize)]
struct Question {
    threads: usize,
    #[serde(default)]
    clock: Clock,
    #[serde(flatten)]
    task: Task,
}

/// What time is measured by.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Clock {
    #[default]
    Wall,
    Cpu,
}

impl Clock {
    /// Seconds that `call` takes.
    fn time(self, call: impl FnOnce()) -> Result<f64, Fault> {
        let (began, before) = (Instant::now(), self.cpu_seconds()?);
        call();
        let wall = began.elapsed().as_secs_f64();
        Ok(match self {
            Self::Wall => wall,
            Self::Cpu => self.cpu_seconds()? - before,
        })
    }

    /// CPU time of this thread, where it is asked for.
    fn cpu_seconds(self) -> Result<f64, Fault> {
        match self {
            Self::Wall => Ok(0.0),
            Self::Cpu => {
                let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
                let nanoseconds = text.split_whitespace().next().ok_or("/proc/thread-self/schedstat is empty")?;
                Ok(nanoseconds.parse::<f64>()? / 1e9)
            }
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Device {
    #[default]
    Cpu,
    Cuda,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Task {
    Step {
        res: usize,
        width: f64,
        batch: usize,
        frozen: usize,
        warmup: usize,
        steps: usize,
        #[serde(default)]
        clipped: bool,
        #[serde(default)]
        device: Device,
        #[serde(default)]
        precision: Precision,
        channels_last: Option<bool>,
    },
    Data {
        folder: PathBuf,
        side: usize,
    },
    Product {
        m: usize,
        n: usize,
        k: usize,
        seconds: f64,
    },
    Conv {
        in_channels: usize,
        out_channels: usize,
        side: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        batch: usize,
        pass: Pass,
        seconds: f64,
    },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pass {
    Forward,
    Weight,
    Input,
}

/// The time of a call, after one to warm up, calling for `seconds`: the shortest by the wall clock, the mean by the CPU's,
/// which the kernel advances by ticks.
fn per_call(clock: Clock, seconds: f64, mut call: impl FnMut()) -> Result<f64, Fault> {
    call();
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let (mut shortest, mut calls) = (f64::INFINITY, 0u32);
    let total = clock.time(|| {
        while Instant::now() < until {
            let began = Instant::now();
            call();
            shortest = shortest.min(began.elapsed().as_secs_f64());
            calls += 1;
        }
    })?;
    Ok(match clock {
        Clock::Wall => shortest,
        Clock::Cpu => total / f64::from(calls),
    })
}

fn step_rate(
    trainings: &mut HashMap<String, Training>,
    key: String,
    clock: Clock,
    (res, width, batch, frozen): (usize, f64, usize, usize),
    clipped: bool,
    (warmup, steps): (usize, usize),
) -> Result<f64, Fault> {
    if !trainings.contains_key(&key) {
        // One at a time: the largest takes a gigabyte.
        trainings.clear();
        let training = Training::new(res, width, batch, frozen)?;
        trainings.insert(key.clone(), if clipped { training.clipped() } else { training });
    }
    let training = trainings.get_mut(&key).ok_or("no training")?;
    for _ in 0..warmup {
        training.step()?;
    }
    if let Clock::Cpu = clock {
        let mut outcome = Ok(());
        let total = clock.time(|| outcome = (0..steps).try_for_each(|_| training.step().map(drop)))?;
        return outcome.map(|()| (batch * steps) as f64 / total);
    }
    let mut seconds = Vec::with_capacity(steps);
    for _ in 0..steps {
        let began = Instant::now();
        training.step()?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let middle = (seconds[(steps - 1) / 2] + seconds[steps / 2]) / 2.0;
    Ok(batch as f64 / middle)
}

/// Trainings that are kept from one question to the next.
#[derive(Default)]
struct Trainings {
    cpu: HashMap<String, Training>,
    gpu: OnGpu,
}

#[cfg(feature = "cuda")]
type OnGpu = Option<gpu::Training>;
#[cfg(not(feature = "cuda"))]
type OnGpu = ();

type GpuCase = (usize, f64, usize, usize, Precision, Option<bool>);

#[cfg(feature = "cuda")]
fn gpu_rate(training: &mut OnGpu, case: GpuCase, (warmup, steps): (usize, usize)) -> Result<f64, Fault> {
    let (res, width, batch, frozen, precision, channels_last) = case;
    let case = gpu::Case { res, width, batch, frozen, precision, channels_last };
    if training.as_ref().is_none_or(|training| training.case() != case) {
        *training = None;
        *training = Some(gpu::Training::new(case)?);
    }
    training.as_ref().ok_or("no training")?.rate(warmup, steps)
}

#[cfg(not(feature = "cuda"))]
fn gpu_rate(_: &mut OnGpu, _: GpuCase, _: (usize, usize)) -> Result<f64, Fault> {
    Err("this program was built without the feature `cuda`".into())
}

/// Images a second from files to a cache, hashes and checksums included. The cache is new, and removed again.
fn data_rate(clock: Clock, folder: &Path, side: usize) -> Result<f64, Fault> {
    let cache = tempfile::tempdir()?;
    let listing = ImageFolder::scan(folder, Wanted::default())?;
    let images_of = |split| (0..listing.classes().len()).map(|class| listing.num_images(split, class)).sum::<usize>();
    let images = images_of(Split::Train) + images_of(Split::Test);
    let mut opened = Ok(());
    let seconds = clock.time(|| {
        opened = ImageFolder::open(listing, side, Megapixels::default(), cache.path()).map(drop);
    })?;
    opened?;
    Ok(images as f64 / seconds)
}

fn product_seconds(clock: Clock, m: usize, n: usize, k: usize, seconds: f64) -> Result<f64, Fault> {
    let (layer, mut workspace) = (Linear::new(k, m)?, Workspace::new());
    let (a, b, bias, mut c) = (numbers(m * k), numbers(k * n), vec![0.0; m], vec![0.0; m * n]);
    per_call(clock, seconds, || layer.forward(&b, &a, &bias, &mut c, n, Activation::None, &mut workspace))
}

fn conv_seconds(clock: Clock, geometry: Conv2dGeometry, batch: usize, pass: Pass, seconds: f64) -> Result<f64, Fault> {
    let (conv, mut workspace) = (Conv2d::new(geometry)?, Workspace::new());
    let (mut x, mut weight) = (numbers(geometry.in_features() * batch), numbers(geometry.weights()));
    let (bias, mut y) = (numbers(geometry.out_channels), numbers(geometry.out_features() * batch));
    match pass {
        Pass::Forward => per_call(clock, seconds, || {
            conv.forward(&x, &weight, &bias, &mut y, batch, Activation::None, &mut workspace);
        }),
        Pass::Weight => per_call(clock, seconds, || conv.weight_gradient(&x, &y, &mut weight, batch, &mut workspace)),
        Pass::Input => per_call(clock, seconds, || conv.input_gradient(&y, &weight, &mut x, batch, &mut workspace)),
    }
}

fn answer(trainings: &mut Trainings, clock: Clock, task: Task) -> Result<(&'static str, f64), Fault> {
    Ok(match task {
        Task::Step {
            res, width, batch, frozen, warmup, steps, device: Device::Cuda, precision, channels_last, ..
        } => {
            let case = (res, width, batch, frozen, precision, channels_last);
            ("images_per_s", gpu_rate(&mut trainings.gpu, case, (warmup, steps))?)
        }
        Task::Step { res, width, batch, frozen, warmup, steps, clipped, device: Device::Cpu, .. } => {
            let key = format!("{res} {width} {batch} {frozen} {clipped}");
            let (case, count) = ((res, width, batch, frozen), (warmup, steps));
            ("images_per_s", step_rate(&mut trainings.cpu, key, clock, case, clipped, count)?)
        }
        Task::Data { folder, side } => ("images_per_s", data_rate(clock, &folder, side)?),
        Task::Product { m, n, k, seconds } => ("seconds", product_seconds(clock, m, n, k, seconds)?),
        Task::Conv { in_channels, out_channels, side, kernel, stride, padding, batch, pass, seconds } => {
            let (height, width) = (side, side);
            let geometry =
                Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups: 1 };
            ("seconds", conv_seconds(clock, geometry, batch, pass, seconds)?)
        }
    })
}

fn main() -> Result<(), Fault> {
    let (mut trainings, mut pools) = (Trainings::default(), HashMap::new());
    for line in std::io::stdin().lock().lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let pool = match pools.entry(question.threads) {
            std::collections::hash_map::Entry::Occupied(pool) => pool.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(rayon::ThreadPoolBuilder::new().num_threads(question.threads).build()?)
            }
        };
        let Question { clock, task, .. } = question;
        let (name, value) = pool.install(|| answer(&mut trainings, clock, task).map_err(|fault| fault.to_string()))?;
        println!("{}", serde_json::json!({ name: value }));
        std::io::stdout().flush()?;
    }
    Ok(())
}
