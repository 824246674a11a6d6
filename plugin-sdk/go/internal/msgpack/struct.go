package msgpack

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// Raw is a value as it is in MessagePack: to be handed on unread.
type Raw []byte

// A field of a struct, by the name that its tag `watchbox:"Name"` or else its own name gives.
type field struct {
	name      string
	offset    uintptr
	optional  bool // `watchbox:"Name,optional"`: stays as it is where the value is missing or of another type
	kind      reflect.Kind
	reflected reflect.Type
	special   special
}

// Types that are known by more than their kind.
type special uint8

const (
	ordinary special = iota
	isBytes
	isRaw
	isAny
)

var plans sync.Map // reflect.Type to []field

func planOf(of reflect.Type) []field {
	if known, ok := plans.Load(of); ok {
		return known.([]field)
	}
	var plan []field
	for i := range of.NumField() {
		member := of.Field(i)
		if !member.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(member.Tag.Get("watchbox"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			name = member.Name
		}
		made := field{name: name, offset: member.Offset, optional: options == "optional", kind: member.Type.Kind(), reflected: member.Type}
		switch {
		case member.Type == reflect.TypeFor[Raw]():
			made.special = isRaw
		case member.Type == reflect.TypeFor[[]byte]():
			made.special = isBytes
		case member.Type == reflect.TypeFor[any]():
			made.special = isAny
		}
		plan = append(plan, made)
	}
	plans.Store(of, plan)
	return plan
}

// Row reads a map into the struct or the map[string]any that `into` points to.
func (r *Reader) Row(into any) error {
	columns, ok := into.(*map[string]any)
	if !ok {
		return r.Struct(into)
	}
	value, err := r.Any()
	if err != nil {
		return err
	}
	if *columns, ok = value.(map[string]any); !ok {
		return errors.New("a map is wanted")
	}
	return nil
}

// Struct reads a map into the struct that `into` points to. An error names the field that is missing, or that is of another type.
func (r *Reader) Struct(into any) error {
	value := reflect.ValueOf(into).Elem()
	return r.fields(planOf(value.Type()), unsafe.Pointer(value.UnsafeAddr()))
}

func (r *Reader) fields(plan []field, at unsafe.Pointer) error {
	head, err := r.head()
	if err != nil {
		return err
	}
	if head.kind != kindMap {
		return fmt.Errorf("a map is wanted, not %v", head.kind)
	}
	var seen uint64
	next := 0
	for range head.number {
		name, err := r.name()
		if err != nil {
			return err
		}
		// Columns come in the order of the manifest, which is mostly the struct's.
		found := -1
		for i := range plan {
			if candidate := (next + i) % len(plan); plan[candidate].name == name {
				found, next = candidate, candidate+1
				break
			}
		}
		if found < 0 {
			if err := r.Skip(); err != nil {
				return err
			}
			continue
		}
		seen |= 1 << (found & 63)
		start := r.At
		if err := r.member(&plan[found], unsafe.Add(at, plan[found].offset)); err != nil {
			if !plan[found].optional || errors.Is(err, ErrCut) {
				return fmt.Errorf("`%s`: %w", name, err)
			}
			r.At = start
			if err := r.Skip(); err != nil {
				return err
			}
		}
	}
	for i := range plan {
		if !plan[i].optional && seen&(1<<(i&63)) == 0 {
			return fmt.Errorf("there is no `%s`", plan[i].name)
		}
	}
	return nil
}

func (r *Reader) member(field *field, at unsafe.Pointer) error {
	switch field.special {
	case isRaw:
		start := r.At
		err := r.Skip()
		*(*Raw)(at) = r.Bytes[start:r.At:r.At]
		return err
	case isAny:
		value, err := r.Any()
		*(*any)(at) = value
		return err
	}
	start := r.At
	head, err := r.head()
	if err != nil {
		return err
	}
	switch {
	case field.kind == reflect.String && head.kind == kindText:
		*(*string)(at), err = r.text(head.number)
		return err
	case field.special == isBytes && head.kind == kindBytes:
		*(*[]byte)(at), err = r.content(head.number)
		return err
	case field.kind == reflect.Bool && head.kind == kindBool:
		*(*bool)(at) = head.number == 1
		return nil
	case field.kind == reflect.Float64 && head.kind == kindFloat:
		*(*float64)(at) = math.Float64frombits(head.number)
		return nil
	case field.kind == reflect.Float64 && head.kind == kindUint:
		*(*float64)(at) = float64(head.number)
		return nil
	case field.kind == reflect.Float64 && head.kind == kindInt:
		*(*float64)(at) = float64(int64(head.number))
		return nil
	case (head.kind == kindInt || head.kind == kindUint) && field.kind != reflect.Pointer:
		return integer(field.reflected, head, at)
	}
	r.At = start
	return r.other(field.reflected, head, at)
}

func integer(of reflect.Type, head head, at unsafe.Pointer) error {
	value := reflect.NewAt(of, at).Elem()
	switch {
	case value.CanInt():
		if head.kind == kindUint && head.number > math.MaxInt64 || value.OverflowInt(int64(head.number)) {
			return fmt.Errorf("%d does not fit %v", head.number, of)
		}
		value.SetInt(int64(head.number))
	case value.CanUint():
		if head.kind == kindInt || value.OverflowUint(head.number) {
			return fmt.Errorf("%d does not fit %v", int64(head.number), of)
		}
		value.SetUint(head.number)
	default:
		return fmt.Errorf("%v is wanted, not an integer", of)
	}
	return nil
}

// Nested structs, slices, maps and pointers.
func (r *Reader) other(of reflect.Type, head head, at unsafe.Pointer) error {
	switch {
	case of.Kind() == reflect.Pointer && head.kind == kindNil:
		return r.Skip()
	case of.Kind() == reflect.Pointer:
		pointed := reflect.New(of.Elem())
		reflect.NewAt(of, at).Elem().Set(pointed)
		return r.member(&field{kind: of.Elem().Kind(), reflected: of.Elem()}, pointed.UnsafePointer())
	case of.Kind() == reflect.Struct && head.kind == kindMap:
		return r.fields(planOf(of), at)
	case of.Kind() == reflect.Slice && head.kind == kindArray, of.Kind() == reflect.Map && head.kind == kindMap:
		// Rare, and small: by way of JSON, whose rules for these are known to everybody.
		value, err := r.Any()
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, reflect.NewAt(of, at).Interface())
	}
	return fmt.Errorf("%v is wanted, not %v", of, head.kind)
}
