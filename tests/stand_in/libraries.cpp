// Stand-ins for what nt calls of cuBLAS, cuDNN, cuRAND and the CUDA runtime, by plain loops. See driver.cpp.
//
// cuDNN's ranks a fast algorithm first that is not deterministic, as the real one may, and one that computes with tensor
// cores: nt must take neither where it is not allowed to. With NT_STAND_IN_CHANNELS_LAST=refused it has no algorithm for
// tensors with channels last.

#include <cudnn.h>
#include <cublas_v2.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

extern "C" int stand_in_submit(void* stream, std::function<void()>* work);

namespace {

int submit(void* stream, std::function<void()> work) { return stand_in_submit(stream, &work); }

/// Numbers of either type of storage.
struct Numbers {
    void* at;
    bool is_half;

    float get(std::size_t i) const {
        return is_half ? __bfloat162float(((__nv_bfloat16*)at)[i]) : ((float*)at)[i];
    }
    void set(std::size_t i, float value) const {
        if (is_half) ((__nv_bfloat16*)at)[i] = __float2bfloat16_rn(value);
        else ((float*)at)[i] = value;
    }
};

struct Handle {
    void* stream = nullptr;
};

struct Shape {
    int size[4] = {0, 0, 0, 0};
    bool is_half = false, channels_last = false;

    /// Where (n, c, position) lies, of a filter (k, c, tap).
    std::size_t at(int n, int c, int position) const {
        const std::size_t positions = (std::size_t)size[2] * size[3];
        return channels_last ? (n * positions + position) * size[1] + c : ((std::size_t)n * size[1] + c) * positions + position;
    }
};

struct Convolving {
    int padding = 0, stride = 0, groups = 1;
    cudnnMathType_t arithmetic = CUDNN_DEFAULT_MATH;
};

/// Scratch that the one algorithm there is asks for.
constexpr std::size_t WORKSPACE = 4096;

/// Writes all of the scratch, so that what is smaller than was asked for, or shared with a tensor, is found out.
void use_up(void* workspace) { std::memset(workspace, 0xFF, WORKSPACE); }

template <typename Performance, typename Algorithm>
cudnnStatus_t rank(const Convolving* c, const void* x, const void* w, const void* y, int asked, int* returned, Performance* found) {
    struct Offer { int algorithm; cudnnDeterminism_t determinism; cudnnMathType_t arithmetic; cudnnStatus_t status; };
    const bool strict = c->arithmetic == CUDNN_FMA_MATH, last = ((const Shape*)x)->channels_last;
    if (((const Shape*)w)->channels_last != last || ((const Shape*)y)->channels_last != last) return CUDNN_STATUS_BAD_PARAM;
    static const bool refuses_channels_last = std::getenv("NT_STAND_IN_CHANNELS_LAST") != nullptr;
    const Offer offers[] = {
        {5, CUDNN_DETERMINISTIC, CUDNN_DEFAULT_MATH, CUDNN_STATUS_NOT_SUPPORTED},
        {0, CUDNN_NON_DETERMINISTIC, CUDNN_DEFAULT_MATH, CUDNN_STATUS_SUCCESS},
        {strict ? 2 : 1, CUDNN_DETERMINISTIC, CUDNN_TENSOR_OP_MATH, CUDNN_STATUS_SUCCESS},
        {1, CUDNN_DETERMINISTIC, CUDNN_FMA_MATH, CUDNN_STATUS_SUCCESS},
    };
    const bool none = last && refuses_channels_last;
    *returned = 0;
    for (const Offer& offer : offers) {
        if (*returned == asked) break;
        Performance& p = found[(*returned)++];
        std::memset(&p, 0, sizeof p);
        p.algo = (Algorithm)offer.algorithm;
        p.status = none ? CUDNN_STATUS_NOT_SUPPORTED : offer.status;
        p.memory = WORKSPACE;
        p.determinism = offer.determinism;
        p.mathType = offer.arithmetic;
    }
    return CUDNN_STATUS_SUCCESS;
}

/// A matrix in single precision, row by row.
struct Matrix {
    int rows, columns;
    std::vector<float> values;
    Matrix(int rows, int columns) : rows(rows), columns(columns), values((std::size_t)rows * columns) {}
    float* row(int r) { return values.data() + (std::size_t)r * columns; }
    const float* row(int r) const { return values.data() + (std::size_t)r * columns; }
    Matrix transposed() const {
        Matrix t(columns, rows);
        for (int r = 0; r < rows; ++r)
            for (int c = 0; c < columns; ++c) t.row(c)[r] = row(r)[c];
        return t;
    }
};

/// c += a b
void add_product(const Matrix& a, const Matrix& b, Matrix& c) {
    if (a.columns != b.rows || c.rows != a.rows || c.columns != b.columns) std::abort();
    for (int r = 0; r < a.rows; ++r)
        for (int k = 0; k < a.columns; ++k) {
            const float factor = a.row(r)[k];
            const float* from = b.row(k);
            float* to = c.row(r);
            for (int i = 0; i < b.columns; ++i) to[i] += factor * from[i];
        }
}

/// A convolution as products of matrices, one image and one group at a time.
struct Unrolled {
    Shape x, w, y;
    Convolving c;

