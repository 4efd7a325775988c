# The one door: a person and CI run these, and nothing else.

nt := "cargo run --release --locked --quiet --bin nt --"

# List the recipes.
default:
    @just --list

# Build and run a study, or go on with one: just run-matrix [scenario] [flags of nt run]
run-matrix scenario="scenarios/four-quadrant.toml" *flags:
    {{nt}} run {{scenario}} {{flags}}

# Run all tests.
test:
    cargo test --release --locked --workspace

# Formatting, lints, documentation, licences: all clean or it fails.
check: _cargo-deny
    cargo fmt --all --check
    cargo clippy --release --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet
    cargo deny --offline check --hide-inclusion-graph bans licenses sources

# Run the smallest study that passes through every part, from nothing, in a folder of its own.
smoke:
    rm -rf reports/smoke
    {{nt}} run scenarios/smoke.toml

# Run the studies in reports/examples/ again, the larger one in part, and compare every record, bit for bit.
reproduce:
    {{nt}} verify reports/examples/smoke
    {{nt}} verify reports/examples/four-quadrant --sample 40

# Open a study's page in headless Chromium and use it as a person would (needs Node.js and Debian's chromium).
test-browser page="reports/smoke/index.html":
    cd tests/browser && npm ci --no-audit --no-fund && node page.js "{{justfile_directory()}}/{{page}}"

# Time the kernels and the training step.
bench *filter:
    cargo bench --locked --workspace -- {{filter}}

_cargo-deny:
    @command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny@0.20.2
