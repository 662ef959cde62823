//! Keeps the module in the process: a Lua that ends unloads it, but wasmtime has put its signal handlers in there.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
