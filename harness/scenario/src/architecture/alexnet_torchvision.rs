//! The single tower of torchvision, whole: its adaptive average pool makes 6 × 6 positions of whatever the convolutions give,
//! so that a network trained at 224 px fits an input of any size.

use super::alexnet;
use super::design::Design;

pub(super) const DESIGN: Design = Design { word: "alexnet-torchvision", average_pool: Some(6), ..alexnet::DESIGN };
