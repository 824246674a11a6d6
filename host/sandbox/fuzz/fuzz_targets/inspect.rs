//! A component as a file: it is described or refused, the same each time, in words that are fit to be shown; and compared with itself it wants
//! no more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_sandbox::{Unchecked, inspect};

fuzz_target!(|bytes: &[u8]| {
    // Behind the head that every component has, so that not all time goes into finding it.
    let wasm = [b"\0asm\x0d\0\x01\0", bytes].concat();
    let told = inspect(&wasm);
    assert_eq!(told, inspect(&wasm));
    let unchecked = Unchecked::new(wasm.clone());
    if let Ok(told) = &told {
        assert_eq!(unchecked.said(), Ok(told));
    }
    match told {
        Ok(found) => assert_eq!(found.differences(&found), []),
        Err(why) => assert!(!why.to_string().chars().any(char::is_control)),
    }
});
