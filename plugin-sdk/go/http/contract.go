//go:build wasip1

package http

import (
	contract "watchbox/internal/contract/watchbox_artifact_http"
	"watchbox/internal/host"
	types "watchbox/internal/wit/types"
)

func send(request host.Request) (*host.Response, error) {
	headers := make([]contract.Header, len(request.Headers))
	for i, header := range request.Headers {
		headers[i] = contract.Header{Name: header.Name, Value: text(header.Value)}
	}
	secrets := make([]contract.Insertion, len(request.BodySecrets))
	for i, place := range request.BodySecrets {
		secrets[i] = contract.Insertion{At: uint32(place.At), Parameter: place.Secret}
	}
	timeout, once := types.None[uint32](), types.None[string]()
	if request.TimeoutMs != 0 {
		timeout = types.Some(request.TimeoutMs)
	}
	if request.Once != "" {
		once = types.Some(request.Once)
	}
	result := contract.Send(contract.Request{
		Method: request.Method, Url: text(request.URL), Headers: headers, Body: request.Body, BodySecrets: secrets, TimeoutMs: timeout, Once: once,
	})
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	answer := result.Ok()
	response := &host.Response{Status: int(answer.Status), Body: answer.Body}
	for _, header := range answer.Headers {
		response.Headers = append(response.Headers, [2]string{header.F0, header.F1})
	}
	return response, nil
}

func forget(once string) { contract.Forget(once) }

func text(from host.Text) contract.Text {
	if from.Secret != "" {
		return contract.MakeTextSecret(contract.Secret{Parameter: from.Secret, Prefix: from.Text})
	}
	return contract.MakeTextPlain(from.Text)
}

func refused(err contract.Error) error {
	made := &host.Error{Capability: "http"}
	switch err.Tag() {
	case contract.ErrorDenied:
		made.Reason, made.Text = "denied", err.Denied()
	case contract.ErrorInvalidRequest:
		made.Reason, made.Text = "invalid-request", err.InvalidRequest()
	case contract.ErrorUnreachable:
		made.Reason, made.Text = "unreachable", err.Unreachable()
	case contract.ErrorTimeout:
		made.Reason = "timeout"
	case contract.ErrorTooLarge:
		made.Reason, made.Number = "too-large", err.TooLarge()
	default:
		made.Reason, made.Number = "limited", err.Limited()
	}
	return made
}
