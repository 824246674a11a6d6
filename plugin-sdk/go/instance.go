package watchbox

import (
	"fmt"

	"watchbox/internal/msgpack"
)

// An Instance is an instance of an artifact: one configuration and any number of turns. It is what Export and package watchboxtest share, and nothing for
// artifacts.
type Instance struct {
	make     func(parameters []byte) (any, error)
	artifact any
}

// NewInstance makes one that is not configured yet. P is a struct whose fields are named like the parameters, or by `watchbox:"Parameter"`.
func NewInstance[P, A any](configure func(P) (A, error)) *Instance {
	return &Instance{make: func(bytes []byte) (any, error) {
		var parameters P
		if err := (&msgpack.Reader{Bytes: bytes}).Struct(&parameters); err != nil {
			return nil, fmt.Errorf("the parameters are not those that it expects: %w", err)
		}
		return configure(parameters)
	}}
}

// Configure is the contract's `configure`.
func (i *Instance) Configure(parameters []byte) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = panicked(value)
		}
	}()
	i.artifact, err = i.make(parameters)
	return err
}

// Events is a turn with events. The error is a *RetryError, *RejectError or *FaultError.
func (i *Instance) Events(artifact string, events []byte) ([]byte, error) {
	return i.turn(func(rows *Rows) error {
		if made, ok := i.artifact.(WithEvents); ok {
			return made.Events(&Batch{artifact, events}, rows)
		}
		return Reject(fmt.Sprintf("the manifest subscribes to %s, but the artifact has no method Events", artifact))
	})
}

// Tick is a turn with a tick. The error is a *RetryError, *RejectError or *FaultError.
func (i *Instance) Tick(due float64) ([]byte, error) {
	return i.turn(func(rows *Rows) error {
		if made, ok := i.artifact.(WithTick); ok {
			return made.Tick(Tick{due}, rows)
		}
		return Reject("the manifest has a schedule, but the artifact has no method Tick")
	})
}

func (i *Instance) turn(call func(*Rows) error) (bytes []byte, err error) {
	if i.artifact == nil {
		return nil, &FaultError{"`handle` came before `configure`"}
	}
	defer func() {
		if value := recover(); value != nil {
			bytes, err = nil, panicked(value)
		}
	}()
	rows := &Rows{}
	if err := failure(call(rows)); err != nil {
		return nil, err
	}
	return rows.finish(), nil
}

// exported is the artifact of this component.
var exported *Instance

// Export makes a component of the package: `configure` makes the artifact for its parameters, and an error of it tells the operator what is wrong with
// them. Call it once, in an init function.
func Export[P, A any](configure func(P) (A, error)) { exported = NewInstance(configure) }
