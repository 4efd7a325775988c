//! How many studies are simulated, and how exact their rates are.

/// Studies a setting: `usual` of them, or ten times as many where `NT_SOAK` is set (`just soak`).
pub fn studies(usual: u64) -> u64 {
    if std::env::var_os("NT_SOAK").is_some() { 10 * usual } else { usual }
}

/// Two binomial standard errors of a rate of .05 among so many studies.
pub fn error(studies: u64) -> f64 {
    2.0 * (0.05 * 0.95 / studies as f64).sqrt()
}
