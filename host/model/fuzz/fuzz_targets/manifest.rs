//! A manifest: whatever is accepted can be resolved or says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{Manifest, parameter::Parameters};

fuzz_target!(|text: &str| {
    let Ok(manifest) = Manifest::parse("artifact.yaml", text) else {
        return;
    };
    if let Ok(parameters) =
        Parameters::resolve(&manifest.name, &manifest.parameters, Default::default())
    {
        let _ = manifest.resolve(&parameters);
    }
});
