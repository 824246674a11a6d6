//go:build wasip1

package log

import (
	"strings"

	contract "watchbox/internal/contract/watchbox_artifact_log"
)

func write(level uint8, line string) { contract.Write(level, strings.ToValidUTF8(line, "\ufffd")) }
