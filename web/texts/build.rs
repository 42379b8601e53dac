//! A change in a file of texts rebuilds the crate.

fn main() {
    for folder in ["nb", "en"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
