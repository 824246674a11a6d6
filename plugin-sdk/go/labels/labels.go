// Package labels puts labels on clients and takes them off, as part of the turn. It needs the grant `labels`.
package labels

import "watchbox/internal/host"

// Errors, found by errors.Is.
var (
	Denied        error = &host.Error{Capability: "labels", Reason: "denied"}         // no grant covers one of the labels; the text names the one that would
	UnknownClient error = &host.Error{Capability: "labels", Reason: "unknown-client"} // there is no client of this id
	InvalidLabel  error = &host.Error{Capability: "labels", Reason: "invalid-label"}  // 1 to 64 characters are wanted, without commas, control characters, or white space at the ends
)

// Add puts labels on a client: all of them, or on an error none. One that it carries already is left as it is.
func Add(clientID string, labels ...string) error { return add(clientID, labels) }

// Remove takes labels off a client: all of them, or on an error none. One that it does not carry is passed over.
func Remove(clientID string, labels ...string) error { return remove(clientID, labels) }
