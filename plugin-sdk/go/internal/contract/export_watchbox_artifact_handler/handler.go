//go:build wasip1

// Package export_watchbox_artifact_handler is what the bindings call; package watchbox fills it in.
package export_watchbox_artifact_handler

import (
	handler "watchbox/internal/contract/watchbox_artifact_handler"
	types "watchbox/internal/wit/types"
)

// Outcome is how a turn ended.
type Outcome struct {
	Rows    []byte
	Failure uint8 // one of the contract's, where Failed
	Failed  bool
	Text    string
	AfterMs uint32
}

// What package watchbox does.
var (
	Configuring func(parameters []byte) error
	Events      func(artifact string, events []byte) Outcome
	Ticking     func(due float64) Outcome
)

// Configure is the contract's `configure`.
func Configure(parameters []uint8) types.Result[types.Unit, string] {
	if err := Configuring(parameters); err != nil {
		return types.Err[types.Unit](err.Error())
	}
	return types.Ok[types.Unit, string](types.Unit{})
}

// Handle is the contract's `handle`.
func Handle(trigger handler.Trigger) types.Result[[]uint8, handler.Failure] {
	var outcome Outcome
	if trigger.Tag() == handler.TriggerEvents {
		batch := trigger.Events()
		outcome = Events(batch.Artifact, batch.Rows)
	} else {
		outcome = Ticking(trigger.Tick().Due)
	}
	if !outcome.Failed {
		return types.Ok[[]uint8, handler.Failure](outcome.Rows)
	}
	var failure handler.Failure
	switch outcome.Failure {
	case handler.FailureRetry:
		failure = handler.MakeFailureRetry(handler.Retry{Reason: outcome.Text, AfterMs: outcome.AfterMs})
	case handler.FailureReject:
		failure = handler.MakeFailureReject(outcome.Text)
	default:
		failure = handler.MakeFailureFault(outcome.Text)
	}
	return types.Err[[]uint8](failure)
}
