// What the CUDA kernels need to be compiled for the processor: the words of CUDA C++, and a register of the kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#undef __global__
#undef __device__
#undef __shared__
#define __global__
#define __device__
// Blocks run one after another, and one kernel at a time.
#define __shared__ static

using std::isfinite;
using std::max;
using std::min;

namespace stand_in {

struct Index {
    unsigned int x, y, z;
};

/// A kernel with its arguments, ready to run.
using Work = std::function<void(Index grid, Index block)>;

/// Takes a kernel's arguments as the driver is given them.
using Binder = std::function<Work(void** parameters)>;

std::map<std::string, Binder>& kernels();

/// Waits, within a blockwise kernel, until every thread of the block has come here.
void wait_for_block();

void run_elementwise(const std::function<void()>& thread, Index grid, Index block);
void run_blockwise(const std::function<void()>& thread, Index grid, Index block);

template <typename... Parameters, std::size_t... I>
Work with_arguments(void (*kernel)(Parameters...), void** parameters, bool blockwise, std::index_sequence<I...>) {
    std::tuple<Parameters...> values{*static_cast<Parameters*>(parameters[I])...};
    return [=](Index grid, Index block) {
        auto thread = [&] { std::apply(kernel, values); };
        blockwise ? run_blockwise(thread, grid, block) : run_elementwise(thread, grid, block);
    };
}

struct Registered {
    template <typename... Parameters>
    Registered(const char* name, void (*kernel)(Parameters...), bool blockwise) {
        kernels()[name] = [=](void** parameters) {
            return with_arguments(kernel, parameters, blockwise, std::index_sequence_for<Parameters...>{});
        };
    }
};

}  // namespace stand_in

extern stand_in::Index threadIdx, blockIdx, blockDim, gridDim;

#define __syncthreads() stand_in::wait_for_block()
#define STAND_IN_NAME(kernel) #kernel
#define STAND_IN_REGISTER(kernel, blockwise) \
    static stand_in::Registered registered_##kernel(STAND_IN_NAME(kernel), kernel, blockwise);
#define STAND_IN_REGISTER_EXPANDED(kernel, blockwise) STAND_IN_REGISTER(kernel, blockwise)
#define REGISTER(kernel) STAND_IN_REGISTER_EXPANDED(kernel, false)
#define REGISTER_BLOCKWISE(kernel) STAND_IN_REGISTER_EXPANDED(kernel, true)
