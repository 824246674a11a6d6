//go:build wasip1

package clock

import (
	contract "watchbox/internal/contract/watchbox_artifact_clock"
	"watchbox/internal/host"
)

func now() (float64, error) {
	result := contract.Now()
	if result.IsErr() {
		return 0, &host.Error{Capability: "clock", Reason: "denied", Text: result.Err().Denied()}
	}
	return result.Ok(), nil
}
