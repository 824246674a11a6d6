//go:build wasip1

package state

import (
	contract "watchbox/internal/contract/watchbox_artifact_state"
	"watchbox/internal/host"
)

func get(key string) ([]byte, bool, error) {
	result := contract.Get(key)
	if result.IsErr() {
		return nil, false, refused(result.Err())
	}
	found := result.Ok()
	if found.IsNone() {
		return nil, false, nil
	}
	return found.Some(), true, nil
}

func set(key string, value []byte) error {
	if result := contract.Set(key, value); result.IsErr() {
		return refused(result.Err())
	}
	return nil
}

func remove(key string) error {
	if result := contract.Remove(key); result.IsErr() {
		return refused(result.Err())
	}
	return nil
}

func keys(prefix string) ([]string, error) {
	result := contract.Keys(prefix)
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	return result.Ok(), nil
}

func refused(err contract.Error) error {
	switch err.Tag() {
	case contract.ErrorDenied:
		return &host.Error{Capability: "state", Reason: "denied", Text: err.Denied()}
	case contract.ErrorTooLarge:
		return &host.Error{Capability: "state", Reason: "too-large", Number: err.TooLarge()}
	}
	return &host.Error{Capability: "state", Reason: "invalid-key", Text: err.InvalidKey()}
}
