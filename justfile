# Every command that a person or CI runs is a recipe of this file.

nt := "cargo run --release --locked --quiet --bin nt --"

# List the recipes.
default:
    @just --list

# Build and run a study, or resume one: just run-matrix [scenario] [flags of nt run]
run-matrix scenario="scenarios/four-quadrant.toml" *flags:
    @case " {{flags}} " in *"--device cuda"*|*"--device=cuda"*) just _nt-cuda ;; esac
    {{nt}} run {{scenario}} {{flags}}

# Run all tests.
test:
    cargo test --release --locked --workspace

# Check formatting, circles of imports, lints, documentation and licences. Fails unless all are clean.
check: _cargo-deny
    cargo fmt --all --check
    just circles
    cargo clippy --release --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet
    cargo deny --offline check --hide-inclusion-graph bans licenses sources

# Build the book in docs/ into target/book.
book: _mdbook
    mdbook build docs

# Find modules beside each other that import one another in a circle, in every crate of the workspace.
circles:
    cargo test --release --locked --quiet -p nt-circles

# Run the smallest study that uses every part of nt, from nothing, in a folder of its own.
smoke:
    rm -rf reports/smoke
    {{nt}} run scenarios/smoke.toml

# Run the studies in reports/examples/ again, the larger one in part, and compare every record bit for bit.
reproduce:
    {{nt}} verify reports/examples/smoke
    {{nt}} verify reports/examples/four-quadrant --sample 40

# Run tuned studies in which no treatment differs from scratch, and count their false alarms. Goes on where it was stopped.
placebo studies="600" counts="tests/placebo/placebo.csv":
    cargo build --release --locked --quiet --bin nt -p negative-transfer -p nt-placebo --bin nt-placebo
    target/release/nt-placebo target/release/nt scenarios/placebo.toml {{counts}} {{studies}} any

# The same for choices between ten sources that know nothing.
placebo-choice studies="200" counts="tests/placebo/placebo-choice.csv":
    cargo build --release --locked --quiet --bin nt -p negative-transfer -p nt-placebo --bin nt-placebo
    target/release/nt-placebo target/release/nt scenarios/placebo-choice.toml {{counts}} {{studies}} choice

# What takes too long for CI: ten times as many simulated studies, the tests that CI leaves out, every record of the examples.
soak:
    NT_SOAK=1 cargo test --release --locked -p nt-stats --test attribution --test collapse --test designs
    cargo test --release --locked --workspace -- --ignored
    {{nt}} verify reports/examples/smoke
    {{nt}} verify reports/examples/four-quadrant

# Look for a file that makes nt panic, so many minutes a format: under libFuzzer where a nightly compiler and cargo-fuzz are.
fuzz minutes="1":
    #!/usr/bin/env bash
    set -euo pipefail
    if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
        echo "not run: cargo +nightly fuzz (no nightly compiler, or no cargo-fuzz); mutations of every format instead" >&2
        NT_FUZZ_MINUTES={{minutes}} cargo test --release --locked -p nt-fuzz --test mutations -- --ignored --nocapture
        exit
    fi
    for format in scenario records manifest csv jsonl parquet jpeg png safetensors; do
        cargo run --release --locked --quiet -p nt-fuzz -- $format target/fuzz/$format
        cargo +nightly fuzz run --fuzz-dir tests/fuzz/libfuzzer --target-dir target/libfuzzer $format target/fuzz/$format -- \
            -max_total_time=$((60 * {{minutes}})) -timeout=10 -rss_limit_mb=2048
    done

# Open a study's page in headless Chromium and use it as a person would. Needs Node.js and Debian's chromium.
test-browser page="reports/smoke/index.html":
    cd tests/browser && npm ci --no-audit --no-fund && node page.js "{{justfile_directory()}}/{{page}}"

# Build and lint what runs on GPUs. Needs nvcc and cuDNN's headers, but no GPU.
check-cuda: _nt-cuda
    cargo clippy --release --locked --target-dir target/cuda --workspace --all-targets --features cuda -- -D warnings

