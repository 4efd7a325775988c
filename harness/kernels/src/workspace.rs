//! Scratch memory that calls share, so that a training step allocates nothing.

/// Scratch memory. It grows to the size of the largest call, and never shrinks.
///
/// One per network (or per thread that drives one). Its content between calls means nothing.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    panels: Vec<f32>,
    products: Vec<f32>,
}

impl Workspace {
    /// An empty workspace.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        (self.panels.len() + self.products.len()) * size_of::<f32>()
    }

    /// Two buffers, one for a packed operand and one for products that wait for their final order, both of unspecified
    /// content.
    pub(crate) fn buffers(&mut self, panels: usize, products: usize) -> (&mut [f32], &mut [f32]) {
        (grown(&mut self.panels, panels), grown(&mut self.products, products))
    }
}

/// The first `length` elements of `buffer`, which grows where it is too short.
fn grown(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_grows_and_never_shrinks() {
        let mut workspace = Workspace::new();
        let (panels, products) = workspace.buffers(10, 4);
        assert_eq!((panels.len(), products.len()), (10, 4));
        let (panels, products) = workspace.buffers(3, 7);
        assert_eq!((panels.len(), products.len()), (3, 7));
        assert_eq!(workspace.bytes(), (10 + 7) * 4);
    }
}
