//go:build wasip1

package watchbox

import (
	"errors"
	"math"
	"strings"

	handler "watchbox/internal/contract/export_watchbox_artifact_handler"
	contract "watchbox/internal/contract/watchbox_artifact_handler"
	_ "watchbox/internal/contract/wit_exports"
)

func init() {
	handler.Configuring = func(parameters []byte) error {
		if exported == nil {
			return errors.New("package main calls watchbox.Export in no init function")
		}
		return exported.Configure(parameters)
	}
	handler.Events = func(artifact string, events []byte) handler.Outcome {
		return outcome(exported.Events(artifact, events))
	}
	handler.Ticking = func(due float64) handler.Outcome { return outcome(exported.Tick(due)) }
}

func outcome(rows []byte, err error) handler.Outcome {
	made := handler.Outcome{Rows: rows, Failed: err != nil}
	switch err := err.(type) {
	case nil:
	case *RetryError:
		made.Failure, made.Text = contract.FailureRetry, err.Reason
		made.AfterMs = uint32(min(max(0, err.After.Milliseconds()), math.MaxUint32))
	case *RejectError:
		made.Failure, made.Text = contract.FailureReject, err.Reason
	case *FaultError:
		made.Failure, made.Text = contract.FailureFault, err.Text
	}
	made.Text = strings.ToValidUTF8(made.Text, "\ufffd")
	return made
}
