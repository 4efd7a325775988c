//! What a network does to pixels before its first layer.

use serde::{Deserialize, Serialize};

/// What a network does to pixels before its first layer: a byte is scaled to 0 … 1, and each channel's mean is taken from it
/// and the rest divided by its standard deviation. It belongs to the network, not to the data: a network that was trained with
/// other values takes them along to every target.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardisation {
    /// Mean of red, green and blue.
    pub mean: [f32; 3],
    /// Standard deviation of red, green and blue.
    pub std: [f32; 3],
}

impl Standardisation {
    /// That of ImageNet's training images, which torchvision's networks have.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

    /// Whether every value can be used: means within 0 … 1, deviations above 0, so that no pixel becomes infinite.
    pub fn is_usable(&self) -> bool {
        let is_deviation = |&std: &f32| std.is_finite() && std >= 1e-6;
        self.mean.iter().all(|mean| (0.0..=1.0).contains(mean)) && self.std.iter().all(is_deviation)
    }

    /// The standardised value of each byte, a table a channel.
    pub fn tables(&self) -> Box<[[f32; 256]; 3]> {
        let mut tables = Box::new([[0.0; 256]; 3]);
        for ((table, mean), std) in tables.iter_mut().zip(self.mean).zip(self.std) {
            for (byte, value) in table.iter_mut().enumerate() {
                *value = (byte as f32 / 255.0 - mean) / std;
            }
        }
        tables
    }

    /// The six values' bits, by which two of them are compared.
    pub fn bits(&self) -> [u32; 6] {
        let [[red, green, blue], [of_red, of_green, of_blue]] =
            [self.mean, self.std].map(|values| values.map(f32::to_bits));
        [red, green, blue, of_red, of_green, of_blue]
    }
}

impl PartialEq for Standardisation {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Standardisation {}

#[cfg(test)]
mod tests {
    use super::Standardisation;

    #[test]
    fn a_byte_is_scaled_and_standardised() {
        let tables = Standardisation { mean: [0.0, 0.5, 1.0], std: [1.0, 0.5, 0.25] }.tables();
        assert_eq!((tables[0][0], tables[0][255]), (0.0, 1.0));
        assert_eq!((tables[1][0], tables[1][255]), (-1.0, 1.0));
        assert_eq!((tables[2][0], tables[2][255]), (-4.0, 0.0));
    }

    #[test]
    fn what_would_make_a_pixel_infinite_is_not_usable() {
        assert!(Standardisation::IMAGENET.is_usable());
        for (mean, std) in [(f32::NAN, 1.0), (2.0, 1.0), (0.5, 0.0), (0.5, f32::INFINITY), (0.5, -1.0), (0.5, 1e-30)] {
            assert!(!Standardisation { mean: [mean; 3], std: [std; 3] }.is_usable(), "{mean} {std}");
        }
    }
}
