//! Classification by a network as it is.

use super::prediction::Ranking;
use super::{Backend, Prediction, Span, TrainError};
use crate::data::Inputs;
use crate::model::Parameters;
use nt_kernels::layout;
use nt_scenario::network::NetworkShape;

/// Examples ranked at a time. Every example is ranked on its own, so this changes no bit.
const BATCH: usize = 128;

/// Classifies the examples, in their order.
///
/// # Errors
/// [`TrainError::Outputs`] where the network's outputs are not numbers.
pub fn classify(
    backend: &dyn Backend,
    shape: &NetworkShape,
    span: Span,
    parameters: &Parameters,
    examples: Inputs<'_>,
) -> Result<Vec<Prediction>, TrainError> {
    let logits = backend.outputs(shape, span, parameters, examples)?;
    let mut ranking = Ranking::new(examples, shape.num_classes);
    let order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut batch = Vec::new();
    let rows = logits.chunks(BATCH * shape.num_classes);
    for (chosen, rows) in order.chunks(BATCH).zip(rows) {
        batch.resize(rows.len(), 0.0);
        layout::nchw_to_chwn(rows, &mut batch, shape.num_classes, chosen.len());
        ranking.push(chosen, &batch)?;
    }
    Ok(ranking.predictions)
}
