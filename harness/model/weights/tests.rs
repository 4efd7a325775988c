use super::WeightsFile;
use super::pth::is_before_1_6;
use crate::model::to_bytes;
use nt_scenario::{Architecture, Initialiser, Model, Precision, Standardisation};
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/harness/model/weights/fixtures")).join(name)
}

/// What `narrow_alexnet.py` made.
fn narrow() -> Model {
    Model {
        architecture: Architecture::AlexNetTorchvision,
        width: 0.03,
        input: 64,
        initialiser: Initialiser::PyTorch,
        dropout: 0.5,
        precision: Precision::Fp32,
    }
}

fn network(name: &str) -> super::Weights {
    let mut file = WeightsFile::open(&fixture(name)).unwrap();
    file.network(&narrow(), Standardisation::IMAGENET).unwrap_or_else(|error| panic!("{name} {error}"))
}

fn refused(path: &Path, model: &Model) -> String {
    let read = WeightsFile::open(path).and_then(|mut file| file.network(model, Standardisation::IMAGENET));
    read.unwrap_err().to_string()
}

#[test]
fn a_checkpoint_of_several_gpus_in_half_precision_without_a_last_layer_is_the_same_network_rounded() {
    let (whole, cut) = (network("state_dict.pth"), network("checkpoint.pth"));
    assert_eq!((cut.num_classes, cut.is_torchvisions), (None, true));
    for (whole, cut) in whole.parameters.layers.iter().zip(&cut.parameters.layers).take(7) {
        for (whole, cut) in whole.weight.iter().zip(&cut.weight) {
            assert_eq!(half::f16::from_f32(*whole).to_f32(), *cut);
        }
    }
}

#[test]
fn every_tensor_that_does_not_fit_is_named_with_what_would() {
    let wide = refused(&fixture("state_dict.pth"), &Model { width: 0.05, input: 80, ..narrow() });
    assert!(wide.contains("features.0.weight has shape [1, 3, 11, 11] and should have [3, 3, 11, 11]"), "{wide}");
    assert!(wide.contains("classifier.4.bias has shape [122] and should have [204]"), "{wide}");
    assert!(
        wide.ends_with("they fit a model with architecture = \"alexnet-torchvision\", width = 0.03, input = 80"),
        "{wide}"
    );
    // Without the average pool, another input has as many positions before fc6.
    let pool_lacks = refused(&fixture("state_dict.pth"), &Model { architecture: Architecture::AlexNet, ..narrow() });
    assert!(
        pool_lacks.contains("they fit a model with architecture = \"alexnet\", width = 0.03, input = 224"),
        "{pool_lacks}"
    );
    let others = refused(&fixture("state_dict.pth"), &Model { architecture: Architecture::AlexNet2012, ..narrow() });
    assert!(
        others.contains("none of its tensors is called conv1.weight; they are called classifier.1.bias"),
        "{others}"
    );
}

#[test]
fn what_is_no_state_dict_is_refused_by_name() {
    let whole = refused(&fixture("whole_model.pth"), &narrow());
    assert!(whole.contains("save model.state_dict()"), "{whole}");
    assert!(refused(&fixture("narrow_alexnet.py"), &narrow()).contains("neither a file of torch.save nor safetensors"));
    assert!(refused(&fixture("expected.safetensors"), &narrow()).contains("none of its tensors is called"));
    assert!(refused(&fixture(""), &narrow()).contains("cannot be read"));
    assert!(is_before_1_6(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."));
}

#[test]
fn a_cut_file_is_refused() {
    let bytes = fs::read(fixture("state_dict.pth")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pth");
    for kept in [0, 3, 9, 64, 1000, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..kept]).unwrap();
        assert!(!refused(&path, &narrow()).is_empty(), "{kept} bytes");
    }
}

/// What candle's reader cannot withstand: a value that holds itself twice, fifty times over, and one within another a million deep.
#[test]
fn a_pickle_takes_no_more_memory_than_its_length() {
    let mut doubled = b"\x80\x02]q\x00".to_vec();
    for _ in 0..50 {
        doubled.extend(b"h\x00h\x00\x86q\x00");
    }
    doubled.push(b'.');
    let mut nested = b"\x80\x02N".to_vec();
    nested.extend([0x85].repeat(1_000_000));
    nested.push(b'.');
    for pickle in [doubled, nested] {
        assert!(super::pickle::Pickle::read(&pickle).is_ok());
    }
}

#[test]
fn a_changed_bit_is_another_network_and_refused() {
    let mut bytes = fs::read(fixture("state_dict.pth")).unwrap();
    let bias = network("state_dict.pth").parameters.layers[7].bias[0].to_le_bytes();
    let at = bytes.windows(4).position(|four| four == bias).unwrap();
    bytes[at] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.pth");
    fs::write(&path, bytes).unwrap();
    let told = refused(&path, &narrow());
    assert!(told.starts_with("is damaged: the checksum of state_dict/data/15"), "{told}");
}

#[test]
fn a_network_of_a_study_is_read_by_its_own_names_and_values_that_are_not_finite_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let mut parameters = network("state_dict.pth").parameters;
    fs::write(&path, to_bytes(&parameters, &narrow().shape(3)).unwrap()).unwrap();
    let read = WeightsFile::open(&path).unwrap().network(&narrow(), Standardisation::IMAGENET).unwrap();
    assert_eq!((&read.parameters, read.num_classes, read.is_torchvisions), (&parameters, Some(3), false));
    parameters.layers[2].weight[5] = f32::NAN;
    parameters.layers[7].bias[1] = f32::INFINITY;
    fs::write(&path, to_bytes(&parameters, &narrow().shape(3)).unwrap()).unwrap();
    let told = refused(&path, &narrow());
    assert!(told.contains("conv3.weight has values that are not finite; fc8.bias has values that"), "{told}");
}
