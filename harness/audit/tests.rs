//! Overlap and similarity on data whose answer is known.
