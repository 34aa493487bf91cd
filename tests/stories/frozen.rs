//! A function is frozen once it has answered: what it has started and does not wait for goes on with the next event, or never.

use std::path::{Path, PathBuf};

/// The folders of what runs in Lambda.
const DEPLOYED: [&str; 2] = ["functions", "shared"];

/// The Rust files below a folder, but for tests of their own.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("can be listed").path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_function_starts_work_that_it_does_not_wait_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository's root");
    let files: Vec<PathBuf> = DEPLOYED.iter().flat_map(|folder| sources(&root.join(folder))).collect();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let starts_work = |file: &&PathBuf| {
        let text = std::fs::read_to_string(file).expect("can be read");
        ["spawn(", "spawn_blocking(", "JoinSet"].iter().any(|name| text.contains(name))
    };
    assert_eq!(files.iter().filter(starts_work).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}
