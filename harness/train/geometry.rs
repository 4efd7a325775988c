//! A layer's shape as the kernels of every backend take it.

use nt_kernels::conv2d::Conv2dGeometry;
use nt_scenario::network::ConvShape;

/// The geometry of a convolution.
pub(super) fn conv_geometry(c: ConvShape) -> Conv2dGeometry {
    Conv2dGeometry {
        in_channels: c.in_channels,
        out_channels: c.out_channels,
        height: c.side,
        width: c.side,
        kernel: c.kernel,
        stride: c.stride,
        padding: c.padding,
        groups: c.groups,
    }
}
