//! Names of files in a study's folder that several modules look for.

/// What produced the folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The second home of the study's pre-registration.
pub const REGISTRATION_FILE: &str = "preregistration.json";
