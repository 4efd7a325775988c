"""Holds nt against PyTorch on this machine, in turn, and prints one line a comparison:

    ratio NAME MEDIAN [LOWEST, HIGHEST] n=PAIRS

nt's speed over PyTorch's: above 1, nt is faster. Both sides run as processes that stay, are asked for a second's work each
in turn, and every ratio is of two neighbours in time, so that a machine whose speed drifts still compares fairly. Where
PyTorch can lay tensors out in two ways, the faster one of each round counts.

    compare.py [--pairs N] [--slice SECONDS] [--only TEXT] [--nt-simd avx2] [--clock cpu] PART ...

--clock cpu takes CPU time, with one thread a side: fair also where others use the machine.
PART: steps, jobs, products, convs, data (short; data: 25,000 JPEGs decoded and resized, against DataLoader), clipping
(clipped gradients over plain ones, of nt alone), studies (long: a whole study, as torch_matrix.py runs it); with a GPU gpu-steps
(--compile: compiled PyTorch as well, which takes minutes to compile), gpu-studies (how busy the GPU was, and whether the
digest is the same twice, beside), and of nt alone gpu-formats (channels last over channels first), gpu-precisions (what
tf32 and bf16 cost a study in top-1 accuracy, and save in time) and gpu-jobs (a study's seconds by the number of jobs side
by side).
NT_PEERS names the folder of torch_step.py and torch_matrix.py, NT_PEER our `peer`, NT the binary nt, NT_DATA the folder
that holds cifar10-25k.

What it printed on two cores of an EPYC with AVX-512, a virtual machine with nothing else running, against PyTorch 2.15.0
(oneDNN 3.13, MKL 2024.2); medians, and the lowest and highest ratio, of five pairs (jobs, products and convolutions three,
products with AVX2 five, weights of conv1 at width .25 nine, studies one):

    steps, two threads      224 px width 1   1.89 [1.50, 1.93]    frozen 5   2.34 [2.16, 2.86]
                            64 px width 1    2.31 [2.15, 2.35]    frozen 5   2.48 [1.43, 2.60]
                            64 px width .25  1.84 [1.37, 2.09]    frozen 5   1.93 [1.73, 2.13]
                            32 px width .25  2.51 [2.39, 2.67]
                            64 px width .125 2.20 [1.80, 2.57]    48 px      2.47 [2.35, 3.83]
    two jobs of one thread  64 px width .25  1.49 [1.45, 1.52]    frozen 5   1.58 [1.57, 1.71]
                            32 px width .25  1.98 [1.87, 2.04]
                            64 px width .125 2.32 [2.20, 2.53]    48 px      3.68 [3.64, 3.84]
    studies                 width .25  2.83 (images in memory), 7.92 (DataLoader)   width 1  2.17, 3.01
    products                512 to 2048: 1.04 to 1.09 (one thread), 1.05 to 1.10 (two)
                            AlexNet's: 1.17 to 1.57 (one; 64x3025x363 .96 [.94, 1.36], in nine pairs 1.26 [1.23, 1.29]),
                            1.05 to 1.88 (two)
    products, AVX2 alone    512 to 2048: .99 1.00 1.03 (one), .97 1.02 1.05 (two); AlexNet's: 1.01 to 1.16, .94 to 2.97
                            (MKL_ENABLE_INSTRUCTIONS=AVX2 compare.py --nt-simd avx2 products)
    convs, width 1, 224 px  forward  1.44 1.50 1.45 1.42 1.44   input  - 1.35 1.42 1.43 1.43   weight  1.28 1.44 1.49 1.46 1.53
    convs, width .25, 64 px forward  1.06 1.23 1.64 1.37 1.51   input  - 1.17 1.71 1.96 1.47   weight  1.02 1.10 1.95 1.98 2.23

On two cores of an EPYC with AVX-512: data 2.73 [2.67, 3.07] (five pairs). Without AVX-512, before coefficients were
checked: data 2.41 [2.13, 2.64] (five pairs); clipping (--slice 2, seven pairs, width 1 five) .93 to 1.04.
"""
import argparse, contextlib, json, os, statistics, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
# Input side, width, batch, frozen layers, steps a slice.
STEPS = [(224, 1, 32, 0, 1), (64, 1, 64, 0, 4), (64, 1, 64, 5, 8), (224, 1, 32, 5, 2), (64, 0.25, 64, 0, 40),
         (64, 0.25, 64, 5, 100), (32, 0.25, 64, 0, 80), (64, 0.125, 64, 0, 80), (48, 0.125, 32, 0, 150)]
