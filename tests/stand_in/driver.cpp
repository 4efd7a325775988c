// A stand-in for the CUDA driver: it runs the kernels of nt, and nothing else, on the processor, in the order of the calls.
//
// It shows whether the right kernels are called with the right tensors in the right order: results agree with the CPU's, and
// a kernel that reads or writes past the end of a tensor ends the program, for every tensor ends where a forbidden page
// begins. Fresh memory is NaN. With NT_STAND_IN_ORDER=reversed the last block and the last thread come first, so that what
// depends on an order that a GPU does not keep, for lack of a barrier, shows. It shows nothing of a GPU's speed, or of what the
// real libraries do.
//
// NT_STAND_IN_MEMORY: bytes of memory (default 4 GiB); NT_STAND_IN_GPUS: number of GPUs (default 1); NT_STAND_IN_LAUNCHES:
// kernels and graphs that are launched before it gives out (default: it never does).

#include "kernels.cu"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

stand_in::Index threadIdx, blockIdx, blockDim, gridDim;

namespace stand_in {

std::map<std::string, Binder>& kernels() {
    static std::map<std::string, Binder> known;
    return known;
}

namespace {

/// The i-th of `count` to have its turn.
unsigned int turn(unsigned int i, unsigned int count) {
    static const bool reversed = std::getenv("NT_STAND_IN_ORDER") != nullptr;
    return reversed ? count - 1 - i : i;
}

}  // namespace

void run_elementwise(const std::function<void()>& thread, Index grid, Index block) {
    gridDim = grid;
    blockDim = block;
    for (unsigned int b = 0; b < grid.x; ++b) {
        blockIdx = {turn(b, grid.x), 0, 0};
        for (unsigned int t = 0; t < block.x; ++t) {
            threadIdx = {turn(t, block.x), 0, 0};
            thread();
        }
    }
}

namespace {

/// Goes on with another stack, and keeps where this one is. (The library's own switch asks the kernel each time.)
extern "C" void stand_in_switch(void** from, void* to);
asm(R"(
.text
stand_in_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

/// The threads of a block as coroutines: each runs until it waits for the others.
struct Coroutines {
    static constexpr std::size_t STACK = 16 * 1024;
    void* scheduler = nullptr;
    std::vector<void*> threads;
    std::vector<bool> finished;
    std::vector<char> stacks;
    const std::function<void()>* body = nullptr;
    std::size_t current = 0;

    static Coroutines& instance() {
        static Coroutines all;
        return all;
    }

    static void enter() {
        Coroutines& all = instance();
        (*all.body)();
        all.finished[all.current] = true;
        all.pause();
    }

    void pause() { stand_in_switch(&threads[current], scheduler); }

    void run(const std::function<void()>& thread, unsigned int count) {
        body = &thread;
        threads.resize(count);
        finished.assign(count, false);
        stacks.resize(count * STACK + 16);
        for (unsigned int i = 0; i < count; ++i) {
            // A stack as if `enter` had been called there: its address, six registers, and a place for alignment.
            auto top = ((std::uintptr_t)stacks.data() + (i + 1) * STACK) & ~std::uintptr_t{15};
            void** frame = (void**)top - 2;
            *frame = (void*)enter;
            for (int saved = 0; saved < 6; ++saved) *--frame = nullptr;
            threads[i] = frame;
        }
        for (bool any = true; any;) {
            any = false;
            for (unsigned int i = 0; i < count; ++i) {
                current = turn(i, count);
                if (finished[current]) continue;
                threadIdx = {(unsigned int)current, 0, 0};
                stand_in_switch(&scheduler, threads[current]);
                any = any || !finished[current];
            }
        }
    }
};

}  // namespace

void wait_for_block() { Coroutines::instance().pause(); }

void run_blockwise(const std::function<void()>& thread, Index grid, Index block) {
    gridDim = grid;
    blockDim = block;
    for (unsigned int b = 0; b < grid.x; ++b) {
        blockIdx = {turn(b, grid.x), 0, 0};
        Coroutines::instance().run(thread, block.x);
    }
}

namespace {

/// One thing at a time, whoever asks.
std::recursive_mutex& lock() {
    static std::recursive_mutex mutex;
    return mutex;
}

using Guard = std::lock_guard<std::recursive_mutex>;

std::size_t setting(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Whether it has given out, as a GPU does that falls off its bus.
bool gives_out() {
    static std::size_t left = setting("NT_STAND_IN_LAUNCHES", ~std::size_t{0});
    return left == 0 || --left == 0;
}

struct Memory {
    std::map<std::uintptr_t, std::pair<void*, std::size_t>> mappings;
    std::size_t used = 0;
    std::size_t total = setting("NT_STAND_IN_MEMORY", std::size_t{4} << 30);

    static Memory& instance() {
        static Memory memory;
        return memory;
    }

    /// Memory whose last byte lies before a page that nobody may touch.
    void* take(std::size_t bytes) {
        if (used + bytes > total) return nullptr;
        const std::size_t page = sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
        char* start = (char*)mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) return nullptr;
        mprotect(start + room, page, PROT_NONE);
        std::memset(start, 0xFF, room);
        char* memory = start + room - bytes;
        used += bytes;
        mappings[(std::uintptr_t)memory] = {start, bytes};
        return memory;
    }

    bool give_back(void* memory) {
        auto found = mappings.find((std::uintptr_t)memory);
        if (found == mappings.end()) return false;
        const auto [start, bytes] = found->second;
        const std::size_t page = sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
        munmap(start, room + page);
        used -= bytes;
        mappings.erase(found);
        return true;
    }
};

/// Work that was captured, to be done when the graph is launched.
struct Graph {
    std::vector<std::function<void()>> work;
};

/// A stream does its work at once, or keeps it for a graph.
struct Queue {
    std::unique_ptr<Graph> capture;
};

struct Function {
    std::string name;
    Binder* binder;
};

/// The default streams, which have no addresses but 0 to 2, are never captured.
bool captures(Queue* stream) { return (std::uintptr_t)stream > 2 && stream->capture; }

int submit(Queue* stream, std::function<void()> work) {
    if (captures(stream)) {
        stream->capture->work.push_back(std::move(work));
    } else {
        work();
    }
    return 0;
}

}  // namespace
}  // namespace stand_in

using namespace stand_in;

namespace {
constexpr int SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_DEVICE = 101, NOT_FOUND = 500, LAUNCH_FAILED = 719,
              UNSUPPORTED_IN_CAPTURE = 900;
}  // namespace

/// For the stand-ins of the libraries: work of theirs on a stream.
extern "C" int stand_in_submit(void* stream, std::function<void()>* work) {
    Guard guard(lock());
    return submit((Queue*)stream, std::move(*work));
}

extern "C" {

int cuInit(unsigned int) { return setting("NT_STAND_IN_GPUS", 1) > 0 ? SUCCESS : NO_DEVICE; }
int cuDriverGetVersion(int* version) { return *version = 13000, SUCCESS; }
int cuDeviceGetCount(int* count) { return *count = (int)setting("NT_STAND_IN_GPUS", 1), SUCCESS; }
int cuDeviceGet(int* device, int ordinal) {
    if (ordinal < 0 || ordinal >= (int)setting("NT_STAND_IN_GPUS", 1)) return INVALID_DEVICE;
    return *device = ordinal, SUCCESS;
}
int cuDeviceGetName(char* name, int length, int) { return std::strncpy(name, "stand-in", length), SUCCESS; }
int cuDeviceTotalMem_v2(std::size_t* bytes, int) { return *bytes = Memory::instance().total, SUCCESS; }
int cuDeviceGetAttribute(int* value, int, int) { return *value = 1, SUCCESS; }
int cuDevicePrimaryCtxRetain(void** context, int) { return *context = (void*)1, SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxGetCurrent(void** context) { return *context = (void*)1, SUCCESS; }
int cuCtxSetCurrent(void*) { return SUCCESS; }
int cuCtxSynchronize() { return SUCCESS; }
int cuCtxDestroy_v2(void*) { return SUCCESS; }
int cuGetErrorString(int, const char** text) { return *text = "refused by the stand-in", SUCCESS; }
int cuGetErrorName(int, const char** text) { return *text = "STAND_IN", SUCCESS; }

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    Guard guard(lock());
    Memory& memory = Memory::instance();
    *total = memory.total;
    *free = memory.total - memory.used;
    return SUCCESS;
}
int cuMemAlloc_v2(void** pointer, std::size_t bytes) {
    Guard guard(lock());
    if (bytes == 0) return INVALID_VALUE;
    *pointer = Memory::instance().take(bytes);
    return *pointer ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemAllocAsync(void** pointer, std::size_t bytes, Queue* stream) {
    return captures(stream) ? UNSUPPORTED_IN_CAPTURE : cuMemAlloc_v2(pointer, bytes);
}
int cuMemFree_v2(void* pointer) {
    Guard guard(lock());
    return Memory::instance().give_back(pointer) ? SUCCESS : INVALID_VALUE;
}
int cuMemFreeAsync(void* pointer, Queue* stream) {
    return captures(stream) ? UNSUPPORTED_IN_CAPTURE : cuMemFree_v2(pointer);
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, std::size_t bytes, Queue* stream) {
    Guard guard(lock());
    // A capture would keep the address of the host's memory, which nobody here means.
    if (captures(stream)) return UNSUPPORTED_IN_CAPTURE;
    return std::memcpy(to, from, bytes), SUCCESS;
}
int cuMemcpyDtoHAsync_v2(void* to, const void* from, std::size_t bytes, Queue* stream) {
    Guard guard(lock());
    if (captures(stream)) return UNSUPPORTED_IN_CAPTURE;
    return std::memcpy(to, from, bytes), SUCCESS;
}
int cuMemcpyDtoDAsync_v2(void* to, const void* from, std::size_t bytes, Queue* stream) {
    Guard guard(lock());
    return submit(stream, [=] { std::memcpy(to, from, bytes); });
}
int cuMemcpyPeerAsync(void*, void*, const void*, void*, std::size_t, Queue*) { return INVALID_VALUE; }
int cuMemsetD8Async(void* to, unsigned char value, std::size_t bytes, Queue* stream) {
    Guard guard(lock());
    return submit(stream, [=] { std::memset(to, value, bytes); });
}

int cuStreamCreate(Queue** stream, unsigned int) { return *stream = new Queue, SUCCESS; }
int cuStreamDestroy_v2(Queue* stream) { return delete stream, SUCCESS; }
int cuStreamSynchronize(Queue* stream) { return captures(stream) ? UNSUPPORTED_IN_CAPTURE : SUCCESS; }
int cuStreamIsCapturing(Queue* stream, int* status) { return *status = captures(stream) ? 1 : 0, SUCCESS; }
int cuStreamWaitEvent(Queue*, void*, unsigned int) { return SUCCESS; }
int cuEventCreate(void** event, unsigned int) { return *event = (void*)1, SUCCESS; }
int cuEventDestroy_v2(void*) { return SUCCESS; }
int cuEventRecord(void*, Queue*) { return SUCCESS; }

int cuStreamBeginCapture_v2(Queue* stream, int) {
    Guard guard(lock());
    return stream->capture = std::make_unique<Graph>(), SUCCESS;
}
int cuStreamEndCapture(Queue* stream, Graph** graph) {
    Guard guard(lock());
    return *graph = stream->capture.release(), SUCCESS;
}
int cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
    return *executable = new Graph(*graph), SUCCESS;
}
int cuGraphLaunch(Graph* graph, Queue*) {
    Guard guard(lock());
    if (gives_out()) return LAUNCH_FAILED;
    for (auto& work : graph->work) work();
    return SUCCESS;
}
int cuGraphDestroy(Graph* graph) { return delete graph, SUCCESS; }
int cuGraphExecDestroy(Graph* graph) { return delete graph, SUCCESS; }

int cuModuleLoadData(std::string** module, const void* image) {
    // PTX, as nvcc made it of the same source.
    if (!std::strstr((const char*)image, ".version")) return INVALID_VALUE;
    return *module = new std::string((const char*)image), SUCCESS;
}
int cuModuleLoad(void**, const char*) { return NOT_FOUND; }
int cuModuleUnload(std::string* module) { return delete module, SUCCESS; }
int cuModuleGetFunction(Function** function, std::string* module, const char* name) {
    Guard guard(lock());
    auto found = kernels().find(name);
    const std::string entry = std::string(".entry ") + name + "(";
    if (found == kernels().end() || module->find(entry) == std::string::npos) return NOT_FOUND;
    *function = new Function{name, &found->second};
    return SUCCESS;
}
int cuLaunchKernel(Function* function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by,
                   unsigned int bz, unsigned int, Queue* stream, void** parameters, void**) {
    Guard guard(lock());
    if (gives_out()) return LAUNCH_FAILED;
    if (gx == 0 || gy != 1 || gz != 1 || bx == 0 || bx > 1024 || by != 1 || bz != 1) return INVALID_VALUE;
    Work work = (*function->binder)(parameters);
    return submit(stream, [=] { work({gx, 1, 1}, {bx, 1, 1}); });
}

}  // extern "C"
