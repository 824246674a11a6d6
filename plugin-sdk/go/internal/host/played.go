//go:build !wasip1

package host

// Calls are called in the place of the contract's imports.
type Calls struct {
	Search       func(query string, limit uint32, after string) ([]Client, error)
	Client       func(id string) (*Client, error)
	AddLabels    func(id string, labels []string) error
	RemoveLabels func(id string, labels []string) error
	Send         func(Request) (*Response, error)
	Forget       func(once string)
	Mail         func(Message) (string, error)
	State        func(key string) ([]byte, bool, error)
	SetState     func(key string, value []byte) error
	RemoveState  func(key string) error
	StateKeys    func(prefix string) ([]string, error)
	Log          func(level uint8, line string)
	Now          func() (float64, error)
}

// Played is the host that is played; outside of one each of its calls is nil.
var Played Calls

// Alone is the error of a call outside of a played host.
func Alone(capability string) error {
	return &Error{Capability: capability, Reason: "denied", Text: "there is no watchboxtest.World around this call"}
}
