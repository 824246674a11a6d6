//go:build !wasip1

package clients

import "watchbox/internal/host"

func search(query string, limit uint32, after string) ([]Client, error) {
	if host.Played.Search == nil {
		return nil, host.Alone("clients")
	}
	return host.Played.Search(query, limit, after)
}

func get(id string) (*Client, error) {
	if host.Played.Client == nil {
		return nil, host.Alone("clients")
	}
	return host.Played.Client(id)
}
