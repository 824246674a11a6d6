package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"watchbox"
	"watchbox/http"
)

const timeout = 30 * time.Second

// Only what is read of an answer is asked for: it stays small, whatever the documents were.
const wanted = "?filter_path=errors,items.create.status,items.create.error.type,items.create.error.reason,items.create.error.caused_by.reason"

// deliver sends documents until each is settled, and tells `settle` what became of each. The error is why the turn can't go on.
//
// The host keeps an answer, and gives it again when the turn is tried again. So each try begins with what the cluster took before, and asks anew for what is left alone. Where it
// takes less than half, it is given a rest: what it took of that answer is sent once more with the others, and is there.
func (u *Uploader) deliver(documents []document, settle func(document, outcome)) error {
	for len(documents) > 0 {
		once := onceOf(documents)
		outcomes, err := u.bulk(documents, once)
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
		var why outcome
		for i, outcome := range outcomes {
			if outcome.kind == again {
				rest, why = append(rest, documents[i]), outcome
			} else {
				settle(documents[i], outcome)
			}
		}
		if 2*len(rest) > len(documents) {
			http.Forget(once)
			return watchbox.Retry(fmt.Sprintf("the cluster has no room for %d documents: %d %s", len(rest), why.status, why.reason), pause)
		}
		documents = rest
	}
	return nil
}

// errTooMuch is why a request was not taken that may be taken in parts.
var errTooMuch = errors.New("the request or its answer is too large")

// bulk sends documents in one request. A refusal is forgotten, so that it is asked anew once somebody has mended its cause: what is there already stays as it is.
func (u *Uploader) bulk(documents []document, once string) ([]outcome, error) {
	var body []byte
	for _, document := range documents {
		action, err := json.Marshal(map[string]any{"create": map[string]string{"_index": document.index, "_id": document.id}})
		if err != nil {
			return nil, watchbox.Fault(err)
		}
		body = append(append(append(append(body, action...), '\n'), document.source...), '\n')
	}
	response, err := http.Post(http.Plain(u.address+"/_bulk"+wanted)).
		Header("authorization", http.SecretAfter(u.Scheme+" ", "credentials")).
		Header("content-type", http.Plain("application/x-ndjson")).
		Body(body).Timeout(timeout).Once(once).Send()
	if errors.Is(err, http.TooLarge) || err == nil && response.Status == 413 {
		return nil, errTooMuch
	}
	if err := notNow(response, err); err != nil {
		return nil, err
	}
	outcomes, refused := read(response, len(documents))
	if refused != nil {
		http.Forget(once)
	}
	return outcomes, refused
}

// read reads an answer about `count` documents. The error is a refusal of them all.
func read(response *http.Response, count int) ([]outcome, error) {
	if !response.OK() {
		return nil, refusal(response.Status, reasonOf(response))
	}
	outcomes, err := itemsOf(response.Body, count)
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

// onceOf names a request about these documents. It is a hash: the host takes no long names, and an index's may be long.
func onceOf(documents []document) string {
	names := sha256.New()
	for _, document := range documents {
		fmt.Fprintln(names, document.index, document.id)
	}
	return base64.RawURLEncoding.EncodeToString(names.Sum(nil)[:16])
}

// isLasting says whether an error stays whatever is done outside.
func isLasting(err error) bool { return errors.Is(err, http.InvalidRequest) }
