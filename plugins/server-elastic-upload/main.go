// Server.Elastic.Upload: uploads the rows of a log to Elasticsearch or OpenSearch.
package main

import "watchbox"

// An Uploader is the artifact.
type Uploader struct {
	Parameters
	address string
	index   template
}

// New makes one.
func New(parameters Parameters) (*Uploader, error) {
	address, index, err := parameters.check()
	if err != nil {
		return nil, err
	}
	return &Uploader{parameters, address, index}, nil
}

// A Row tells of a batch that was uploaded, or of a row that was refused.
type Row struct {
	Log          string
	Sent         *int
	Created      *int
	AlreadyThere *int
	Refused      *int
	ClientId     *string
	Received     *float64
	Index        *string
	Id           *string
	Status       *int
	Reason       *string
	Document     *string
}

// How much of a refused row is told.
const longestTold = 16_384

// Events uploads a batch.
func (u *Uploader) Events(batch *watchbox.Batch, rows *watchbox.Rows) error {
	var sent, wasCreated, wasThere, wasRefused int
	refuse := func(document document, status *int, reason string) {
		wasRefused++
		text := cut(string(document.source), longestTold)
		rows.Emit(Row{
			Log: u.Log, ClientId: &document.client, Received: &document.received, Index: &document.index, Id: &document.id,
			Status: status, Reason: &reason, Document: &text,
		})
	}
	settle := func(document document, outcome outcome) {
		switch outcome.kind {
		case created:
			wasCreated++
		case there:
			wasThere++
		default:
			refuse(document, &outcome.status, outcome.reason)
		}
	}
	reader := reader{u, batch.Artifact}
	var chunk []document
	size := 0
	for columns, err := range watchbox.Events[map[string]any](batch) {
		sent++
		if err != nil {
			refuse(document{}, nil, err.Error())
			continue
		}
		document, err := reader.document(*columns)
		if err != nil {
			refuse(document, nil, err.Error())
			continue
		}
		more := document.size()
		if size+more > u.BulkBytes {
			if err := u.deliver(chunk, settle); err != nil {
				return err
			}
			chunk, size = nil, 0
		}
		chunk, size = append(chunk, document), size+more
	}
	if err := u.deliver(chunk, settle); err != nil {
		return err
	}
	rows.Emit(Row{Log: u.Log, Sent: &sent, Created: &wasCreated, AlreadyThere: &wasThere, Refused: &wasRefused})
	return nil
}

func init() { watchbox.Export(New) }

func main() {}
