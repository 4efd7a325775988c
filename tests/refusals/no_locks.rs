//! A file system without locks, as some of clusters are.

use crate::least::Least;
use crate::shim::Shim;
use crate::support::{assert_exit, said};

#[test]
fn without_locks_one_writer_is_kept_by_a_file() {
    let Some(shim) = Shim::build() else { return };
    let least = Least::new();
    // ENOLCK, ENOSYS, EOPNOTSUPP.
    for error in [37, 38, 95] {
        let out = format!("out-{error}");
        let run = || shim.without_locks(&mut least.run_command(&out), error);
        assert_exit(&run(), 0);
        let held = least.workplace.path(&format!("{out}/.lock.held"));
        assert!(!held.exists(), "it is removed at the end");

        // A process of another machine has it, which nobody here can see.
        std::fs::write(&held, r#"{"machine":"other","namespace":"","process":77,"began":"5"}"#).unwrap();
        let busy = run();
        assert_exit(&busy, 3);
        assert!(said(&busy).contains("process 77 of another machine or container"), "{}", said(&busy));
        assert!(said(&busy).contains("remove it") && !said(&busy).contains("has room"), "{}", said(&busy));
        // The next step works.
        std::fs::remove_file(&held).unwrap();
        assert_exit(&run(), 0);
    }
}
