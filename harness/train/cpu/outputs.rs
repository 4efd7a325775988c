//! The values that a network computes, as in evaluation.

use super::Network;
use crate::data::Inputs;
use crate::model::Parameters;
use crate::train::{Span, TrainError};
use nt_kernels::layout;
use nt_scenario::network::NetworkShape;

/// Examples evaluated at a time. Every example is computed on its own, so this changes no bit.
const EVALUATION_BATCH: usize = 128;

/// The values of the examples after depth `span.last`, `(N, num_outputs)`.
pub(super) fn outputs(
    shape: &NetworkShape,
    span: Span,
    parameters: &Parameters,
    examples: Inputs<'_>,
) -> Result<Vec<f32>, TrainError> {
    let num_features = shape.layers[..span.last].last().map_or(examples.num_features(), |l| l.num_activations());
    let mut values = vec![0.0; examples.len() * num_features];
    let mut network = Network::new(shape, Span { frozen: span.last, ..span }, EVALUATION_BATCH.min(examples.len()))?;
    let order: Vec<u32> = (0..examples.len() as u32).collect();
    let (mut input, standardised) = (Vec::new(), parameters.standardisation.tables());
    let rows = values.chunks_mut((EVALUATION_BATCH * num_features).max(1));
    for (chosen, rows) in order.chunks(EVALUATION_BATCH).zip(rows) {
        input.resize(examples.num_features() * chosen.len(), 0.0);
        examples.gather(chosen, None, &standardised, &mut input);
        let outputs = network.forward(parameters, &input, chosen.len(), None);
        layout::chwn_to_nchw(outputs, rows, num_features, chosen.len());
    }
    Ok(values)
}
