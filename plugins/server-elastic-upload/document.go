package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// A document is a row on its way.
type document struct {
	client   string
	received float64
	index    string
	id       string
	source   []byte // JSON, in one line
}

// A reader makes documents of a batch's rows.
type reader struct {
	uploader *Uploader
	log      string
}

// document makes one of a row's columns. The error says why it can't be sent.
func (r *reader) document(columns map[string]any) (document, error) {
	made := document{}
	made.client, _ = columns["ClientId"].(string)
	made.received, _ = seconds(columns["_ts"])
	made.index = r.uploader.index.fill(r.log, made.received)
	position := columns[positionColumn]
	delete(columns, positionColumn)
	own := toJSON(columns, math.MaxInt)
	made.id = r.identify(made, position, own)
	source := r.source(columns, position, made.received)
	text := toJSON(source, math.MaxInt)
	// A document that is too long by itself: its long texts are cut, as little as it takes.
	for longest := r.uploader.BulkBytes / 2; len(text) > r.most(); longest /= 2 {
		if longest < shortestCut {
			made.source = text
			return made, fmt.Errorf("it has %d bytes, and is no shorter by its long texts alone", len(own))
		}
		source["watchbox"].(map[string]any)["cut"] = true
		text = toJSON(source, longest)
	}
	made.source = text
	return made, nil
}

// positionColumn is where the host says where in its log a row stands.
const positionColumn = "_position"

const shortestCut = 128

// most is how long a document may be.
func (r *reader) most() int { return r.uploader.BulkBytes - 2*longestIndex }

// size is what a document takes of a request, with the line before it.
func (d document) size() int {
	return len(d.source) + len(d.index) + len(d.id) + len(`{"create":{"_id":"","_index":""}}`) + 2
}

// identify gives the document's id. It follows from the row and its place in the log, so that whoever sends the row again, after whatever happened, sends the same
// document, and rows that are the same in every column are different ones.
func (r *reader) identify(made document, position any, own []byte) string {
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(r.log), []byte(made.client), binary.BigEndian.AppendUint64(nil, math.Float64bits(made.received)), toJSON(position, math.MaxInt), own} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write(part)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16])
}

// source gives what the document holds: the row's columns, when it happened, and under `watchbox` what the server knows of it.
func (r *reader) source(columns map[string]any, position any, received float64) map[string]any {
	about := map[string]any{"log": r.log, "position": position, "received": stamp(timeOf(received))}
	source := make(map[string]any, len(columns)+2)
	for name, value := range columns {
		if name != "_ts" {
			source[name] = value
		}
	}
	happened, ok := timeIn(columns[r.uploader.TimeColumn])
	if !ok {
		happened = timeOf(received)
	}
	// What stood in the places of these two is kept beside them.
	if own, there := columns["@timestamp"]; there && !(ok && r.uploader.TimeColumn == "@timestamp") {
		about["timestamp"] = fmt.Sprint(own)
	}
	if own, there := columns["watchbox"]; there {
		about["own"] = own
	}
	source["@timestamp"] = stamp(happened)
	source["watchbox"] = about
	return source
}

func stamp(at time.Time) string { return at.Format("2006-01-02T15:04:05.000000Z") }

// seconds reads a number.
func seconds(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case uint64:
		return float64(value), true
	case float64:
		return value, !math.IsNaN(value) && !math.IsInf(value, 0)
	}
	return 0, false
}

// Years that a date of Elasticsearch's can be in without further ado.
const firstYear, lastYear = 1, 9999

// timeIn reads a time as artifacts tell it: text as of RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size.
func timeIn(value any) (time.Time, bool) {
	if text, ok := value.(string); ok {
		at, err := time.Parse(time.RFC3339Nano, text)
		at = at.UTC()
		return at, err == nil && at.Year() >= firstYear && at.Year() <= lastYear
	}
	number, ok := seconds(value)
	if !ok || number <= 0 {
		return time.Time{}, false
	}
	for number > 1e11 {
		number /= 1e3
	}
	return timeOf(number), true
}

// toJSON writes a value as JSON, texts longer than `longest` bytes cut, with a note of that. What JSON can't say is null.
func toJSON(value any, longest int) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(sayable(value, longest)); err != nil {
		panic(err) // it is made of what JSON can say
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

func sayable(value any, longest int) any {
	switch value := value.(type) {
	case string:
		return cut(value, longest)
	case []byte:
		return cut(base64.StdEncoding.EncodeToString(value), longest)
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil
		}
		return value
	case []any:
		made := make([]any, len(value))
		for i, item := range value {
			made[i] = sayable(item, longest)
		}
		return made
	case map[string]any:
		made := make(map[string]any, len(value))
		for name, item := range value {
			made[name] = sayable(item, longest)
		}
		return made
	}
	return value
}

// cut gives the beginning of a text that is too long, and says how long it was.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	end := longest
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… (cut: it had %d bytes)", text[:end], len(text))
}
