// Package watchbox is for writing watchbox artifacts in Go.
//
// An artifact is a type with a method Events, Tick or both; Export, called in an init function of package main, makes a component of the
// package:
//
//	type Parameters struct{ Longest int }
//
//	type LongCommands struct{ Parameters }
//
//	func New(parameters Parameters) (*LongCommands, error) { return &LongCommands{parameters}, nil }
//
//	func (a *LongCommands) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
//		for process, err := range watchbox.Events[Process](batch) {
//			if err != nil {
//				return err
//			}
//			if length := len(process.CommandLine); length > a.Longest {
//				rows.Emit(Found{process.ClientId, length})
//			}
//		}
//		return nil
//	}
//
//	func init() { watchbox.Export(New) }
//	func main() {}
//
// Capabilities are one package each: clients, labels, http, state, log and clock. Calling a function of one imports it, and the manifest must declare
// it; what is not called leaves no trace in the component. Package watchboxtest plays them in tests.
package watchbox

import (
	"fmt"
	"iter"

	"watchbox/internal/msgpack"
)

// Value is a column as it came, to be handed on unread. Any reads it.
type Value = msgpack.Raw

// Any reads a Value: nil, bool, int64, uint64 (where it is no int64), float64, string, []byte, []any or map[string]any. One that was missing is nil.
func Any(value Value) (any, error) {
	if len(value) == 0 {
		return nil, nil
	}
	return (&msgpack.Reader{Bytes: value}).Any()
}

// A Tick is a tick of the artifact's schedule.
type Tick struct {
	// Due is when it was due, in seconds since the Unix epoch. May be long past; clock.Now is the turn's time.
	Due float64
}

// WithEvents is an artifact whose manifest subscribes to logs. An error that is neither Retry nor Reject is a fault.
type WithEvents interface {
	Events(batch *Batch, rows *Rows) error
}

// WithTick is an artifact whose manifest has a schedule.
type WithTick interface {
	Tick(tick Tick, rows *Rows) error
}

// A Batch is events of one log, oldest first.
type Batch struct {
	// Artifact is the log's name: it tells several subscriptions apart.
	Artifact string
	events   []byte
}

// EventError is an event that is not of the type asked for, or a batch that is no MessagePack.
type EventError struct {
	Artifact string
	Index    int // of the event in its batch, from 0; -1 for the batch itself
	Err      error
}

func (e *EventError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("a batch of %s: %v; the manifest's `encoding` must be msgpack", e.Artifact, e.Err)
	}
	return fmt.Sprintf("event %d of a batch of %s: %v", e.Index, e.Artifact, e.Err)
}

func (e *EventError) Unwrap() error { return e.Err }

// Events are a batch's events, each read as an E: a struct whose fields are named like columns, or by `watchbox:"Column"`. Columns come from endpoints:
// make what may be missing or of any type `watchbox:"Column,optional"`, a Value or an any. Where E is map[string]any, it has every column. After an error it goes on with
// the next event. Text and bytes point into the batch, which costs no copy.
func Events[E any](batch *Batch) iter.Seq2[*E, error] {
	return func(yield func(*E, error) bool) {
		reader := msgpack.Reader{Bytes: batch.events}
		count, err := reader.Array()
		if err != nil {
			yield(nil, &EventError{batch.Artifact, -1, err})
			return
		}
		for index := range count {
			start := reader.At
			event := new(E)
			if err := reader.Row(event); err != nil {
				reader.At = start
				if !yield(nil, &EventError{batch.Artifact, index, err}) || reader.Skip() != nil {
					return
				}
				continue
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}
