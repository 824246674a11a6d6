//go:build !wasip1

package log

import "watchbox/internal/host"

func write(level uint8, line string) {
	if host.Played.Log != nil {
		host.Played.Log(level, line)
	}
}
