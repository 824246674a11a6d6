//go:build wasip1

package mail

import (
	contract "watchbox/internal/contract/watchbox_artifact_mail"
	"watchbox/internal/host"
	types "watchbox/internal/wit/types"
)

func send(message host.Message) (string, error) {
	once := types.None[string]()
	if message.Once != "" {
		once = types.Some(message.Once)
	}
	result := contract.Send(contract.Message{To: message.To, Subject: message.Subject, Text: message.Text, Once: once})
	if result.IsErr() {
		return "", refused(result.Err())
	}
	return result.Ok(), nil
}

func refused(err contract.Error) error {
	made := &host.Error{Capability: "mail"}
	switch err.Tag() {
	case contract.ErrorDenied:
		made.Reason, made.Text = "denied", err.Denied()
	case contract.ErrorInvalidMessage:
		made.Reason, made.Text = "invalid-message", err.InvalidMessage()
	case contract.ErrorRefused:
		made.Reason, made.Text = "refused", err.Refused()
	case contract.ErrorUnavailable:
		made.Reason, made.Text = "unavailable", err.Unavailable()
	default:
		made.Reason, made.Number = "limited", err.Limited()
	}
	return made
}