    Unrolled(const Shape& x, const Shape& w, const Shape& y, const Convolving& c) : x(x), w(w), y(y), c(c) {
        const int side = (x.size[2] + 2 * c.padding - w.size[2]) / c.stride + 1;
        if (x.size[0] != y.size[0] || w.size[0] != y.size[1] || w.size[1] * c.groups != x.size[1]) std::abort();
        if (w.size[2] != w.size[3] || x.size[2] != x.size[3] || y.size[2] != side || y.size[3] != side) std::abort();
    }
    int taps() const { return w.size[1] * w.size[2] * w.size[3]; }
    int positions() const { return y.size[2] * y.size[3]; }
    int outputs() const { return w.size[0] / c.groups; }

    /// Calls visit(row, column, place in x) for every tap of an image's group that lies within it.
    template <typename Visit>
    void each_tap(int n, int group, Visit visit) const {
        const int kernel = w.size[2], side = x.size[2], out = y.size[2];
        for (int tap = 0; tap < taps(); ++tap) {
            const int channel = group * w.size[1] + tap / (kernel * kernel), ky = tap / kernel % kernel, kx = tap % kernel;
            for (int position = 0; position < positions(); ++position) {
                const int iy = position / out * c.stride + ky - c.padding, ix = position % out * c.stride + kx - c.padding;
                if (iy < 0 || iy >= side || ix < 0 || ix >= side) continue;
                visit(tap, position, x.at(n, channel, iy * side + ix));
            }
        }
    }
    Matrix columns(Numbers from, int n, int group) const {
        Matrix matrix(taps(), positions());
        each_tap(n, group, [&](int tap, int position, std::size_t at) { matrix.row(tap)[position] = from.get(at); });
        return matrix;
    }
    /// Calls visit(output, tap, place in w) for every weight of a group.
    template <typename Visit>
    void each_weight(int group, Visit visit) const {
        const int square = w.size[2] * w.size[3];
        for (int output = 0; output < outputs(); ++output)
            for (int tap = 0; tap < taps(); ++tap) visit(output, tap, w.at(group * outputs() + output, tap / square, tap % square));
    }
    Matrix weights(Numbers from, int group) const {
        Matrix matrix(outputs(), taps());
        each_weight(group, [&](int output, int tap, std::size_t at) { matrix.row(output)[tap] = from.get(at); });
        return matrix;
    }
    /// Calls visit(output, position, place in y) for every output of an image's group.
    template <typename Visit>
    void each_output(int n, int group, Visit visit) const {
        for (int output = 0; output < outputs(); ++output)
            for (int position = 0; position < positions(); ++position)
                visit(output, position, y.at(n, group * outputs() + output, position));
    }
    Matrix outputs_of(Numbers from, int n, int group) const {
        Matrix matrix(outputs(), positions());
        each_output(n, group, [&](int output, int position, std::size_t at) { matrix.row(output)[position] = from.get(at); });
        return matrix;
    }
};

std::size_t count(const Shape& s) { return (std::size_t)s.size[0] * s.size[1] * s.size[2] * s.size[3]; }

Shape& shape(const void* descriptor) { return *(Shape*)descriptor; }
Convolving& convolving(const void* descriptor) { return *(Convolving*)descriptor; }
bool knows(cudnnTensorFormat_t format) { return format == CUDNN_TENSOR_NCHW || format == CUDNN_TENSOR_NHWC; }

}  // namespace

