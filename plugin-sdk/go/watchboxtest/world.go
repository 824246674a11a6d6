// Package watchboxtest runs an artifact in a test, with capabilities that are played.
//
//	world := watchboxtest.New(t)
//	world.AddClient(clients.Client{ID: "C.1", Labels: []string{"New"}})
//	world.Respond = func(watchboxtest.Request) (*watchboxtest.Response, error) { return &watchboxtest.Response{Status: 200}, nil }
//	installed := watchboxtest.Install(world, New, map[string]any{"Longest": 5})
//	rows, err := installed.Tick(60)
//
// Turns behave as the host's do: what a failed turn changed is undone and the artifact made anew, but the http requests that it made, and that settled something, are
// not made again by the next try of the same trigger. One world plays at a time, so such tests can't run in parallel.
package watchboxtest

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"watchbox/internal/host"
)

// Client is an endpoint.
type Client = host.Client

// Request is a request that an artifact made.
type Request = host.Request

// Message is a message that an artifact sent.
type Message = host.Message

// Response is what a request is answered with.
type Response = host.Response

// A Line is a line that an artifact logged.
type Line struct {
	Level uint8 // 0 debug, 1 info, 2 warn, 3 error
	Text  string
}

// A World is a played host: every capability granted, no client, no state, nobody who answers, a relay that takes all mail, the clock at 0.
type World struct {
	Clients  map[string]Client
	State    map[string][]byte
	Time     float64
	Denied   map[string]bool // capabilities without a grant
	Requests []Request       // those that were made; those answered out of the journal were not
	Mails    []Message       // those that were handed to the relay
	Lines    []Line
	// Respond answers requests; without it each is unreachable.
	Respond func(Request) (*Response, error)

	// Relay takes mail; without it, all is taken.
	Relay func(Message) error

	journal map[string]*Response
	mailed  map[string]outcome
}

// New makes an empty one, which plays until the test ends.
func New(t testing.TB) *World {
	world := &World{Clients: map[string]Client{}, State: map[string][]byte{}, Denied: map[string]bool{}, journal: map[string]*Response{}, mailed: map[string]outcome{}}
	world.play()
	t.Cleanup(func() { host.Played = host.Calls{} })
	return world
}

// AddClient puts a client in, in the place of one of the same id.
func (w *World) AddClient(client Client) { w.Clients[client.ID] = client }

func refuse(capability, reason, text string) error {
	return &host.Error{Capability: capability, Reason: reason, Text: text}
}

func (w *World) denied(capability string) error {
	if w.Denied[capability] {
		return refuse(capability, "denied", fmt.Sprintf("grant `%s`", capability))
	}
	return nil
}

func (w *World) play() {
	host.Played.Search = w.search
	host.Played.Client = func(id string) (*Client, error) {
		if err := w.denied("clients"); err != nil {
			return nil, err
		}
		if client, ok := w.Clients[id]; ok {
			return &client, nil
		}
		return nil, nil
	}
	host.Played.AddLabels = func(id string, labels []string) error {
		return w.relabel(id, labels, func(own []string) []string { return append(own, labels...) })
	}
	host.Played.RemoveLabels = func(id string, labels []string) error {
		return w.relabel(id, labels, func(own []string) []string { return own })
	}
	host.Played.Send = w.send
	host.Played.Forget = func(once string) {
		if !w.Denied["http"] {
			delete(w.journal, once)
		}
	}
	host.Played.Mail = w.mail
	host.Played.State = func(key string) ([]byte, bool, error) {
		value, found := w.State[key]
		return value, found, w.key(key)
	}
	host.Played.SetState = func(key string, value []byte) error {
		err := w.key(key)
		if err == nil {
			w.State[key] = slices.Clone(value)
		}
		return err
	}
	host.Played.RemoveState = func(key string) error {
		delete(w.State, key)
		return w.key(key)
	}
	host.Played.StateKeys = func(prefix string) ([]string, error) {
		keys := slices.Sorted(maps.Keys(w.State))
		return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }), w.denied("state")
	}
	host.Played.Log = func(level uint8, line string) {
		if w.denied("log") == nil {
			w.Lines = append(w.Lines, Line{level, line})
		}
	}
	host.Played.Now = func() (float64, error) { return w.Time, w.denied("clock") }
}

