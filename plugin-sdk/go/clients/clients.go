// Package clients looks up clients: the endpoints that the server knows. It needs the grant `clients`.
package clients

import (
	"iter"

	"watchbox/internal/host"
)

// Client is an endpoint.
type Client = host.Client

// Errors, found by errors.Is.
var (
	Denied       error = &host.Error{Capability: "clients", Reason: "denied"}        // no grant covers it; the text names the one that would
	InvalidQuery error = &host.Error{Capability: "clients", Reason: "invalid-query"} // the search term is none
	Unavailable  error = &host.Error{Capability: "clients", Reason: "unavailable"}   // the server could not read its clients just now
)

const page = 1000

// Search gives the clients that match, ordered by id: `label:X`, `host:X` (`*` stands for any characters), `client:X`, `all`, or bare text. They are fetched as they
// are asked for, a thousand at a time; after an error there are no more.
func Search(query string) iter.Seq2[Client, error] {
	return func(yield func(Client, error) bool) {
		for after := ""; ; {
			found, err := search(query, page, after)
			if err != nil {
				yield(Client{}, err)
				return
			}
			for _, client := range found {
				if !yield(client, nil) {
					return
				}
			}
			if len(found) < page {
				return
			}
			after = found[page-1].ID
		}
	}
}

// Get gives the client of this id; nil where there is none that a granted search term matches.
func Get(id string) (*Client, error) { return get(id) }
