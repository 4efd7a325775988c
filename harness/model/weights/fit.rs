//! Which of a file's tensors are a network's, and whether they fit it.

use super::{WeightsError, WeightsFile};
use crate::model::{LayerParameters, Parameters};
use nt_scenario::network::{INPUT_RANGE, LearnedLayer, NetworkShape};
use nt_scenario::{Architecture, Model, Standardisation};
use std::collections::BTreeMap;

/// A network that was read from a file.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Its parameters. Where the file has no last layer, that is zero.
    pub parameters: Parameters,
    /// The classes that its last layer tells apart; `None` where the file has no last layer.
    pub num_classes: Option<usize>,
    /// Whether its layers have torchvision's names.
    pub is_torchvisions: bool,
}

/// A tensor that does not fit the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// No tensor has a name that the network knows.
    #[error("none of its tensors is called {wanted}; they are called {}", some(found))]
    Names {
        /// The first name of each naming, in words.
        wanted: String,
        /// The file's names.
        found: Vec<String>,
    },
    /// A tensor is not there.
    #[error("{name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape.
    #[error("{name} has shape {found:?} and should have {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the network has.
        expected: Vec<usize>,
    },
    /// A tensor holds NaN or infinities.
    #[error("{name} has values that are not finite")]
    NotFinite {
        /// Its name.
        name: String,
    },
}

/// Some names of many.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names.len() {
        0 => "nothing: it holds no numbers with a fraction".to_owned(),
        count if count > SHOWN => format!("{} … ({count} in all)", names[..SHOWN].join(", ")),
        _ => names.join(", "),
    }
}

/// What does not fit, and what would.
pub(super) fn listed(misfits: &[Misfit], hint: Option<&str>) -> String {
    let told: Vec<String> = misfits.iter().map(Misfit::to_string).collect();
    let step = match hint {
        Some(hint) => format!("they fit a model with {hint}"),
        None => "use a network of the same architecture and width, or set the scenario's to its".to_owned(),
    };
    format!("{}; {step}", told.join("; "))
}

/// The names of a network's layers in a file: before `.weight` and `.bias`.
struct Naming {
    layers: Vec<String>,
    is_torchvisions: bool,
    /// How many of them the file has.
    found: usize,
}

/// A file's names without the steps that wrappers such as `DataParallel` put into them, and what they are in the file.
fn plain_names(file: &WeightsFile) -> BTreeMap<String, String> {
    let plain = |name: &String| name.split('.').filter(|step| *step != "module").collect::<Vec<_>>().join(".");
    file.tensors.keys().map(|name| (plain(name), name.clone())).collect()
}

impl Naming {
    /// The naming of which the file has most names, below whatever the network is called in it.
    fn find(names: &BTreeMap<String, String>, architecture: Architecture) -> Self {
        let own: Vec<String> = architecture.layer_names().into_iter().map(str::to_owned).collect();
        let torchvision = architecture.torchvision_names().iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut best = Self { layers: own.clone(), is_torchvisions: false, found: 0 };
        for (layers, is_torchvisions) in [(own, false), (torchvision, true)] {
            let Some(first) = layers.first() else { continue };
            let end = format!("{first}.weight");
            let prefixes = names.keys().filter_map(|name| name.strip_suffix(&end));
            for prefix in prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.')) {
                let layers: Vec<String> = layers.iter().map(|layer| format!("{prefix}{layer}")).collect();
                let found = layers.iter().filter(|layer| names.contains_key(&format!("{layer}.weight"))).count();
                if found > best.found {
                    best = Self { layers, is_torchvisions, found };
                }
            }
        }
        best
    }
}

