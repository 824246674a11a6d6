//! What wasmtime makes of the contract in `wit/`: a trait for each capability, and the way to call the handler.

// Generated from `wit/`, where each item is documented.
#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "artifact",
    imports: {
        // What asks the store or the network waits; the rest answers at once.
        "watchbox:artifact/clients": async | trappable,
        "watchbox:artifact/labels": async | trappable,
        "watchbox:artifact/http": async | trappable,
        "watchbox:artifact/mail": async | trappable,
        "watchbox:artifact/state": async | trappable,
        // A call that can trap can also end its turn, which is what too many calls do.
        default: trappable,
    },
    // Typed sync, called async: an instance may give way in the midst of a call.
    exports: { default: async },
});
