//go:build wasip1

package labels

import (
	contract "watchbox/internal/contract/watchbox_artifact_labels"
	"watchbox/internal/host"
)

func add(id string, labels []string) error {
	if result := contract.Add(id, labels); result.IsErr() {
		return refused(result.Err())
	}
	return nil
}

func remove(id string, labels []string) error {
	if result := contract.Remove(id, labels); result.IsErr() {
		return refused(result.Err())
	}
	return nil
}

func refused(err contract.Error) error {
	switch err.Tag() {
	case contract.ErrorDenied:
		return &host.Error{Capability: "labels", Reason: "denied", Text: err.Denied()}
	case contract.ErrorUnknownClient:
		return &host.Error{Capability: "labels", Reason: "unknown-client", Text: err.UnknownClient()}
	}
	return &host.Error{Capability: "labels", Reason: "invalid-label", Text: err.InvalidLabel()}
}
