// Does what an event says.
package main

import (
	"math"

	"watchbox"
	"watchbox/log"
	"watchbox/state"
)

type event struct {
	Do    string
	Value watchbox.Value `watchbox:",optional"`
}

type languages struct{}

func (languages) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	for event, err := range watchbox.Events[event](batch) {
		if err != nil {
			return err
		}
		switch event.Do {
		case "echo":
			rows.Emit(map[string]any{"Value": event.Value})
		case "emit":
			rows.Emit(struct {
				Big   uint64
				Bytes []byte
				Whole float64
				Text  string
				Map   struct {
					Z []any `watchbox:"z"`
					A any   `watchbox:"a"`
				}
			}{math.MaxUint64, []byte{255, 0}, 1, "a\ufffd", struct {
				Z []any `watchbox:"z"`
				A any   `watchbox:"a"`
			}{Z: []any{1, map[string]any{}}}})
		case "count":
			var count int
			if _, err := state.Get("count", &count); err != nil {
				return err
			}
			if err := state.Set("count", count+1); err != nil {
				return err
			}
			log.Info("counted")
			rows.Emit(map[string]any{"Count": count + 1})
		case "throw":
			panic("no such thing") // line 52
		case "die":
			never := make(chan int)
			go func() {
				panic("no such thing") // line 56: nobody can recover from this one
			}()
			<-never
		}
	}
	return nil
}

func init() { watchbox.Export(func(struct{}) (languages, error) { return languages{}, nil }) }

func main() {}
