// Package mail sends mail. It needs the grant `mail`. The relay and the sender are the server's; a message is plain text.
//
//	id, err := mail.Send(mail.Message{To: []string{"soc@example.org"}, Subject: "Encoded command on WS-1", Text: text, Once: "C.1"})
package mail

import (
	"errors"
	"time"

	"watchbox/internal/host"
)

// Errors, found by errors.Is.
var (
	Denied         error = &host.Error{Capability: "mail", Reason: "denied"}          // no grant covers a recipient, and nothing was sent; the text names the grant that would
	InvalidMessage error = &host.Error{Capability: "mail", Reason: "invalid-message"} // nothing was sent
	Refused        error = &host.Error{Capability: "mail", Reason: "refused"}         // the relay never will take it
	Unavailable    error = &host.Error{Capability: "mail", Reason: "unavailable"}     // it can't be sent just now: let the turn be tried again
	Limited        error = &host.Error{Capability: "mail", Reason: "limited"}         // the grant's mails an hour are spent, see After; nothing was sent
)

// After is how long from now there is room for one more message, of an error that is Limited.
func After(err error) time.Duration {
	var limited *host.Error
	if errors.As(err, &limited) && errors.Is(err, Limited) {
		return time.Duration(limited.Number) * time.Millisecond
	}
	return 0
}

// Message is a message. Once names the effect within its turn: if the turn is tried again, what was settled under this name is not sent again, even if the text now
// differs; empty for no name.
type Message = host.Message

// Send sends a message and waits until the relay took it over. It gives the Message-ID.
func Send(message Message) (string, error) { return send(message) }
