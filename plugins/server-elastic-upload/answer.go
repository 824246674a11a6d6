package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"watchbox"
	"watchbox/http"
)

// What became of a document.
type outcome struct {
	kind   kind
	status int
	reason string
}

type kind int

const (
	created kind = iota
	there        // it was there already
	again        // the cluster can't take it now
	refused      // it never will
)

func kindOf(status int) kind {
	switch {
	case status == 201:
		return created
	case status == 409:
		return there
	case isTransient(status):
		return again
	}
	return refused
}

// isTransient says whether another try may have another answer.
func isTransient(status int) bool {
	return status == 408 || status == 425 || status == 429 || status >= 500
}

// isAboutSettings says whether an answer is about the key, its privileges or the address rather than the document: the others would be answered the same.
func isAboutSettings(status int) bool {
	return status == 401 || status == 403 || status >= 300 && status < 400
}

// refusal is the failure of a turn that stays until somebody changes something.
func refusal(status int, reason string) error {
	return watchbox.Reject(fmt.Sprintf("the cluster refuses: %d %s", status, reason))
}

// A failing is what Elasticsearch says of an error.
type failing struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
	Cause  struct {
		Reason string `json:"reason"`
	} `json:"caused_by"`
}

const longestReason = 1_000

func (f failing) String() string {
	text := strings.TrimPrefix(f.Type+": "+f.Reason, ": ")
	if f.Cause.Reason != "" {
		text += ": " + f.Cause.Reason
	}
	return cut(text, longestReason)
}

// itemsOf reads the answer to a _bulk request about `count` documents, one item each, in order. The error is why it is none.
func itemsOf(body []byte, count int) ([]outcome, error) {
	var answer struct {
		Items []struct {
			Create struct {
				Status int     `json:"status"`
				Error  failing `json:"error"`
			} `json:"create"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer is none of Elasticsearch's: %v", err)
	}
	if len(answer.Items) != count {
		return nil, fmt.Errorf("the answer tells of %d documents, and %d were sent", len(answer.Items), count)
	}
	outcomes := make([]outcome, count)
	for i, item := range answer.Items {
		if item.Create.Status == 0 {
			return nil, fmt.Errorf("the answer does not tell what became of document %d", i)
		}
		outcomes[i] = outcome{kindOf(item.Create.Status), item.Create.Status, item.Create.Error.String()}
	}
	return outcomes, nil
}

// reasonOf is what an answer that is an error says.
func reasonOf(response *http.Response) string {
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var error failing
	if response.JSON(&answer) == nil && json.Unmarshal(answer.Error, &error) == nil && error.Type != "" {
		return error.String()
	}
	return cut(strings.ToValidUTF8(strings.TrimSpace(string(response.Body)), "\ufffd"), 200)
}

const (
	pause        = 5 * time.Second // where the cluster does not say how long to wait; the host waits longer with each try
	longestPause = time.Hour
)

// notNow is the failure of a turn that is to be tried again, where this answer or error says so; nil where it does not.
func notNow(response *http.Response, err error) error {
	switch after := http.After(err); {
	case after > 0:
		return watchbox.Retry(err.Error(), after)
	case err != nil && isLasting(err):
		return watchbox.Reject(err.Error())
	case err != nil:
		// Unreachable, timed out, or not granted yet: nothing was answered, so the next try asks anew.
		return watchbox.Retry(err.Error(), pause)
	case isTransient(response.Status):
		return watchbox.Retry(fmt.Sprintf("the cluster answers %d %s", response.Status, reasonOf(response)), retryAfter(response))
	}
	return nil
}

// retryAfter is how long an answer asks to wait.
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(response.Header("retry-after")), 64)
	if err != nil || !(seconds >= 0) {
		return pause
	}
	return max(time.Second, time.Duration(min(seconds, longestPause.Seconds())*float64(time.Second)))
}
