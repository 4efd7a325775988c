//! Parts of one study at the same time, in containers that share a folder and number their processes alike.

use crate::least::Least;
use crate::support::said;
use std::process::{Command, Stdio};

/// Whether this machine lets a process have process numbers of its own.
fn has_namespaces() -> bool {
    let tried = Command::new("unshare").args(["--pid", "--fork", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|tried| tried.success())
}

fn shards(rounds: usize) {
    const SHARDS: usize = 16;
    let least = Least::new();
    assert!(least.run_command("whole").output().unwrap().status.success());
    let digest = least.digest("whole");
    let in_namespaces = has_namespaces();
    if !in_namespaces {
        eprintln!("parts run without process numbers of their own: unshare is not allowed here");
    }
    for round in 0..rounds {
        let out = format!("parts-{round}");
        least.empty_the_cache();
        let parts: Vec<_> = (0..SHARDS)
            .map(|part| {
                let mut plain = least.run_command(&out);
                plain.args(["--shard", &format!("{part}/{SHARDS}")]);
                let mut command = plain;
                if in_namespaces {
                    let mut apart = Command::new("unshare");
                    apart.args(["--pid", "--fork", "--kill-child"]).arg(command.get_program()).args(command.get_args());
                    apart.env("RAYON_NUM_THREADS", "1");
                    command = apart;
                }
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for part in parts {
            let ended = part.wait_with_output().unwrap();
            assert!(ended.status.success(), "round {round}: {}", said(&ended));
        }
        let whole = least.run_command(&out).output().unwrap();
        assert!(whole.status.success(), "round {round}: {}", said(&whole));
        assert_eq!(least.digest(&out), digest, "round {round}");
        assert_eq!(least.unfinished(&out), [""; 0], "round {round}");
        let checked = least.workplace.nt(&["check", &out]).output().unwrap();
        assert!(checked.status.success(), "round {round}: {}", said(&checked));
    }
}

#[test]
fn sixteen_parts_in_containers_of_their_own_write_one_folder() {
    shards(2);
}

#[test]
#[ignore = "takes minutes: just soak"]
fn sixteen_parts_in_containers_of_their_own_write_one_folder_each_time() {
    shards(20);
}
