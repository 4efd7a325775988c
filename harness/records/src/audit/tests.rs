use super::*;
use crate::mock::{audit, with_matches};

#[test]
fn an_audit_comes_back_from_its_file_and_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Audit::read(dir.path()).unwrap(), None);
    let audit = with_matches(audit(1.0, 0.1), Some("far"), MatchKind::Mirrored, 2);
    audit.write(dir.path()).unwrap();
    assert_eq!(Audit::read(dir.path()).unwrap(), Some(audit.clone()));
    Audit { schema_version: 9, ..audit }.write(dir.path()).unwrap();
    let error = Audit::read(dir.path()).unwrap_err();
    assert!(matches!(error, AuditError::SchemaVersion { found: 9, .. }), "{error}");
    std::fs::write(dir.path().join(AUDIT_FILE), "{").unwrap();
    assert!(Audit::read(dir.path()).unwrap_err().to_string().contains("makes it again"));
}
