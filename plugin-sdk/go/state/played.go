//go:build !wasip1

package state

import "watchbox/internal/host"

func get(key string) ([]byte, bool, error) {
	if host.Played.State == nil {
		return nil, false, host.Alone("state")
	}
	return host.Played.State(key)
}

func set(key string, value []byte) error {
	if host.Played.SetState == nil {
		return host.Alone("state")
	}
	return host.Played.SetState(key, value)
}

func remove(key string) error {
	if host.Played.RemoveState == nil {
		return host.Alone("state")
	}
	return host.Played.RemoveState(key)
}

func keys(prefix string) ([]string, error) {
	if host.Played.StateKeys == nil {
		return nil, host.Alone("state")
	}
	return host.Played.StateKeys(prefix)
}
