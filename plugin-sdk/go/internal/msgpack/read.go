// Package msgpack reads and writes MessagePack, structs by a plan that is made once a type.
package msgpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// ErrCut says that the bytes end within a value.
var ErrCut = errors.New("it is cut short")

// Reader walks MessagePack in place. Text and bytes that it gives point into what it reads.
type Reader struct {
	Bytes []byte
	At    int
}

// A head is what a marker and the bytes that belong to it say.
type head struct {
	kind   kind
	number uint64 // the integer's or float's bits, a bool; of what has content, its length
}

type kind uint8

const (
	kindNil kind = iota
	kindBool
	kindInt // below zero
	kindUint
	kindFloat
	kindText
	kindBytes
	kindArray
	kindMap
)

func (k kind) String() string {
	return [...]string{"nil", "a bool", "an integer", "an integer", "a float", "text", "bytes", "an array", "a map"}[k]
}

func (r *Reader) fixed(size int) (uint64, error) {
	if r.At+size > len(r.Bytes) {
		return 0, ErrCut
	}
	at := r.Bytes[r.At:]
	r.At += size
	switch size {
	case 1:
		return uint64(at[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(at)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(at)), nil
	default:
		return binary.BigEndian.Uint64(at), nil
	}
}

func (r *Reader) head() (head, error) {
	if r.At >= len(r.Bytes) {
		return head{}, ErrCut
	}
	marker := r.Bytes[r.At]
	r.At++
	switch {
	case marker < 0x80:
		return head{kindUint, uint64(marker)}, nil
	case marker < 0x90:
		return head{kindMap, uint64(marker & 0x0f)}, nil
	case marker < 0xa0:
		return head{kindArray, uint64(marker & 0x0f)}, nil
	case marker < 0xc0:
		return head{kindText, uint64(marker & 0x1f)}, nil
	case marker >= 0xe0:
		return head{kindInt, uint64(int64(int8(marker)))}, nil
	}
	return r.longHead(marker)
}

func (r *Reader) longHead(marker byte) (head, error) {
	signed := func(value int64) (head, error) {
		if value < 0 {
			return head{kindInt, uint64(value)}, nil
		}
		return head{kindUint, uint64(value)}, nil
	}
	sized := func(kind kind, size int) (head, error) {
		number, err := r.fixed(size)
		return head{kind, number}, err
	}
	extension := func(size int) (head, error) {
		length, err := r.fixed(size)
		if err == nil {
			_, err = r.fixed(1) // its type, which does not count: it is read as bytes
		}
		return head{kindBytes, length}, err
	}
	switch marker {
	case 0xc0:
		return head{kindNil, 0}, nil
	case 0xc2, 0xc3:
		return head{kindBool, uint64(marker & 1)}, nil
	case 0xc4, 0xc5, 0xc6:
		return sized(kindBytes, 1<<(marker-0xc4))
	case 0xc7, 0xc8, 0xc9:
		return extension(1 << (marker - 0xc7))
	case 0xca:
		bits, err := r.fixed(4)
		return head{kindFloat, math.Float64bits(float64(math.Float32frombits(uint32(bits))))}, err
	case 0xcb:
		return sized(kindFloat, 8)
	case 0xcc, 0xcd, 0xce, 0xcf:
		return sized(kindUint, 1<<(marker-0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		bits, err := r.fixed(1 << (marker - 0xd0))
		if err != nil {
			return head{}, err
		}
		shift := 64 - 8<<(marker-0xd0)
		return signed(int64(bits<<shift) >> shift)
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		_, err := r.fixed(1)
		return head{kindBytes, 1 << (marker - 0xd4)}, err
	case 0xd9, 0xda, 0xdb:
		return sized(kindText, 1<<(marker-0xd9))
	case 0xdc, 0xdd:
		return sized(kindArray, 2<<(marker-0xdc))
	case 0xde, 0xdf:
		return sized(kindMap, 2<<(marker-0xde))
	}
	return head{}, fmt.Errorf("0x%x begins no value", marker)
}

func (r *Reader) content(length uint64) ([]byte, error) {
	if length > uint64(len(r.Bytes)-r.At) {
		return nil, ErrCut
	}
	content := r.Bytes[r.At : r.At+int(length) : r.At+int(length)]
	r.At += int(length)
	return content, nil
}

func (r *Reader) text(length uint64) (string, error) {
	content, err := r.content(length)
	return unsafe.String(unsafe.SliceData(content), len(content)), err
}

// Array reads an array's head and gives its length.
func (r *Reader) Array() (int, error) {
	head, err := r.head()
	if err == nil && head.kind != kindArray {
		err = fmt.Errorf("an array is wanted, not %v", head.kind)
	}
	return int(head.number), err
}

// Skip passes over a value, without recursion, so that no depth can hurt.
func (r *Reader) Skip() error {
	for pending := uint64(1); pending > 0; pending-- {
		head, err := r.head()
		if err != nil {
			return err
		}
		switch head.kind {
		case kindText, kindBytes:
			_, err = r.content(head.number)
		case kindArray:
			pending += head.number
		case kindMap:
			pending += 2 * head.number
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const maxDepth = 64

// Any reads a value of whatever type it is: nil, bool, int64, uint64 (where it is no int64), float64, string, []byte, []any, map[string]any.
func (r *Reader) Any() (any, error) { return r.any(0) }

func (r *Reader) any(depth int) (any, error) {
	head, err := r.head()
	if err != nil {
		return nil, err
	}
	if depth == maxDepth {
		return nil, errors.New("it nests too deep")
	}
	switch head.kind {
	case kindBool:
		return head.number == 1, nil
	case kindInt:
		return int64(head.number), nil
	case kindUint:
		if head.number > math.MaxInt64 {
			return head.number, nil
		}
		return int64(head.number), nil
	case kindFloat:
		return math.Float64frombits(head.number), nil
	case kindText:
		return r.text(head.number)
	case kindBytes:
		return r.content(head.number)
	case kindArray:
		items := make([]any, 0, min(head.number, 1024))
		for range head.number {
			item, err := r.any(depth + 1)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, nil
	case kindMap:
		entries := make(map[string]any, min(head.number, 1024))
		for range head.number {
			name, err := r.name()
			if err != nil {
				return nil, err
			}
			if entries[name], err = r.any(depth + 1); err != nil {
				return nil, err
			}
		}
		return entries, nil
	}
	return nil, nil
}

func (r *Reader) name() (string, error) {
	head, err := r.head()
	if err != nil {
		return "", err
	}
	if head.kind != kindText {
		return "", fmt.Errorf("a map's names are text, not %v", head.kind)
	}
	return r.text(head.number)
}
