// Tells of processes with a long command line: an artifact to start from.
package main

import "watchbox"

// Parameters are named as in artifact.yaml.
type Parameters struct{ Longest int }

// Process is what is read of an event. Columns come from endpoints, so each may be missing or of another type.
type Process struct {
	ClientId    string
	CommandLine string `watchbox:",optional"`
}

// Found is a row.
type Found struct {
	ClientId    string
	CommandLine string
	Length      int
}

// LongCommands is the artifact.
type LongCommands struct{ Parameters }

// New makes it; an error tells the operator what is wrong with the parameters.
func New(parameters Parameters) (*LongCommands, error) {
	return &LongCommands{parameters}, nil
}

// Events is one turn.
func (a *LongCommands) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	for process, err := range watchbox.Events[Process](batch) {
		if err != nil {
			return err
		}
		if length := len(process.CommandLine); length > a.Longest {
			rows.Emit(Found{process.ClientId, process.CommandLine, length})
		}
	}
	return nil
}

func init() { watchbox.Export(New) }

func main() {}