# Compare everything that runs on a GPU with the CPU. Without a GPU: just test-gpu stand-in runs the kernels on the processor.
test-gpu *stand_in:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ "{{stand_in}}" = stand-in ]; then
        tests/stand_in/build target/stand-in
        export LD_LIBRARY_PATH="$PWD/target/stand-in"
    fi
    cargo test --release --locked --target-dir target/cuda -p nt-kernels --features cuda --lib cuda::
    if [ "{{stand_in}}" = stand-in ]; then
        # Again, with blocks and threads in another order, since a GPU may run them in any order.
        NT_STAND_IN_ORDER=reversed cargo test --release --locked --target-dir target/cuda -p nt-kernels --features cuda --lib cuda::
    fi
    cargo test --release --locked --target-dir target/cuda --features cuda --lib train::cuda
    cargo test --release --locked --target-dir target/cuda --features cuda --test gpu

# Time the kernels and the training step.
bench *filter:
    cargo bench --locked --workspace -- {{filter}}

# Variables: NT_PEERS is the folder that holds torch_step.py and torch_matrix.py. NT_PYTHON is a Python with torch and
# torchvision; if it is unset, one is installed in the user's cache folder. NT_DATA is the folder that holds cifar10-25k;
# only studies need it.

# Compare nt with PyTorch, in turn, on this machine: just bench-peers steps jobs products convs data studies
bench-peers *parts="steps jobs products convs":
    #!/usr/bin/env bash
    set -euo pipefail
    : "${NT_PEERS:?set it to the folder that holds torch_step.py and torch_matrix.py}"
    export NT_DATA="${NT_DATA:-$PWD/data}" NT="$PWD/target/release/nt" NT_PEER="$PWD/target/release/examples/peer"
    cargo build --release --locked --quiet --bin nt --example peer
    python="${NT_PYTHON:-${XDG_CACHE_HOME:-$HOME/.cache}/nt-peers/bin/python}"
    if ! [ -x "$python" ]; then
        python3 -m venv "$(dirname "$(dirname "$python")")"
        "$python" -m pip install --quiet torch==2.15.0 torchvision
    fi
    exec "$python" harness/benches/peers/compare.py {{parts}}

# gpu-steps and gpu-studies compare nt with PyTorch. gpu-formats, gpu-precisions and gpu-jobs compare nt with itself.

# Compare on a GPU, with the same variables: just bench-gpu [gpu-steps gpu-studies gpu-formats gpu-precisions gpu-jobs] [--compile]
bench-gpu *parts="gpu-steps gpu-studies": _nt-cuda
    #!/usr/bin/env bash
    set -euo pipefail
    : "${NT_PEERS:?set it to the folder that holds torch_step.py and torch_matrix.py}"
    cargo build --release --locked --quiet --bin nt
    cargo build --release --locked --quiet --target-dir target/cuda --features cuda --example peer
    export NT_DATA="${NT_DATA:-$PWD/data}" NT="$PWD/target/release/nt" NT_PEER="$PWD/target/cuda/release/examples/peer"
    exec "${NT_PYTHON:-python3}" harness/benches/peers/compare.py --pairs 3 {{parts}}

# Time each pass of a training step on a GPU, beside the measured ceilings of its memory and its products.
bench-gpu-kernels *filter:
    cargo bench --locked --target-dir target/cuda -p nt-kernels --features cuda --bench gpu -- {{filter}}

# Build nt-cuda beside nt. Its target folder is separate, so that nt's own build stays as it is.
_nt-cuda:
    cargo build --release --locked --quiet --target-dir target/cuda --features cuda --bin nt-cuda
    mkdir -p target/release
    cp target/cuda/release/nt-cuda target/release/nt-cuda

_cargo-deny:
    @command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny@0.20.2

_mdbook:
    @command -v mdbook >/dev/null || cargo install --locked --quiet mdbook@0.5.4
