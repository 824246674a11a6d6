// Server.Powershell.EncodedCommand: decodes the commands that were given to PowerShell in base64.
//
// A command line goes through command.go (which programs are in it, once cmd is done), argv.go (what its arguments are, once the C runtime is
// done), parameters.go (which of them is the payload, by PowerShell's rules) and payload.go (what it says).
package main

import (
	"strings"

	"watchbox"
)

// Process is what is read of a process creation.
type Process struct {
	ClientId    string
	ParentInfo  watchbox.Value `watchbox:",optional"`
	CommandLine string         `watchbox:",optional"`
	Timestamp   watchbox.Value `watchbox:",optional"`
}

// Found is a row.
type Found struct {
	ClientId    string
	ParentInfo  watchbox.Value
	CommandLine string
	Timestamp   watchbox.Value
	Script      string
	Oddities    string
}

// EncodedCommand is the artifact. It has no parameters.
type EncodedCommand struct{}

// Events is one turn.
func (EncodedCommand) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	for process, err := range watchbox.Events[Process](batch) {
		if err != nil {
			return err
		}
		for _, started := range startedBy(process.CommandLine) {
			var odd oddities
			payload, found := payloadOf(started.shell, arguments(started.rest), &odd)
			if !found {
				continue
			}
			if script := decode(payload, &odd); script != "" {
				rows.Emit(&Found{process.ClientId, process.ParentInfo, process.CommandLine, process.Timestamp, script, strings.Join(odd, ",")})
			}
		}
	}
	return nil
}

func init() {
	watchbox.Export(func(struct{}) (EncodedCommand, error) { return EncodedCommand{}, nil })
}

func main() {}