GPU_STEPS = [(224, 1, 128, 0, 200), (224, 1, 512, 0, 60), (224, 1, 128, 5, 300), (64, 0.25, 64, 0, 2000)]
# m, n, k of C[m][n] = A[m][k] B[k][n]: squares, then AlexNet's layers as products (batch 64).
PRODUCTS = [(512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (64, 3025, 363), (192, 729, 1600),
            (384, 169, 1728), (256, 169, 3456), (4096, 64, 9216), (4096, 64, 4096), (16, 14400, 363), (1024, 64, 1024)]
# Output channels at width 1, kernel, stride, padding, whether a 3x3/2 max pool follows.
CONVS = [(64, 11, 4, 2, True), (192, 5, 1, 2, True), (384, 3, 1, 1, False), (256, 3, 1, 1, False), (256, 3, 1, 1, True)]


class Peer:
    """A process that answers questions, a line each."""

    def __init__(self, command, **variables):
        environment = {**os.environ, **variables}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended: {self.process.wait()}")
        ((name, value),) = json.loads(line).items()
        return 1 / value if name == "seconds" else value


def ours(options):
    return Peer([os.environ["NT_PEER"]], **({"NT_SIMD": options.nt_simd} if options.nt_simd else {}))


def torch():
    # Several PyTorch processes on one machine must not spin for each other's cores.
    path = os.pathsep.join(filter(None, [os.environ["NT_PEERS"], os.environ.get("PYTHONPATH")]))
    return Peer([sys.executable, str(HERE / "torch_peer.py")], PYTHONPATH=path)


def asked(peers, question):
    """The peers' speeds together, all asked at once."""
    for peer in peers:
        peer.ask(question)
    return sum(peer.answer() for peer in peers)


def say(name, ratios):
    print(f"ratio {name} {statistics.median(ratios):.3f} [{min(ratios):.3f}, {max(ratios):.3f}] n={len(ratios)}", flush=True)


# How PyTorch is asked: the fastest way of each round counts.
LAYOUTS = ({}, {"channels_last": True})


def compare(name, question, nt, peers, options, ways=LAYOUTS, unit=""):
    if options.only and options.only not in name:
        return
    question = {**question, "clock": options.clock}
    if options.clock == "cpu":
        name, question = name.replace("2-threads", "1-thread-cpu-time"), {**question, "threads": 1}
    # One round to warm up: code is loaded, oneDNN has made its primitives.
    asked(nt, question)
    for way in ways:
        asked(peers, {**question, **way})
    ratios, speeds = [], []
    for _ in range(options.pairs):
        speed = asked(nt, question)
        best = max(asked(peers, {**question, **way}) for way in ways)
        ratios.append(speed / best)
        speeds.append((speed, best))
    say(name, ratios)
    if unit:
        nt_speed, torch_speed = (statistics.median(side) for side in zip(*speeds))
        print(f"      nt {nt_speed:.4g}, PyTorch {torch_speed:.4g} {unit}", flush=True)


def step_question(res, width, batch, frozen, steps, threads, options):
    steps = max(1, round(steps * options.slice))
    return {"kind": "step", "res": res, "width": width, "batch": batch, "frozen": frozen, "threads": threads,
            "warmup": 1, "steps": steps}


def steps(nt, peers, options):
    for res, width, batch, frozen, count in STEPS:
        name = f"step/{res}px-width{width}-batch{batch}-frozen{frozen}/2-threads"
        compare(name, step_question(res, width, batch, frozen, count, 2, options), nt[:1], peers[:1], options,
                unit="images/s")


def jobs(nt, peers, options):
    for res, width, batch, frozen, count in STEPS:
        if width < 1:
            name = f"step/{res}px-width{width}-batch{batch}-frozen{frozen}/2-jobs-of-1-thread"
            compare(name, step_question(res, width, batch, frozen, count // 2, 1, options), nt, peers, options,
                    unit="images/s together")


def products(nt, peers, options):
    for threads in (1, 2):
        for m, n, k in PRODUCTS:
            question = {"kind": "product", "m": m, "n": n, "k": k, "threads": threads, "seconds": 0.3 * options.slice}
            compare(f"product/{m}x{n}x{k}/{threads}-threads", question, nt[:1], peers[:1], options, ways=({},))


def clipping(nt, peers, options):
    """nt with clipped gradients over nt without."""
    for res, width, batch, frozen, count in STEPS:
        name = f"clipping/{res}px-width{width}-batch{batch}-frozen{frozen}/2-threads"
        if options.only and options.only not in name:
            continue
        question = step_question(res, width, batch, frozen, count, 2, options)
        ratios = []
        for _ in range(options.pairs):
            plain, clipped = (asked(nt[:1], {**question, "clipped": clipped}) for clipped in (False, True))
            ratios.append(clipped / plain)
        say(name, ratios)


def data(nt, peers, options):
    question = {"kind": "data", "folder": str(Path(os.environ["NT_DATA"]).resolve() / "cifar10-25k"), "side": 64, "threads": 2}
    compare("data/25000-jpegs-to-64px/2-threads", question, nt[:1], peers[:1], options, ways=({},), unit="images/s")


def convs(nt, peers, options):
    for res, width, batch in ((224, 1, 32), (64, 0.25, 64)):
        side, in_channels = res, 3
        for index, (out, kernel, stride, padding, pool) in enumerate(CONVS, 1):
            out = int(out * width)
            for direction in ("forward", "weight", "input"):
                if index == 1 and direction == "input":
                    continue  # the gradient of images is never asked for
                question = {"kind": "conv", "in_channels": in_channels, "out_channels": out, "side": side,
                            "kernel": kernel, "stride": stride, "padding": padding, "batch": batch, "pass": direction,
                            "threads": 2, "seconds": 0.3 * options.slice}
                compare(f"conv{index}-{direction}/{res}px-width{width}/2-threads", question, nt[:1], peers[:1], options)
            side, in_channels = (side + 2 * padding - kernel) // stride + 1, out
            if pool and side >= 3:
                side = (side - 3) // 2 + 1


def gpu_steps(nt, peers, options):
    ways = LAYOUTS + tuple({**way, "compile": True} for way in LAYOUTS) if options.compile else LAYOUTS
    for precision in ("fp32", "tf32", "bf16"):
        for res, width, batch, frozen, count in GPU_STEPS:
            name = f"gpu-step/{precision}/{res}px-width{width}-batch{batch}-frozen{frozen}"
            question = step_question(res, width, batch, frozen, count, 2, options)
            question = {**question, "warmup": 10, "device": "cuda", "precision": precision}
            compare(name, question, nt[:1], peers[:1], options, ways, unit="images/s")


def gpu_formats(nt, peers, options):
    for precision in ("fp32", "tf32", "bf16"):
        for res, width, batch, frozen, count in GPU_STEPS:
            name = f"gpu-format/channels-last-over-first/{precision}/{res}px-width{width}-batch{batch}-frozen{frozen}"
            if options.only and options.only not in name:
                continue
            question = {**step_question(res, width, batch, frozen, count, 2, options), "warmup": 10, "device": "cuda",
                        "precision": precision}
            rates = {last: [asked(nt[:1], {**question, "channels_last": last}) for _ in range(options.pairs)]
                     for last in (False, True)}
            say(name, [last / first for first, last in zip(rates[False], rates[True])])


class Busy:
    """How busy the first GPU is, as nvidia-smi sees it, four times a second; nothing where there is no nvidia-smi."""

    def __enter__(self):
        command = ["nvidia-smi", "-i", "0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "250"]
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        except FileNotFoundError:
            self.process = None
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            said, _ = self.process.communicate()
            values = [int(line) for line in said.split() if line.isdigit()]
            if values:
                print(f"      GPU busy, percent of the time: median {statistics.median(values)}, mean "
                      f"{statistics.mean(values):.0f} of {len(values)} looks", flush=True)


def digest(folder):
    return json.loads((Path(folder) / "out" / "manifest.json").read_text())["result_digest"]


def gpu_studies(nt, peers, options):
    digests = []
    studies(nt, peers, options, "cuda", digests)
    while 0 < len(digests) < 2:
        with tempfile.TemporaryDirectory() as folder:
            study_seconds(our_study("pytorch-speed.toml", "cuda"), folder)
            digests.append(digest(folder))
    for other in digests[1:]:
        print("same digest twice" if other == digests[0] else f"DIGESTS DIFFER: {digests}", flush=True)


def gpu_precisions(nt, peers, options):
    """Each precision's study, seed for seed against that in single precision."""
    found = {}
    for precision in ("fp32", "tf32", "bf16"):
        with tempfile.TemporaryDirectory() as folder:
            command = our_study("pytorch-speed.toml", "cuda") + ["--set", f'model.precision="{precision}"']
            seconds, _ = study_seconds(command, folder)
            lines = (Path(folder) / "out" / "runs.jsonl").read_text().splitlines()
        records = [json.loads(line)["record"] for line in lines]
        top1 = {record["name"]: metric["value"] for record in records for metric in record["metrics"]
                if metric["name"] == "top1"}
        found[precision] = seconds, top1
    base_seconds, base = found["fp32"]
    for precision, (seconds, top1) in found.items():
        gaps = [100 * (top1[name] - base[name]) for name in top1.keys() & base.keys()]
        spread = statistics.stdev(gaps) if len(gaps) > 1 else 0
        print(f"precision {precision}: {seconds:.1f} s ({base_seconds / seconds:.2f} times as fast as fp32), top-1 "
              f"{statistics.mean(gaps):+.2f} points from it on average, standard deviation {spread:.2f}, {len(gaps)} jobs",
              flush=True)


def gpu_jobs(nt, peers, options):
    for jobs in (1, 2, 4, 8, 16):
        with tempfile.TemporaryDirectory() as folder, Busy():
            seconds, _ = study_seconds(our_study("pytorch-speed.toml", "cuda") + ["--jobs", str(jobs)], folder)
        print(f"jobs {jobs}: {seconds:.1f} s", flush=True)


def our_study(scenario, device):
    data = Path(os.environ["NT_DATA"]).resolve()
    # From nothing: images are decoded anew, as PyTorch does.
    return [os.environ["NT"], "run", str(REPOSITORY / "scenarios" / scenario), "--out", "out", "--cache-dir", "cache",
            "--set", f'data.cifar10.path="{data / "cifar10-25k"}"', "--device", device]


def study_seconds(command, cwd):
    began = time.perf_counter()
    run = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # 1: some runs diverged, at this fixed rate in PyTorch as well.
    if run.returncode not in (0, 1):
        sys.exit(f"{command} left with {run.returncode}:\n{run.stdout}")
    return time.perf_counter() - began, run.stdout


def studies(nt, peers, options, device="cpu", digests=None):
    data = Path(os.environ["NT_DATA"]).resolve()
    pairs = [("spec-speed-width1.json", "pytorch-speed-width1.toml"), ("spec-speed.json", "pytorch-speed.toml")]
    for spec, scenario in pairs if device == "cpu" else pairs[1:]:
        for way, words in (("in-memory", ["--in-memory"]), ("dataloader", [])):
            name = f"{'' if device == 'cpu' else 'gpu-'}study/{scenario.removesuffix('.toml')}/{way}"
            if options.only and options.only not in name:
                continue
            ratios = []
            for _ in range(options.study_pairs):
                with tempfile.TemporaryDirectory() as folder, Busy() if device == "cuda" else contextlib.nullcontext():
                    seconds, _ = study_seconds(our_study(scenario, device), folder)
                    if digests is not None:
                        digests.append(digest(folder))
                torch_matrix = [sys.executable, str(Path(os.environ["NT_PEERS"]) / "torch_matrix.py"),
                                str(Path(os.environ["NT_PEERS"]) / spec), "--out", os.devnull, "--device", device, *words]
                _, said = study_seconds(torch_matrix, data)
                wall = json.loads(said.strip().splitlines()[-1])["wall_s"]
                print(f"      nt {seconds:.1f} s (its start and report among them), PyTorch {wall:.1f} s", flush=True)
                ratios.append(wall / seconds)
            say(name, ratios)


def main():
    parser = argparse.ArgumentParser()
    parts = {"steps": steps, "jobs": jobs, "data": data, "clipping": clipping, "products": products, "convs": convs, "studies": studies,
             "gpu-steps": gpu_steps, "gpu-studies": gpu_studies, "gpu-formats": gpu_formats,
             "gpu-precisions": gpu_precisions, "gpu-jobs": gpu_jobs}
    parser.add_argument("parts", nargs="+", choices=parts)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--study-pairs", type=int, default=1)
    parser.add_argument("--slice", type=float, default=1.0)
    parser.add_argument("--only")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--nt-simd")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    nt, peers = [ours(options), ours(options)], [torch(), torch()]
    for part in options.parts:
        parts[part](nt, peers, options)


if __name__ == "__main__":
    main()
