// Package host holds what the capabilities' packages and the played host of package watchboxtest share: plain types, and, outside of a component, the functions
// that are called in the place of the contract's imports.
package host

// Client is an endpoint.
type Client struct {
	ID        string   // such as `C.1a2b3c4d5e6f7a8b`; never changes
	Hostname  string   // empty until it reported one
	OS        string   // as it was registered; empty where none was
	Labels    []string // sorted; they compare without regard to ASCII case
	FirstSeen float64  // when it was registered, or first reported: seconds since the Unix epoch
	LastSeen  float64  // when it last reported anything; 0 where it has not reported yet
}

// Text is a text of a request, and where Secret is set that text and then the secret parameter's value.
type Text struct {
	Text   string
	Secret string
}

// Header is a header of a request.
type Header struct {
	Name  string
	Value Text
}

// Insertion is a place in a body where a secret goes: before the byte At of what is written.
type Insertion struct {
	At     int
	Secret string
}

// Request is a request as it goes to the host.
type Request struct {
	Method      string
	URL         Text
	Headers     []Header
	Body        []byte // without its secrets
	BodySecrets []Insertion
	TimeoutMs   uint32 // 0 for none
	Once        string // empty for none
}

// Response is a response, whatever its status.
type Response struct {
	Status  int
	Headers [][2]string // as received, names in lower case
	Body    []byte
}

// Message is a message of plain text.
type Message struct {
	To      []string
	Subject string
	Text    string
	Once    string // empty for none
}

// Error is why a call gave no answer: the contract's word for it and its text, or number.
type Error struct {
	Capability string
	Reason     string
	Text       string
	Number     uint32
}

func (e *Error) Error() string {
	text := e.Text
	switch e.Reason {
	case "timeout":
		text = "no response in time"
	case "too-large":
		text = "there would be more than the limit of bytes"
	case "limited":
		text = "too many for now"
	}
	return e.Capability + ": " + e.Reason + ": " + text
}

// Is makes errors.Is find the reason, whatever the text.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Reason == e.Reason && (other.Capability == "" || other.Capability == e.Capability)
}
