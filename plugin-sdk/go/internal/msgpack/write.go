package msgpack

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"unsafe"
)

// AppendHead appends the head of an array or a map.
func AppendHead(out []byte, count int, isMap bool) []byte {
	fixed, marker := byte(0x90), byte(0xdc)
	if isMap {
		fixed, marker = 0x80, 0xde
	}
	switch {
	case count < 16:
		return append(out, fixed|byte(count))
	case count <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(out, marker), uint16(count))
	}
	return binary.BigEndian.AppendUint32(append(out, marker+1), uint32(count))
}

func appendUint(out []byte, value uint64) []byte {
	switch {
	case value < 0x80:
		return append(out, byte(value))
	case value <= math.MaxUint8:
		return append(out, 0xcc, byte(value))
	case value <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(out, 0xcd), uint16(value))
	case value <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(out, 0xce), uint32(value))
	}
	return binary.BigEndian.AppendUint64(append(out, 0xcf), value)
}

func appendInt(out []byte, value int64) []byte {
	switch {
	case value >= 0:
		return appendUint(out, uint64(value))
	case value >= -0x20:
		return append(out, byte(value))
	case value >= math.MinInt8:
		return append(out, 0xd0, byte(value))
	case value >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(out, 0xd1), uint16(value))
	case value >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(out, 0xd2), uint32(value))
	}
	return binary.BigEndian.AppendUint64(append(out, 0xd3), uint64(value))
}

func appendText(out []byte, text string) []byte {
	if len(text) < 32 {
		return append(append(out, 0xa0|byte(len(text))), text...)
	}
	return append(appendLength(out, len(text), 0xd9), text...)
}

func appendLength(out []byte, length int, marker byte) []byte {
	switch {
	case length <= math.MaxUint8:
		return append(out, marker, byte(length))
	case length <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(out, marker+1), uint16(length))
	}
	return binary.BigEndian.AppendUint32(append(out, marker+2), uint32(length))
}

// Append appends a value: what Any gives, any integer or float, structs, slices, arrays, maps with text for keys (in their keys' order), pointers,
// Raw. A fixed set of types is fast; the rest goes by reflection.
func Append(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(out, 0xc0), nil
	case bool:
		return appendBool(out, value), nil
	case int:
		return appendInt(out, int64(value)), nil
	case int64:
		return appendInt(out, value), nil
	case uint64:
		return appendUint(out, value), nil
	case float64:
		return appendFloat(out, value), nil
	case string:
		return appendText(out, value), nil
	case Raw:
		return appendRaw(out, value), nil
	case []byte:
		return append(appendLength(out, len(value), 0xc4), value...), nil
	}
	return appendReflected(out, reflect.ValueOf(value))
}

func appendBool(out []byte, value bool) []byte {
	if value {
		return append(out, 0xc3)
	}
	return append(out, 0xc2)
}

func appendFloat(out []byte, value float64) []byte {
	return binary.BigEndian.AppendUint64(append(out, 0xcb), math.Float64bits(value))
}

func appendRaw(out []byte, value Raw) []byte {
	if len(value) == 0 {
		return append(out, 0xc0)
	}
	return append(out, value...)
}

// AppendStruct appends the struct that `at` points to as a map.
func AppendStruct(out []byte, of reflect.Type, at unsafe.Pointer) ([]byte, error) {
	plan := planOf(of)
	out = AppendHead(out, len(plan), true)
	for i := range plan {
		field := &plan[i]
		out = appendText(out, field.name)
		member := unsafe.Add(at, field.offset)
		switch {
		case field.kind == reflect.String:
			out = appendText(out, *(*string)(member))
		case field.special == isRaw:
			out = appendRaw(out, *(*Raw)(member))
		case field.kind == reflect.Int64:
			out = appendInt(out, *(*int64)(member))
		case field.kind == reflect.Int:
			out = appendInt(out, int64(*(*int)(member)))
		case field.kind == reflect.Uint64:
			out = appendUint(out, *(*uint64)(member))
		case field.kind == reflect.Float64:
			out = appendFloat(out, *(*float64)(member))
		case field.kind == reflect.Bool:
			out = appendBool(out, *(*bool)(member))
		default:
			var err error
			if out, err = Append(out, reflect.NewAt(field.reflected, member).Elem().Interface()); err != nil {
				return out, fmt.Errorf("`%s`: %w", field.name, err)
			}
		}
	}
	return out, nil
}

func appendReflected(out []byte, value reflect.Value) ([]byte, error) {
	switch value.Kind() {
	case reflect.Bool:
		return appendBool(out, value.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(out, value.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendUint(out, value.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(out, value.Float()), nil
	case reflect.String:
		return appendText(out, value.String()), nil
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return append(out, 0xc0), nil
		}
		return Append(out, value.Elem().Interface())
	case reflect.Struct:
		// What can't be pointed to is copied.
		copied := reflect.New(value.Type())
		copied.Elem().Set(value)
		return AppendStruct(out, value.Type(), copied.UnsafePointer())
	case reflect.Slice, reflect.Array:
		out = AppendHead(out, value.Len(), false)
		for i := range value.Len() {
			var err error
			if out, err = Append(out, value.Index(i).Interface()); err != nil {
				return out, err
			}
		}
		return out, nil
	case reflect.Map:
		if value.Type().Key().Kind() != reflect.String {
			break
		}
		names := value.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int {
			if a.String() < b.String() {
				return -1
			}
			return 1
		})
		out = AppendHead(out, len(names), true)
		for _, name := range names {
			var err error
			if out, err = Append(appendText(out, name.String()), value.MapIndex(name).Interface()); err != nil {
				return out, fmt.Errorf("`%s`: %w", name, err)
			}
		}
		return out, nil
	}
	return out, fmt.Errorf("%v is nothing that a row can hold", value.Type())
}
