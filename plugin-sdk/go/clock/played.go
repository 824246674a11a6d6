//go:build !wasip1

package clock

import "watchbox/internal/host"

func now() (float64, error) {
	if host.Played.Now == nil {
		return 0, host.Alone("clock")
	}
	return host.Played.Now()
}
