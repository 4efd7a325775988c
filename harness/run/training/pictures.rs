//! Pictures that a job leaves for the report.

use crate::data::{Images, Inputs};
use crate::model::Parameters;
use nt_records::pictures::{Filters, MOST_SIDE, Thumbnails};
use nt_scenario::network::{NetworkShape, Product};

/// Test images, small.
pub(super) fn thumbnails(images: &Images) -> Thumbnails {
    let ids = Inputs::Images(images).ids();
    let small = ids.iter().enumerate().map(|(index, &id)| (id, images.small(index, MOST_SIDE)));
    Thumbnails::new(images.small_side(MOST_SIDE), small)
}

/// The first layer of a network.
pub(super) fn filters(shape: &NetworkShape, network: &Parameters) -> Option<Filters> {
    let (layer, parameters) = shape.layers.first().zip(network.layers.first())?;
    match layer.product {
        Product::Conv(conv) => Filters::new(conv.out_channels, conv.kernel, parameters.weight.clone()),
        Product::Linear { .. } => None,
    }
}
