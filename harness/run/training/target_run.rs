//! What a target's run is made of.

use crate::data::SubsetDraw;
use crate::model::Parameters;
use crate::run::store::{DrawKey, NetworkKey};
use crate::train::Span;
use nt_scenario::network::NetworkShape;
use nt_scenario::{Job, TargetTask};
use std::sync::Arc;

/// One run of a target: what its training and every judgement of it need.
pub(super) struct TargetRun<'a> {
    pub job: &'a Job,
    pub task: &'a TargetTask,
    pub shape: NetworkShape,
    pub draw: Arc<SubsetDraw>,
    pub draw_key: DrawKey,
    pub source: Option<(NetworkKey, Arc<Parameters>)>,
    /// Depth whose codes are the inputs (0: images).
    pub first: usize,
}

impl TargetRun<'_> {
    /// What is computed for these inputs when nothing is trained.
    pub fn span(&self) -> Span {
        Span::evaluated_from(&self.shape, self.first)
    }
}
