//! Compiles the CUDA kernels to PTX, for the feature `cuda` only.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    {
        println!("cargo::rerun-if-changed=src/cuda/device");
        // As for candle's kernels, nvcc comes from CUDA_HOME or the path, and the architecture from CUDA_COMPUTE_CAP or
        // the GPU.
        let built = cudaforge::KernelBuilder::new()
            .source_files(["src/cuda/device/kernels.cu"])
            .watch(["src/cuda/device"])
            .args(["-std=c++17", "-O3", "-fmad=false"])
            .build_ptx()?;
        built.write(std::path::Path::new(&std::env::var("OUT_DIR")?).join("ptx.rs"))?;
    }
    Ok(())
}