impl WeightsFile {
    /// Reads the network of a scenario's model from this file. Its standardisation is the caller's to say.
    ///
    /// # Errors
    /// [`WeightsError::Misfit`] with every tensor that does not fit; the file's own faults.
    pub fn network(&mut self, model: &Model, standardisation: Standardisation) -> Result<Weights, WeightsError> {
        let names = plain_names(self);
        let naming = Naming::find(&names, model.architecture);
        if naming.found == 0 {
            let torchvision = model.architecture.torchvision_names();
            let firsts =
                model.architecture.layer_names().into_iter().take(1).chain(torchvision.iter().copied().take(1));
            let wanted: Vec<String> = firsts.map(|name| format!("{name}.weight")).collect();
            let misfits =
                vec![Misfit::Names { wanted: wanted.join(" or "), found: self.tensors.keys().cloned().collect() }];
            return Err(WeightsError::Misfit { misfits, hint: None });
        }
        let file_name = |layer: usize, part: &str| {
            let name = format!("{}.{part}", naming.layers[layer]);
            names.get(&name).cloned().unwrap_or(name)
        };
        let last = naming.layers.len() - 1;
        let num_classes = self.tensors.get(&file_name(last, "weight")).and_then(|stored| stored.shape.first().copied());
        let shape = model.shape(num_classes.unwrap_or(1).max(1));
        let misfits = self.misfits(&shape, num_classes.is_none(), file_name);
        if !misfits.is_empty() {
            return Err(WeightsError::Misfit { misfits, hint: self.hint(model, num_classes, &file_name) });
        }
        let (mut layers, mut misfits) = (Vec::with_capacity(shape.layers.len()), Vec::new());
        for (index, layer) in shape.layers.iter().enumerate() {
            if index == last && num_classes.is_none() {
                layers.push(LayerParameters {
                    weight: vec![0.0; layer.num_weights()],
                    bias: vec![0.0; layer.num_biases()],
                });
                continue;
            }
            let [weight, bias] = ["weight", "bias"].map(|part| file_name(index, part));
            let parameters = LayerParameters { weight: self.read(&weight)?, bias: self.read(&bias)? };
            for (name, values) in [(weight, &parameters.weight), (bias, &parameters.bias)] {
                if !values.iter().all(|value| value.is_finite()) {
                    misfits.push(Misfit::NotFinite { name });
                }
            }
            layers.push(parameters);
        }
        if !misfits.is_empty() {
            return Err(WeightsError::Misfit { misfits, hint: None });
        }
        let parameters = Parameters { standardisation, layers };
        Ok(Weights { parameters, num_classes, is_torchvisions: naming.is_torchvisions })
    }

    /// Every tensor that does not fit a network of this shape.
    fn misfits(&self, shape: &NetworkShape, is_cut: bool, file_name: impl Fn(usize, &str) -> String) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        let layers = shape.layers.len() - usize::from(is_cut);
        for (index, layer) in shape.layers.iter().enumerate().take(layers) {
            for (part, expected) in parts(layer) {
                let name = file_name(index, part);
                match self.tensors.get(&name) {
                    None => misfits.push(Misfit::Missing { name }),
                    Some(stored) if stored.shape != expected => {
                        misfits.push(Misfit::Shape { name, found: stored.shape.clone(), expected });
                    }
                    Some(_) => {}
                }
            }
        }
        misfits
    }

    /// Widths that would give a layer the channels that it has, the roundest first. Channels are rounded down.
    fn widths(&self, architecture: Architecture, file_name: &impl Fn(usize, &str) -> String) -> Vec<f64> {
        let published = NetworkShape::new(architecture, 1.0, 224, 1);
        let of_layer = |(index, layer): (usize, &LearnedLayer)| {
            let channels = *self.tensors.get(&file_name(index, "bias"))?.shape.first()? as f64;
            let least = channels / layer.num_biases() as f64;
            Some([1.0, 100.0, 1000.0, 1e6].map(|digits| (least * digits).ceil() / digits))
        };
        // The last layer's features are classes.
        let layers = published.layers.iter().enumerate().take(published.layers.len() - 1);
        let mut widths: Vec<f64> = layers.filter_map(of_layer).flatten().collect();
        widths.sort_by_key(|width| width.to_string().len());
        widths.dedup();
        widths
    }

    /// The keys of a model that these tensors fit: of this or another architecture, with a width of theirs.
    fn hint(
        &self,
        model: &Model,
        num_classes: Option<usize>,
        file_name: &impl Fn(usize, &str) -> String,
    ) -> Option<String> {
        let inputs = || [model.input, 224].into_iter().chain(INPUT_RANGE);
        for &architecture in [model.architecture].iter().chain(Architecture::ALL) {
            let widths = [model.width].into_iter().chain(self.widths(architecture, file_name));
            for (width, input) in widths.flat_map(|width| inputs().map(move |input| (width, input))) {
                // No more than the file could hold, whatever its shapes claim.
                if !(width > 0.0 && width <= 4.0) {
                    continue;
                }
                let shape = NetworkShape::new(architecture, width, input, num_classes.unwrap_or(1).max(1));
                if shape.layers.len() == model.architecture.num_layers()
                    && self.misfits(&shape, num_classes.is_none(), file_name).is_empty()
                {
                    let word = architecture.word();
                    return Some(format!("architecture = \"{word}\", width = {width}, input = {input}"));
                }
            }
        }
        None
    }
}

/// The tensors of a layer with their shapes.
fn parts(layer: &LearnedLayer) -> [(&'static str, Vec<usize>); 2] {
    [("weight", layer.weight_shape()), ("bias", vec![layer.num_biases()])]
}
