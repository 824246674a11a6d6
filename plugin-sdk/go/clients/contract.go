//go:build wasip1

package clients

import (
	contract "watchbox/internal/contract/watchbox_artifact_clients"
	"watchbox/internal/host"
	types "watchbox/internal/wit/types"
)

func search(query string, limit uint32, after string) ([]Client, error) {
	last := types.None[string]()
	if after != "" {
		last = types.Some(after)
	}
	result := contract.Search(query, limit, last)
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	found := result.Ok()
	clients := make([]Client, len(found))
	for i := range found {
		clients[i] = of(found[i])
	}
	return clients, nil
}

func get(id string) (*Client, error) {
	result := contract.Get(id)
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	found := result.Ok()
	if found.IsNone() {
		return nil, nil
	}
	client := of(found.Some())
	return &client, nil
}

func of(from contract.Client) Client {
	return Client{ID: from.Id, Hostname: from.Hostname, OS: from.Os, Labels: from.Labels, FirstSeen: from.FirstSeen, LastSeen: from.LastSeen}
}

func refused(err contract.Error) error {
	switch err.Tag() {
	case contract.ErrorDenied:
		return &host.Error{Capability: "clients", Reason: "denied", Text: err.Denied()}
	case contract.ErrorInvalidQuery:
		return &host.Error{Capability: "clients", Reason: "invalid-query", Text: err.InvalidQuery()}
	}
	return &host.Error{Capability: "clients", Reason: "unavailable", Text: err.Unavailable()}
}
