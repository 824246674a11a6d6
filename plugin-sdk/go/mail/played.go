//go:build !wasip1

package mail

import "watchbox/internal/host"

func send(message host.Message) (string, error) {
	if host.Played.Mail == nil {
		return "", host.Alone("mail")
	}
	return host.Played.Mail(message)
}
