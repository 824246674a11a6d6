package watchbox_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"watchbox"
	"watchbox/internal/msgpack"
	"watchbox/watchboxtest"
)

// In MessagePack everything is exact, both ways.

type column struct {
	A watchbox.Value `watchbox:"a,optional"`
	B any            `watchbox:"b,optional"`
}

type echo struct{}

func (echo) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	for event, err := range watchbox.Events[column](batch) {
		if err != nil {
			return err
		}
		rows.Emit(event)
	}
	return nil
}

func newEcho(struct{}) (echo, error) { return echo{}, nil }

func TestValuesComeBackAsTheyWere(t *testing.T) {
	installed, err := watchboxtest.Install(watchboxtest.New(t), newEcho, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{
		nil, true, false, int64(0), int64(127), int64(128), int64(1 << 16), int64(1 << 32), int64(1<<53 + 1), int64(math.MaxInt64), uint64(math.MaxUint64),
		int64(-1), int64(-32), int64(-33), int64(-129), int64(-1 << 15), int64(-1<<31 - 1), int64(math.MinInt64), 0.5, 1.0, -0.25, math.Inf(-1),
		"", "ü 😀 \x00", strings.Repeat("x", 31), strings.Repeat("x", 32), strings.Repeat("x", 300), strings.Repeat("x", 70_000),
		[]byte{0xff, 0}, bytes.Repeat([]byte{1}, 300),
		[]any{int64(1), []any{}, map[string]any{"y": nil, "a": []any{true, 0.5}}}, map[string]any{},
	} {
		rows, err := installed.Events("X", map[string]any{"a": value, "b": value})
		if err != nil {
			t.Errorf("%v: %v", value, err)
		} else if row := rows[0]; !reflect.DeepEqual(row["a"], value) || !reflect.DeepEqual(row["b"], value) {
			t.Errorf("%T %v came back as %v", value, value, row)
		}
	}
	rows, err := installed.Events("X", map[string]any{"b": math.NaN()})
	if value, ok := rows[0]["b"].(float64); err != nil || !ok || !math.IsNaN(value) || rows[0]["a"] != nil {
		t.Errorf("NaN came back as %v, %v", rows, err)
	}
}

type copier struct{}

func (copier) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	for event, err := range watchbox.Events[map[string]any](batch) {
		if err != nil {
			rows.Emit(map[string]any{"error": err.Error()})
			continue
		}
		rows.Emit(*event)
	}
	return nil
}

func TestARowOfWhateverColumns(t *testing.T) {
	installed, err := watchboxtest.Install(watchboxtest.New(t), func(struct{}) (copier, error) { return copier{}, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := map[string]any{"ClientId": "C.1", "n": int64(7), "deep": map[string]any{"list": []any{"a", nil}}}
	rows, err := installed.Events("X", row, 7, map[string]any{})
	wanted := []map[string]any{row, {"error": "event 1 of a batch of X: a map is wanted"}, {}}
	if err != nil || !reflect.DeepEqual(rows, wanted) {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestWhatIsHandedOnKeepsItsOrder(t *testing.T) {
	event := []byte("\x91\x81\xa1a\x82\xa1z\x01\xa1b\x82\xa1y\xc0\xa1x\xd3\x00\x00\x00\x00\x00\x00\x00\x07")
	instance := watchbox.NewInstance(newEcho)
	if err := instance.Configure([]byte{0x80}); err != nil {
		t.Fatal(err)
	}
	rows, err := instance.Events("X", event)
	if err != nil || !bytes.Contains(rows, event[4:]) {
		t.Errorf("%x, %v", rows, err)
	}
}

func TestStructsNameColumns(t *testing.T) {
	type inner struct{ N uint8 }
	type row struct {
		Text   string `watchbox:"Name"`
		Small  int8
		Whole  float64
		Nested inner
		Many   []string
		By     map[string]int
		Maybe  *int
		hidden int
		Out    int `watchbox:"-"`
	}
	seven := 7
	given := row{Text: "a", Small: -5, Whole: 1, Nested: inner{9}, Many: []string{"x"}, By: map[string]int{"b": 1, "a": 2}, Maybe: &seven, hidden: 1, Out: 2}
	coded, err := msgpack.Append(nil, given)
	if err != nil {
		t.Fatal(err)
	}
	var read row
	if err := (&msgpack.Reader{Bytes: coded}).Struct(&read); err != nil {
		t.Fatal(err)
	}
	given.hidden, given.Out = 0, 0
	if !reflect.DeepEqual(read, given) {
		t.Errorf("%+v", read)
	}
	for bytes, text := range map[string]string{
		"\x81\xa5Small\x01":                   "there is no `Name`",
		"\x81\xa4Name\x07":                    "`Name`: string is wanted, not an integer",
		"\x81\xa5Small\xcd\x01\x00":           "`Small`: 256 does not fit int8",
		"\x81\xa6Nested\x81\xa1N\xff":         "`Nested`: `N`: -1 does not fit uint8",
		"\x81\xa4Many\xa1x":                   "`Many`: []string is wanted, not text",
		"\x91\x01":                            "a map is wanted, not an array",
		"\x81\x01\x01":                        "a map's names are text, not an integer",
		"\x81\xa4Nam":                         "it is cut short",
		"\x81\xa4Name\xdb\xff\xff\xff\xffabc": "`Name`: it is cut short",
	} {
		if err := (&msgpack.Reader{Bytes: []byte(bytes)}).Struct(&row{}); err == nil || err.Error() != text {
			t.Errorf("%q: %v", bytes, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("\x82\xa1a\x93\x01\xc3\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00\xa1b\xc4\x02\xff\x00"))
	f.Add([]byte("\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		value, err := (&msgpack.Reader{Bytes: bytes}).Any()
		if err != nil {
			return
		}
		skipped := msgpack.Reader{Bytes: bytes}
		if err := skipped.Skip(); err != nil {
			t.Fatalf("Any reads what Skip can't: %v", err)
		}
		coded, err := msgpack.Append(nil, value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := (&msgpack.Reader{Bytes: coded}).Any()
		if err != nil || !same(again, value) {
			t.Fatalf("%v became %v, %v", value, again, err)
		}
		_ = (&msgpack.Reader{Bytes: bytes}).Struct(&column{})
	})
}

// same compares as MessagePack does: NaN is NaN.
func same(a, b any) bool {
	one, err := msgpack.Append(nil, a)
	other, wrong := msgpack.Append(nil, b)
	return err == nil && wrong == nil && bytes.Equal(one, other)
}
