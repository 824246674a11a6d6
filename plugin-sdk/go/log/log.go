// Package log writes lines for the operator, kept whether the turn counts or not. It needs the grant `log`; a line that is not granted, or too much, is
// dropped and counted by the host.
package log

import "fmt"

// Debug writes what is of use only while looking for a mistake.
func Debug(format string, values ...any) { write(0, fmt.Sprintf(format, values...)) }

// Info writes the normal course of things.
func Info(format string, values ...any) { write(1, fmt.Sprintf(format, values...)) }

// Warn writes what is odd, but dealt with.
func Warn(format string, values ...any) { write(2, fmt.Sprintf(format, values...)) }

// Error writes what failed and the operator should look at.
func Error(format string, values ...any) { write(3, fmt.Sprintf(format, values...)) }
