// Everything on activations, for one type of STORAGE: kernels are called NAMED(...), and PACK of its numbers are 16 bytes.

#include "activation.cuh"
#include "batch.cuh"
#include "cross_entropy.cuh"
#include "dropout.cuh"
#include "local_response_norm.cuh"
#include "max_pool2d.cuh"
#include "sgd.cuh"
