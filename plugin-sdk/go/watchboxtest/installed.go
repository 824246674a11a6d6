package watchboxtest

import (
	"bytes"
	"maps"

	"watchbox"
	"watchbox/internal/msgpack"
)

// Installed is an installed artifact.
type Installed struct {
	World *World

	fresh    func() (*watchbox.Instance, error)
	instance *watchbox.Instance
	open     []byte // the trigger of a turn that failed
}

// Install installs the artifact that `configure` makes, with these parameters; an error says what is wrong with them.
func Install[P, A any](world *World, configure func(P) (A, error), parameters map[string]any) (*Installed, error) {
	coded, err := msgpack.Append(nil, parameters)
	if err != nil {
		return nil, err
	}
	if parameters == nil {
		coded = msgpack.AppendHead(nil, 0, true)
	}
	installed := &Installed{World: world, fresh: func() (*watchbox.Instance, error) {
		instance := watchbox.NewInstance(configure)
		return instance, instance.Configure(coded)
	}}
	installed.instance, err = installed.fresh()
	return installed, err
}

// Tick is one turn with a tick that is due at this time, to which the clock is set as well. The error is a *RetryError, *RejectError or *FaultError of package watchbox.
func (i *Installed) Tick(at float64) ([]map[string]any, error) {
	i.World.Time = at
	trigger, err := msgpack.Append(nil, at)
	if err != nil {
		return nil, err
	}
	return i.turn(trigger, func() ([]byte, error) { return i.instance.Tick(at) })
}

// Events is one turn with events of the log `artifact`: maps or structs.
func (i *Installed) Events(artifact string, events ...any) ([]map[string]any, error) {
	coded, err := msgpack.Append(nil, events)
	if err != nil {
		return nil, err
	}
	return i.turn(append([]byte(artifact), coded...), func() ([]byte, error) { return i.instance.Events(artifact, coded) })
}

func (i *Installed) turn(trigger []byte, call func() ([]byte, error)) ([]map[string]any, error) {
	if !bytes.Equal(trigger, i.open) {
		clear(i.World.journal)
		clear(i.World.mailed)
	}
	i.open = trigger
	clients, state := maps.Clone(i.World.Clients), maps.Clone(i.World.State)
	coded, err := call()
	if err != nil {
		i.World.Clients, i.World.State = clients, state
		var wrong error
		if i.instance, wrong = i.fresh(); wrong != nil {
			return nil, wrong
		}
		return nil, err
	}
	i.open = nil
	return read(coded)
}

func read(coded []byte) ([]map[string]any, error) {
	if len(coded) == 0 {
		return nil, nil
	}
	value, err := (&msgpack.Reader{Bytes: coded}).Any()
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	for _, row := range value.([]any) {
		rows = append(rows, row.(map[string]any))
	}
	return rows, nil
}
