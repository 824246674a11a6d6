// Package http sends HTTP requests. It needs the grant `http`.
//
//	response, err := http.Post(http.Secret("token_url")).JSON(message).Timeout(10 * time.Second).Once("C.1").Send()
package http

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"watchbox/internal/host"
)

// Errors, found by errors.Is.
var (
	Denied         error = &host.Error{Capability: "http", Reason: "denied"}          // no grant covers it, and nothing was sent; the text names the grant that would
	InvalidRequest error = &host.Error{Capability: "http", Reason: "invalid-request"} // nothing was sent
	Unreachable    error = &host.Error{Capability: "http", Reason: "unreachable"}     // whether the other side acted on it is unknown
	Timeout        error = &host.Error{Capability: "http", Reason: "timeout"}         // the same
	TooLarge       error = &host.Error{Capability: "http", Reason: "too-large"}       // the response's body is larger than the limit; the request was made
	Limited        error = &host.Error{Capability: "http", Reason: "limited"}         // the grant's requests a minute are spent, see After; nothing was sent
)

// After is how long from now there is room for one more request, of an error that is Limited.
func After(err error) time.Duration {
	var limited *host.Error
	if errors.As(err, &limited) && errors.Is(err, Limited) {
		return time.Duration(limited.Number) * time.Millisecond
	}
	return 0
}

// Text is a text of a request, or a place where the host fills a secret in.
type Text = host.Text

// Plain is a text as it stands.
func Plain(text string) Text { return Text{Text: text} }

// Secret is the value of a parameter of type `secret`, which the artifact never sees, filled in only towards destinations whose grant names it.
func Secret(parameter string) Text { return Text{Secret: parameter} }

// SecretAfter is prefix and then a secret: SecretAfter("Bearer ", "token").
func SecretAfter(prefix, parameter string) Text { return Text{Text: prefix, Secret: parameter} }

// A Request is put together by its methods, and does nothing until it is sent.
type Request struct {
	made host.Request
	err  error
}

// New is a request of any method, in capitals, to an absolute URL.
func New(method string, url Text) *Request {
	return &Request{made: host.Request{Method: method, URL: url}}
}

// Get is a GET.
func Get(url Text) *Request { return New("GET", url) }

// Post is a POST.
func Post(url Text) *Request { return New("POST", url) }

// Put is a PUT.
func Put(url Text) *Request { return New("PUT", url) }

// Header adds a header.
func (r *Request) Header(name string, value Text) *Request {
	r.made.Headers = append(r.made.Headers, host.Header{Name: name, Value: value})
	return r
}

// Body sets the body.
func (r *Request) Body(body []byte) *Request {
	r.made.Body, r.made.BodySecrets = body, nil
	return r
}

// Parts sets the body to these, one after the other, secrets among them: for services that want their key there.
func (r *Request) Parts(parts ...Text) *Request {
	r.Body(nil)
	for _, part := range parts {
		r.made.Body = append(r.made.Body, part.Text...)
		if part.Secret != "" {
			r.made.BodySecrets = append(r.made.BodySecrets, host.Insertion{At: len(r.made.Body), Secret: part.Secret})
		}
	}
	return r
}

// JSON sets the body, and the header that says so. What can't be JSON is an error of Send.
func (r *Request) JSON(value any) *Request {
	body, err := json.Marshal(value)
	if err != nil {
		r.err = err
	}
	return r.Header("content-type", Plain("application/json")).Body(body)
}

// Timeout is how long it may take until the response's body is in; 30 s where it is not set.
func (r *Request) Timeout(timeout time.Duration) *Request {
	r.made.TimeoutMs = uint32(max(1, timeout.Milliseconds()))
	return r
}

// Once names the effect within its turn: if the turn is tried again, what was settled under this name is not done again, even if the body now differs; any answer but
// 408, 425, 429 and 5xx settles it.
func (r *Request) Once(name string) *Request {
	r.made.Once = name
	return r
}

// Send sends it and waits for its response, whatever its status.
func (r *Request) Send() (*Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	response, err := send(r.made)
	if err != nil {
		return nil, err
	}
	return &Response{*response}, nil
}

// Forget forgets what settled the request of this name (see Once), so that the next call makes it again: in a further try of the turn, when its dead letter is redriven, in
// the ticks that follow one that was set aside. It is for an answer that somebody can mend the cause of, such as a 401 for a key that ran out: forget it, then retry or
// reject. What the other side did for the request it may then do twice.
func Forget(once string) { forget(once) }

// A Response is a response, whatever its status.
type Response struct{ host.Response }

// OK says whether the status is 200 to 299.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Header is the first header of this name, which is compared without regard to case; empty where there is none.
func (r *Response) Header(name string) string {
	for _, header := range r.Headers {
		if strings.EqualFold(header[0], name) {
			return header[1]
		}
	}
	return ""
}

// JSON reads the body as JSON.
func (r *Response) JSON(into any) error { return json.Unmarshal(r.Body, into) }
