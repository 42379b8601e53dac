//! Makes sure that the embedded folders exist and that a change in them rebuilds the crate.

use std::fs;

fn main() {
    // The client is built by npm; a server without it still compiles and says on its pages what is missing.
    fs::create_dir_all("dist").expect("the package folder is writable during a build");
    for folder in ["dist", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
