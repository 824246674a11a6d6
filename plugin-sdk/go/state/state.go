// Package state holds the artifact's own values, kept from turn to turn, over restarts and upgrades. It needs the grant `state`. Writes are part of the turn.
package state

import (
	"encoding/json"
	"fmt"

	"watchbox/internal/host"
)

// Errors, found by errors.Is.
var (
	Denied     error = &host.Error{Capability: "state", Reason: "denied"}      // state is not granted; the text names the grant that would allow it
	TooLarge   error = &host.Error{Capability: "state", Reason: "too-large"}   // with it the state would be larger than the limit; nothing was written
	InvalidKey error = &host.Error{Capability: "state", Reason: "invalid-key"} // 1 to 256 bytes without control characters are wanted
)

// Get reads the value of a key, which was kept as JSON, into what `into` points to; false where there is none.
func Get(key string, into any) (bool, error) {
	bytes, found, err := GetBytes(key)
	if err != nil || !found {
		return false, err
	}
	if err := json.Unmarshal(bytes, into); err != nil {
		return false, fmt.Errorf("state: the value of `%s`: %w", key, err)
	}
	return true, nil
}

// Set sets the value of a key, kept as JSON, whether it had one or not.
func Set(key string, value any) error {
	bytes, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("state: the value of `%s`: %w", key, err)
	}
	return SetBytes(key, bytes)
}

// GetBytes gives the bytes of a key; false where there are none.
func GetBytes(key string) ([]byte, bool, error) { return get(key) }

// SetBytes sets the bytes of a key, whether it had some or not.
func SetBytes(key string, value []byte) error { return set(key, value) }

// Remove removes a key and its value. One that is not there is no error.
func Remove(key string) error { return remove(key) }

// Keys gives the keys that start with prefix, sorted; all for an empty one.
func Keys(prefix string) ([]string, error) { return keys(prefix) }
