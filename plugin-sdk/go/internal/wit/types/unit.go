//go:build wasip1

// From wit-bindgen 0.61.1, Apache-2.0 WITH LLVM-exception: what its bindings need at run time.

package wit_types

type Unit struct{}
