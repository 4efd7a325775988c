//! x
#[derive(Debug)] pub(crate) struct RawScenario;