extern "C" {

// cuDNN

std::size_t cudnnGetVersion() { return 91300; }
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return *handle = (cudnnHandle_t) new Handle, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return delete (Handle*)handle, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    return ((Handle*)handle)->stream = stream, CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* d) { return *d = (cudnnTensorDescriptor_t) new Shape, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t d) { return delete (Shape*)d, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* d) { return *d = (cudnnFilterDescriptor_t) new Shape, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t d) { return delete (Shape*)d, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* d) { return *d = (cudnnConvolutionDescriptor_t) new Convolving, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t d) { return delete (Convolving*)d, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t d, cudnnTensorFormat_t format, cudnnDataType_t type, int n, int c, int h, int w) {
    if (!knows(format) || n < 1 || c < 1 || h < 1 || w < 1) return CUDNN_STATUS_BAD_PARAM;
    shape(d) = Shape{{n, c, h, w}, type == CUDNN_DATA_BFLOAT16, format == CUDNN_TENSOR_NHWC};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d, cudnnDataType_t type, cudnnTensorFormat_t format, int k, int c, int h, int w) {
    if (!knows(format) || k < 1 || c < 1 || h < 1 || w < 1) return CUDNN_STATUS_BAD_PARAM;
    shape(d) = Shape{{k, c, h, w}, type == CUDNN_DATA_BFLOAT16, format == CUDNN_TENSOR_NHWC};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t d, int ph, int pw, int sh, int sw, int dh, int dw, cudnnConvolutionMode_t mode, cudnnDataType_t type) {
    if (ph != pw || sh != sw || dh != 1 || dw != 1 || mode != CUDNN_CROSS_CORRELATION || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_BAD_PARAM;
    convolving(d).padding = ph;
    convolving(d).stride = sh;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t d, int groups) { return convolving(d).groups = groups, CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t d, cudnnMathType_t type) { return convolving(d).arithmetic = type, CUDNN_STATUS_SUCCESS; }

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x, const cudnnFilterDescriptor_t w, const cudnnConvolutionDescriptor_t c, const cudnnTensorDescriptor_t y, const int asked, int* returned, cudnnConvolutionFwdAlgoPerf_t* found) {
    return rank<cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionFwdAlgo_t>((Convolving*)c, x, w, y, asked, returned, found);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, const cudnnFilterDescriptor_t w, const cudnnTensorDescriptor_t y, const cudnnConvolutionDescriptor_t c, const cudnnTensorDescriptor_t x, const int asked, int* returned, cudnnConvolutionBwdDataAlgoPerf_t* found) {
    return rank<cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdDataAlgo_t>((Convolving*)c, x, w, y, asked, returned, found);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x, const cudnnTensorDescriptor_t y, const cudnnConvolutionDescriptor_t c, const cudnnFilterDescriptor_t w, const int asked, int* returned, cudnnConvolutionBwdFilterAlgoPerf_t* found) {
    return rank<cudnnConvolutionBwdFilterAlgoPerf_t, cudnnConvolutionBwdFilterAlgo_t>((Convolving*)c, x, w, y, asked, returned, found);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t, const cudnnFilterDescriptor_t, const cudnnConvolutionDescriptor_t, const cudnnTensorDescriptor_t, cudnnConvolutionFwdAlgo_t, std::size_t*) { return CUDNN_STATUS_NOT_SUPPORTED; }
cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t, cudnnDataType_t, int, int, int, int, int, int, int, int) { return CUDNN_STATUS_NOT_SUPPORTED; }
cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, const cudnnTensorDescriptor_t xd, const void* x, const cudnnFilterDescriptor_t wd, const void* w, const cudnnConvolutionDescriptor_t cd, cudnnConvolutionFwdAlgo_t algorithm, void* workspace, std::size_t bytes, const void* beta, const cudnnTensorDescriptor_t yd, void* y) {
    if (*(float*)alpha != 1 || *(float*)beta != 0) return CUDNN_STATUS_BAD_PARAM;
    const Shape xs = shape(xd), ws = shape(wd), ys = shape(yd);
    const Convolving c = convolving(cd);
    if (algorithm != 1 || bytes != WORKSPACE) return CUDNN_STATUS_BAD_PARAM;
    submit(((Handle*)handle)->stream, [=] {
        use_up(workspace);
        const Numbers nx{(void*)x, xs.is_half}, nw{(void*)w, ws.is_half}, ny{y, ys.is_half};
        const Unrolled all(xs, ws, ys, c);
        for (int group = 0; group < c.groups; ++group) {
            const Matrix weights = all.weights(nw, group);
            for (int n = 0; n < xs.size[0]; ++n) {
                Matrix sums(all.outputs(), all.positions());
                add_product(weights, all.columns(nx, n, group), sums);
                all.each_output(n, group, [&](int output, int position, std::size_t at) { ny.set(at, sums.row(output)[position]); });
            }
        }
    });
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, const cudnnFilterDescriptor_t wd, const void* w, const cudnnTensorDescriptor_t yd, const void* dy, const cudnnConvolutionDescriptor_t cd, cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace, std::size_t bytes, const void* beta, const cudnnTensorDescriptor_t xd, void* dx) {
    if (*(float*)alpha != 1 || *(float*)beta != 0) return CUDNN_STATUS_BAD_PARAM;
    const Shape xs = shape(xd), ws = shape(wd), ys = shape(yd);
    const Convolving c = convolving(cd);
    if (algorithm != 1 || bytes != WORKSPACE) return CUDNN_STATUS_BAD_PARAM;
    submit(((Handle*)handle)->stream, [=] {
        use_up(workspace);
        const Numbers nx{dx, xs.is_half}, nw{(void*)w, ws.is_half}, ny{(void*)dy, ys.is_half};
        const Unrolled all(xs, ws, ys, c);
        std::vector<float> sums(count(xs));
        for (int group = 0; group < c.groups; ++group) {
            const Matrix weights = all.weights(nw, group).transposed();
            for (int n = 0; n < xs.size[0]; ++n) {
                Matrix columns(all.taps(), all.positions());
                add_product(weights, all.outputs_of(ny, n, group), columns);
                all.each_tap(n, group, [&](int tap, int position, std::size_t at) { sums[at] += columns.row(tap)[position]; });
            }
        }
        for (std::size_t i = 0; i < sums.size(); ++i) nx.set(i, sums[i]);
    });
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, const cudnnTensorDescriptor_t xd, const void* x, const cudnnTensorDescriptor_t yd, const void* dy, const cudnnConvolutionDescriptor_t cd, cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace, std::size_t bytes, const void* beta, const cudnnFilterDescriptor_t wd, void* dw) {
    if (*(float*)alpha != 1 || *(float*)beta != 0) return CUDNN_STATUS_BAD_PARAM;
    const Shape xs = shape(xd), ws = shape(wd), ys = shape(yd);
    const Convolving c = convolving(cd);
    if (algorithm != 1 || bytes != WORKSPACE) return CUDNN_STATUS_BAD_PARAM;
    submit(((Handle*)handle)->stream, [=] {
        use_up(workspace);
        const Numbers nx{(void*)x, xs.is_half}, nw{dw, ws.is_half}, ny{(void*)dy, ys.is_half};
        const Unrolled all(xs, ws, ys, c);
        for (int group = 0; group < c.groups; ++group) {
            Matrix sums(all.outputs(), all.taps());
            for (int n = 0; n < xs.size[0]; ++n) {
                add_product(all.outputs_of(ny, n, group), all.columns(nx, n, group).transposed(), sums);
            }
            all.each_weight(group, [&](int output, int tap, std::size_t at) { nw.set(at, sums.row(output)[tap]); });
        }
    });
    return CUDNN_STATUS_SUCCESS;
}