func (w *World) key(key string) error {
	if err := w.denied("state"); err != nil {
		return err
	}
	if len(key) == 0 || len(key) > 256 || strings.ContainsFunc(key, func(r rune) bool { return r < 32 || r == 127 }) {
		return refuse("state", "invalid-key", key)
	}
	return nil
}

func (w *World) search(query string, limit uint32, after string) ([]Client, error) {
	if err := w.denied("clients"); err != nil {
		return nil, err
	}
	if query == "" {
		return nil, refuse("clients", "invalid-query", "it is empty")
	}
	var found []Client
	for _, id := range slices.Sorted(maps.Keys(w.Clients)) {
		if id > after && len(found) < int(limit) && matches(query, w.Clients[id]) {
			found = append(found, w.Clients[id])
		}
	}
	return found, nil
}

func matches(query string, client Client) bool {
	has := func(label string) bool {
		return slices.ContainsFunc(client.Labels, func(own string) bool { return strings.EqualFold(own, label) })
	}
	kind, text, _ := strings.Cut(query, ":")
	switch {
	case query == "all":
		return true
	case kind == "label":
		return has(text)
	case kind == "host":
		pattern := strings.NewReplacer("[", "\\[", "?", "\\?").Replace(strings.ToLower(text))
		fits, _ := path.Match(pattern, strings.ToLower(client.Hostname))
		return fits
	case kind == "client":
		return strings.EqualFold(client.ID, text)
	}
	all := strings.ToLower(strings.Join(append([]string{client.ID, client.Hostname}, client.Labels...), "\n"))
	return strings.Contains(all, strings.ToLower(query))
}

func (w *World) relabel(id string, labels []string, change func([]string) []string) error {
	if err := w.denied("labels"); err != nil {
		return err
	}
	for _, label := range labels {
		if label == "" || len([]rune(label)) > 64 || strings.Contains(label, ",") || strings.TrimSpace(label) != label {
			return refuse("labels", "invalid-label", label)
		}
	}
	client, known := w.Clients[id]
	if !known {
		return refuse("labels", "unknown-client", id)
	}
	others := slices.DeleteFunc(slices.Clone(client.Labels), func(own string) bool {
		return slices.ContainsFunc(labels, func(label string) bool { return strings.EqualFold(label, own) })
	})
	client.Labels = change(others)
	slices.Sort(client.Labels)
	w.Clients[id] = client
	return nil
}

func (w *World) send(request Request) (*Response, error) {
	if err := w.denied("http"); err != nil {
		return nil, err
	}
	if settled, ok := w.journal[request.Once]; ok && request.Once != "" {
		return settled, nil
	}
	w.Requests = append(w.Requests, request)
	if w.Respond == nil {
		return nil, refuse("http", "unreachable", "nobody answers: give the World a Respond")
	}
	response, err := w.Respond(request)
	if err == nil && request.Once != "" && response.Status < 500 && !slices.Contains([]int{408, 425, 429}, response.Status) {
		w.journal[request.Once] = response
	}
	return response, err
}

func (w *World) mail(message Message) (string, error) {
	if err := w.denied("mail"); err != nil {
		return "", err
	}
	if settled, ok := w.mailed[message.Once]; ok && message.Once != "" {
		return settled.id, settled.err
	}
	w.Mails = append(w.Mails, message)
	came := outcome{id: fmt.Sprintf("<%d@watchbox.test>", len(w.Mails))}
	if w.Relay != nil {
		if came.err = w.Relay(message); came.err != nil {
			came.id = ""
		}
	}
	refused := &host.Error{Capability: "mail", Reason: "refused"}
	if message.Once != "" && (came.err == nil || errors.Is(came.err, refused)) {
		w.mailed[message.Once] = came
	}
	return came.id, came.err
}

// What came of a message.
type outcome struct {
	id  string
	err error
}
