//go:build wasip1

// From wit-bindgen 0.61.1, Apache-2.0 WITH LLVM-exception: what its bindings need at run time.

package wit_types

type Tuple1[T0 any] struct {
	F0 T0
}

type Tuple2[T0 any, T1 any] struct {
	F0 T0
	F1 T1
}
