package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"watchbox"
	"watchbox/http"
	"watchbox/log"
)

const timeout = 30 * time.Second

// Only what is read of an answer is asked for: it stays small, whatever the documents were.
const wanted = "?filter_path=errors,items.create.status,items.create.error.type,items.create.error.reason,items.create.error.caused_by.reason"

// deliver sends documents until each is settled, and tells `settle` what became of each. The error is why the turn can't go on.
//
// The host keeps an answer, and gives it again when the turn is tried again. So a document that was put off within an answer can't be waited for by sending the same
// request again. Instead one such document is sent alone: while there is no room for it, the status of its own answer says so, which is nothing that is kept, and the
// turn is tried again; once it is taken the others follow, without those that are there.
func (u *Uploader) deliver(documents []document, settle func(document, outcome)) error {
	for len(documents) > 0 {
		outcomes, err := u.bulk(documents)
		if errors.Is(err, errTooMuch) {
			if len(documents) == 1 {
				settle(documents[0], outcome{refused, 413, err.Error()})
				return nil
			}
			half := len(documents) / 2
			if err := u.deliver(documents[:half], settle); err != nil {
				return err
			}
			documents = documents[half:]
			continue
		}
		if err != nil {
			return err
		}
		var rest []document
		for i, outcome := range outcomes {
			if outcome.kind == again {
				rest = append(rest, documents[i])
			} else {
				settle(documents[i], outcome)
			}
		}
		if len(rest) == 0 {
			return nil
		}
		outcome, err := u.create(rest[0])
		if err != nil {
			log.Warn("the cluster has no room for %d of %d documents", len(rest), len(documents))
			return err
		}
		settle(rest[0], outcome)
		documents = rest[1:]
	}
	return nil
}

// errTooMuch is why a request was not taken that may be taken in parts.
var errTooMuch = errors.New("the request or its answer is too large")

// bulk sends documents in one request.
func (u *Uploader) bulk(documents []document) ([]outcome, error) {
	var body []byte
	for _, document := range documents {
		action, err := json.Marshal(map[string]any{"create": map[string]string{"_index": document.index, "_id": document.id}})
		if err != nil {
			return nil, watchbox.Fault(err)
		}
		body = append(append(append(append(body, action...), '\n'), document.source...), '\n')
	}
	response, err := u.send("/_bulk"+wanted, "application/x-ndjson", body, onceOf("bulk", documents...))
	if err != nil {
		return nil, err
	}
	if !response.OK() {
		return nil, refusal(response.Status, reasonOf(response))
	}
	outcomes, err := itemsOf(response.Body, len(documents))
	if err != nil {
		return nil, watchbox.Reject(err.Error())
	}
	for _, outcome := range outcomes {
		if isAboutSettings(outcome.status) {
			return nil, refusal(outcome.status, outcome.reason)
		}
	}
	return outcomes, nil
}

// create sends one document alone.
func (u *Uploader) create(document document) (outcome, error) {
	path := "/" + url.PathEscape(document.index) + "/_create/" + document.id
	response, err := u.send(path, "application/json", document.source, onceOf("create", document))
	if errors.Is(err, errTooMuch) {
		return outcome{refused, 413, err.Error()}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	if isAboutSettings(response.Status) {
		return outcome{}, refusal(response.Status, reasonOf(response))
	}
	return outcome{kindOf(response.Status), response.Status, reasonOf(response)}, nil
}

// onceOf names a request about these documents. It is a hash: the host takes no long names, and an index's may be long.
func onceOf(kind string, documents ...document) string {
	names := sha256.New()
	for _, document := range documents {
		fmt.Fprintln(names, document.index, document.id)
	}
	return kind + " " + base64.RawURLEncoding.EncodeToString(names.Sum(nil)[:16])
}

// send sends a request. Where it was not settled, the error is the failure of the turn.
func (u *Uploader) send(path, kind string, body []byte, once string) (*http.Response, error) {
	response, err := http.Post(http.Plain(u.address+path)).
		Header("authorization", http.SecretAfter(u.Scheme+" ", "credentials")).
		Header("content-type", http.Plain(kind)).
		Body(body).Timeout(timeout).Once(once).Send()
	if errors.Is(err, http.TooLarge) || err == nil && response.Status == 413 {
		return nil, errTooMuch
	}
	if err := notNow(response, err); err != nil {
		return nil, err
	}
	return response, nil
}

// isLasting says whether an error stays whatever is done outside.
func isLasting(err error) bool { return errors.Is(err, http.InvalidRequest) }
