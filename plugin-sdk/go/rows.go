package watchbox

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"watchbox/internal/msgpack"
)

// Rows are the rows that a turn emits. They count if the turn does.
type Rows struct {
	bytes []byte
	count uint32
}

const rowsHead = 5

// Emit emits a row: a struct, whose fields become columns by their names or by `watchbox:"Column"`, or a map with text for keys. Of other values, and of what they
// hold that is no value, it panics, which is a fault with this place.
func (r *Rows) Emit(row any) {
	if len(r.bytes) == 0 {
		r.bytes = append(r.bytes, 0xdd, 0, 0, 0, 0)
	}
	kind := reflect.TypeOf(row)
	for kind != nil && kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind == nil || kind.Kind() != reflect.Struct && kind.Kind() != reflect.Map {
		panic(fmt.Sprintf("a row is a struct or a map, not %v", kind))
	}
	start := len(r.bytes)
	var err error
	if r.bytes, err = msgpack.Append(r.bytes, row); err != nil {
		r.bytes = r.bytes[:start]
		panic(fmt.Sprintf("row %d: %v", r.count, err))
	}
	r.count++
}

// finish gives the rows as the contract has them: an array of maps, or nothing for none.
func (r *Rows) finish() []byte {
	if r.count == 0 {
		return nil
	}
	binary.BigEndian.PutUint32(r.bytes[1:rowsHead], r.count)
	return r.bytes
}
