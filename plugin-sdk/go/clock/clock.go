// Package clock tells the time. It needs the grant `clock`.
package clock

import "watchbox/internal/host"

// Denied says that the clock is not granted; found by errors.Is.
var Denied error = &host.Error{Capability: "clock", Reason: "denied"}

// Now is the turn's time: when its first try began, in seconds since the Unix epoch. The same at every call and on every try of the turn, so that a turn
// done again comes out the same; it can't be used to measure.
func Now() (float64, error) { return now() }
