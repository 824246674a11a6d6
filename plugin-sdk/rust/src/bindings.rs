//! What wit-bindgen makes of the contract. Not for artifacts to use: it changes with the generator.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "artifact",
    pub_export_macro: true,
    export_macro_name: "export_handler",
    default_bindings_module: "watchbox_sdk::bindings",
    runtime_path: "::watchbox_sdk::bindings::runtime",
});

#[doc(hidden)]
pub use wit_bindgen::rt as runtime;
