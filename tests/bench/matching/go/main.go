// Counts the events that match.
package main

import (
	"strings"

	"watchbox"
)

type event struct{ CommandLine string }

type row struct{ Matched int }

type matching struct{}

func (matching) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	matched := 0
	for event, err := range watchbox.Events[event](batch) {
		if err != nil {
			return err
		}
		if strings.Contains(event.CommandLine, "powershell") {
			matched++
		}
	}
	rows.Emit(row{matched})
	return nil
}

func init() { watchbox.Export(func(struct{ Pattern string }) (matching, error) { return matching{}, nil }) }

func main() {}
