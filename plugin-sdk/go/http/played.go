//go:build !wasip1

package http

import "watchbox/internal/host"

func send(request host.Request) (*host.Response, error) {
	if host.Played.Send == nil {
		return nil, host.Alone("http")
	}
	return host.Played.Send(request)
}

func forget(once string) {
	if host.Played.Forget != nil {
		host.Played.Forget(once)
	}
}
