//! Signatures and public keys: any text is read or refused, and what is read is verified or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{ComponentSignature, signing::PublicKey};

fuzz_target!(|data: (&str, &str, &[u8])| {
    let (signature, key, signed) = data;
    let key = key.parse::<PublicKey>();
    if let Ok(signature) = signature.parse::<ComponentSignature>() {
        let _ = signature.subject();
        let again: ComponentSignature = signature.as_str().parse().unwrap();
        assert_eq!(again, signature);
        if let Ok(key) = &key {
            let _ = signature.verify(key, signed);
        }
    }
    if let Ok(key) = key {
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
    }
});
