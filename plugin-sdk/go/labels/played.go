//go:build !wasip1

package labels

import "watchbox/internal/host"

func add(id string, labels []string) error {
	if host.Played.AddLabels == nil {
		return host.Alone("labels")
	}
	return host.Played.AddLabels(id, labels)
}

func remove(id string, labels []string) error {
	if host.Played.RemoveLabels == nil {
		return host.Alone("labels")
	}
	return host.Played.RemoveLabels(id, labels)
}