// cuBLAS

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) { return *handle = (cublasHandle_t) new Handle, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) { return delete (Handle*)handle, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasGetVersion_v2(cublasHandle_t, int* version) { return *version = 130000, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) { return ((Handle*)handle)->stream = stream, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void* workspace, std::size_t) { return workspace ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE; }
cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const double*, const double*, int, long long, const double*, int, long long, const double*, double*, int, long long, int) { return CUBLAS_STATUS_NOT_SUPPORTED; }
cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*, const void*, cudaDataType, int, long long, const void*, cudaDataType, int, long long, const void*, void*, cudaDataType, int, long long, int, cublasComputeType_t, cublasGemmAlgo_t) { return CUBLAS_STATUS_NOT_SUPPORTED; }
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const void* alpha, const void* a, cudaDataType at, int lda, const void* b, cudaDataType bt, int ldb, const void* beta, void* c, cudaDataType ct, int ldc, cublasComputeType_t compute, cublasGemmAlgo_t) {
    if (*(float*)alpha != 1 || *(float*)beta != 0 || m < 1 || n < 1 || k < 1) return CUBLAS_STATUS_INVALID_VALUE;
    if (compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_FAST_TF32) return CUBLAS_STATUS_INVALID_VALUE;
    if (lda < (ta == CUBLAS_OP_N ? m : k) || ldb < (tb == CUBLAS_OP_N ? k : n) || ldc < m) return CUBLAS_STATUS_INVALID_VALUE;
    submit(((Handle*)handle)->stream, [=] {
        const Numbers na{(void*)a, at == CUDA_R_16BF}, nb{(void*)b, bt == CUDA_R_16BF}, nc{c, ct == CUDA_R_16BF};
        Matrix rows(m, k), columns(k, n), sums(m, n);
        for (int r = 0; r < m; ++r)
            for (int i = 0; i < k; ++i) rows.row(r)[i] = na.get(ta == CUBLAS_OP_N ? r + (std::size_t)i * lda : i + (std::size_t)r * lda);
        for (int i = 0; i < k; ++i)
            for (int l = 0; l < n; ++l) columns.row(i)[l] = nb.get(tb == CUBLAS_OP_N ? i + (std::size_t)l * ldb : l + (std::size_t)i * ldb);
        add_product(rows, columns, sums);
        for (int r = 0; r < m; ++r)
            for (int l = 0; l < n; ++l) nc.set(r + (std::size_t)l * ldc, sums.row(r)[l]);
    });
    return CUBLAS_STATUS_SUCCESS;
}

// cuRAND and the runtime: candle calls them when it opens a device.

int curandCreateGenerator(void** generator, int) { return *generator = (void*)1, 0; }
int curandDestroyGenerator(void*) { return 0; }
int curandSetPseudoRandomGeneratorSeed(void*, unsigned long long) { return 0; }
int curandSetStream(void*, void*) { return 0; }
void** __cudaRegisterFatBinary(void*) {
    static void* binary;
    return &binary;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, void*, void*, void*, void*, int*) {}
void __cudaRegisterVar(void**, char*, char*, const char*, int, std::size_t, int, int) {}

// What candle links and nt does not call.
#define NOT_CALLED(name) \
    void name() { std::abort(); }
NOT_CALLED(__cudaGetKernel)
NOT_CALLED(__cudaLaunchKernel_ptsz)
NOT_CALLED(__cudaPopCallConfiguration)
NOT_CALLED(__cudaPushCallConfiguration)
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaErrorNotSupported; }
cudaError_t cudaGetDevice(int*) { return cudaErrorNotSupported; }

}  // extern "C"
