//! The cache of the Hugging Face Hub: where its programs keep what they downloaded.

use std::env;
use std::path::{Path, PathBuf};

/// What a path into the cache begins with.
const SCHEME: &str = "hf://";

/// A path into the cache that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// It does not name a repository and a file.
    #[error("{path:?} should be hf://OWNER/NAME/FILE, or hf://OWNER/NAME@REVISION/FILE")]
    Form {
        /// The path.
        path: String,
    },
    /// The environment does not say where the cache is.
    #[error("neither HF_HUB_CACHE, HF_HOME nor HOME says where the cache of the Hugging Face Hub is: set one of them")]
    NoCache,
    /// The file was not downloaded.
    #[error(
        "{path:?} is not in the cache of the Hugging Face Hub ({}): download it with `hf download {repository} {file} --revision {revision}`",
        looked_for.display()
    )]
    Absent {
        /// The path.
        path: String,
        /// Owner and name.
        repository: String,
        /// The file in it.
        file: String,
        /// The revision asked for.
        revision: String,
        /// Where it was looked for.
        looked_for: PathBuf,
    },
}

/// The file that a source's `path` names: in the cache where it begins with `hf://`, otherwise below `base`.
///
/// # Errors
/// [`HubError`] for a path into the cache that leads nowhere.
pub fn resolve(path: &str, base: &Path) -> Result<PathBuf, HubError> {
    let Some(address) = path.strip_prefix(SCHEME) else { return Ok(base.join(path)) };
    let of = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = of("HF_HUB_CACHE")
        .or_else(|| Some(of("HF_HOME")?.join("hub")))
        .or_else(|| Some(of("XDG_CACHE_HOME")?.join("huggingface/hub")))
        .or_else(|| Some(of("HOME")?.join(".cache/huggingface/hub")));
    within(&cache.ok_or(HubError::NoCache)?, path, address)
}

/// As the programs of the Hub lay out their cache: `refs/REVISION` holds the name of a folder below `snapshots`.
fn within(cache: &Path, path: &str, address: &str) -> Result<PathBuf, HubError> {
    let form = || HubError::Form { path: path.to_owned() };
    let mut parts = address.splitn(3, '/');
    let (Some(owner), Some(name), Some(file)) = (parts.next(), parts.next(), parts.next()) else { return Err(form()) };
    let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
    let is_plain = |part: &&str| !part.is_empty() && *part != "." && *part != "..";
    if ![owner, name, revision].iter().all(is_plain) || !file.split('/').all(|part| is_plain(&part)) {
        return Err(form());
    }
    let repository = cache.join(format!("models--{owner}--{name}"));
    // The name of a commit, and nothing longer.
    let commit = nt_disk::read_at_most(&repository.join("refs").join(revision), 1 << 10).ok();
    let commit = commit.and_then(|bytes| String::from_utf8(bytes).ok());
    let commit = commit.as_deref().map_or(revision, str::trim);
    let found = repository.join("snapshots").join(commit).join(file);
    // The name of a folder comes from a file, and leads nowhere else.
    if is_plain(&commit) && !commit.contains('/') && found.is_file() {
        return Ok(found);
    }
    Err(HubError::Absent {
        path: path.to_owned(),
        repository: format!("{owner}/{name}"),
        file: file.to_owned(),
        revision: revision.to_owned(),
        looked_for: repository,
    })
}

#[cfg(test)]
mod tests {
    use super::{HubError, within};
    use std::fs;

    #[test]
    fn a_file_is_found_by_its_revision_and_by_its_commit() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cache.path().join("models--owner--net");
        fs::create_dir_all(repository.join("snapshots/c0ffee/sub")).unwrap();
        fs::create_dir_all(repository.join("refs")).unwrap();
        fs::write(repository.join("refs/main"), "c0ffee\n").unwrap();
        let file = repository.join("snapshots/c0ffee/sub/model.safetensors");
        fs::write(&file, "x").unwrap();
        for address in ["owner/net/sub/model.safetensors", "owner/net@c0ffee/sub/model.safetensors"] {
            assert_eq!(within(cache.path(), address, address), Ok(file.clone()));
        }
        let absent = within(cache.path(), "hf://owner/net/other.pth", "owner/net/other.pth").unwrap_err().to_string();
        assert!(absent.contains("hf download owner/net other.pth --revision main"), "{absent}");
    }

    #[test]
    fn no_path_leads_out_of_the_cache() {
        let cache = tempfile::tempdir().unwrap();
        for address in ["owner/net", "owner//file", "../net/file", "owner/net/../../file", "owner/net@../file"] {
            let error = within(cache.path(), address, address).unwrap_err();
            assert!(matches!(error, HubError::Form { .. }), "{address}: {error}");
        }
        let refs = cache.path().join("models--owner--net/refs");
        fs::create_dir_all(&refs).unwrap();
        fs::write(refs.join("main"), "../../..").unwrap();
        assert!(matches!(within(cache.path(), "", "owner/net/file"), Err(HubError::Absent { .. })));
    }
}
