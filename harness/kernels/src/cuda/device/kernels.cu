// All kernels, as one module.

#include "augmentation.cuh"
#include "philox.cuh"
#include "prelude.cuh"
#include "progress.cuh"

#define STORAGE float
#define NAMED(name) name##_f32
#define PACK 4u
#include "layers.cuh"
#undef STORAGE
#undef NAMED
#undef PACK

#define STORAGE __nv_bfloat16
#define NAMED(name) name##_bf16
#define PACK 8u
#include "layers.cuh"
