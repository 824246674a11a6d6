package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"watchbox"
	"watchbox/watchboxtest"
)

// A cluster is a played one.
type cluster struct {
	documents map[string]string // source by index and id
	refuse    func(id, source string) int
	most      int                    // bytes of a request; 0 for any
	whole     *watchboxtest.Response // what every request is answered, if anything
	asked     [][]string             // the ids of each request
}

func (c *cluster) put(index, id, source string) (item string) {
	key := index + "/" + id
	if status := c.refuse(key, source); status != 0 {
		return fmt.Sprintf(`{"error":{"type":"some_exception","reason":"no <%s>","caused_by":{"reason":"so it is"}},"status":%d}`, id, status)
	}
	if _, there := c.documents[key]; there {
		return `{"error":{"type":"version_conflict_engine_exception","reason":"it exists"},"status":409}`
	}
	c.documents[key] = source
	return `{"result":"created","status":201}`
}

func (c *cluster) respond(request watchboxtest.Request) (*watchboxtest.Response, error) {
	if c.whole != nil {
		return c.whole, nil
	}
	if c.most > 0 && len(request.Body) > c.most {
		return &watchboxtest.Response{Status: 413}, nil
	}
	var items, ids []string
	lines := bytes.Split(bytes.TrimSuffix(request.Body, []byte("\n")), []byte("\n"))
	for line := range slices.Chunk(lines, 2) {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				Id    string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal(line[0], &action); err != nil {
			return nil, err
		}
		ids = append(ids, action.Create.Id)
		items = append(items, `{"create":`+c.put(action.Create.Index, action.Create.Id, string(line[1]))+`}`)
	}
	c.asked = append(c.asked, ids)
	return &watchboxtest.Response{Status: 200, Body: fmt.Appendf(nil, `{"errors":true,"items":[%s]}`, strings.Join(items, ","))}, nil
}

func (c *cluster) sources() []map[string]any {
	var sources []map[string]any
	for _, key := range slices.Sorted(maps.Keys(c.documents)) {
		var source map[string]any
		if err := json.Unmarshal([]byte(c.documents[key]), &source); err != nil {
			panic(err)
		}
		sources = append(sources, source)
	}
	return sources
}

func parameters(more map[string]any) map[string]any {
	made := map[string]any{
		"Log": "Windows.Events.X", "Url": "https://es.example.org:9200/", "Scheme": "ApiKey", "Index": "watchbox-{log}-{yyyy.MM.dd}",
		"TimeColumn": "@timestamp", "BulkBytes": 1_000_000,
	}
	maps.Copy(made, more)
	return made
}

func install(t *testing.T, more map[string]any) (*cluster, *watchboxtest.Installed) {
	played := &cluster{documents: map[string]string{}, refuse: func(string, string) int { return 0 }}
	world := watchboxtest.New(t)
	world.Respond = played.respond
	installed, err := watchboxtest.Install(world, New, parameters(more))
	if err != nil {
		t.Fatal(err)
	}
	return played, installed
}

const received = 1767323045.5 // 2026-01-02T03:04:05.5Z

func row(number int) map[string]any {
	return map[string]any{"ClientId": "C.1", "_ts": received, "_position": number, "Number": number}
}

func batch(count int) []any {
	var made []any
	for number := range count {
		made = append(made, row(number))
	}
	return made
}

// upload is one turn, which must succeed; gives its rows.
func upload(t *testing.T, installed *watchboxtest.Installed, events ...any) []map[string]any {
	t.Helper()
	rows, err := installed.Events("Windows.Events.X", events...)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func counts(row map[string]any) [4]any {
	return [4]any{row["Sent"], row["Created"], row["AlreadyThere"], row["Refused"]}
}

func TestARowBecomesADocument(t *testing.T) {
	cluster, installed := install(t, nil)
	rows := upload(t, installed, map[string]any{"ClientId": "C.1", "_ts": received, "_position": 3, "Name": "a<b>\n\u202e", "Deep": map[string]any{"List": []any{1, nil, []byte{0xff}}}})
	if len(rows) != 1 || counts(rows[0]) != [4]any{int64(1), int64(1), int64(0), int64(0)} {
		t.Error(rows)
	}
	for key, source := range cluster.documents {
		wanted := `{"@timestamp":"2026-01-02T03:04:05.500000Z","ClientId":"C.1","Deep":{"List":[1,null,"/w=="]},"Name":"a<b>\n` + "\u202e" +
			`","watchbox":{"log":"Windows.Events.X","position":3,"received":"2026-01-02T03:04:05.500000Z"}}`
		if !strings.HasPrefix(key, "watchbox-windows.events.x-2026.01.02/") || source != wanted {
			t.Error(key, source)
		}
	}
	request := installed.World.Requests[0]
	if header := request.Headers[0]; header.Name != "authorization" || header.Value.Text != "ApiKey " || header.Value.Secret != "credentials" {
		t.Errorf("%+v", request.Headers)
	}
}

func TestSentAgainItIsThereAlready(t *testing.T) {
	cluster, installed := install(t, nil)
	upload(t, installed, batch(5)...)
	// In other batches, as after a crash or an install of the same.
	rows := slices.Concat(upload(t, installed, batch(3)...), upload(t, installed, batch(6)[3:]...))
	if len(cluster.documents) != 6 || counts(rows[0]) != [4]any{int64(3), int64(0), int64(3), int64(0)} || counts(rows[1]) != [4]any{int64(3), int64(1), int64(2), int64(0)} {
		t.Error(rows)
	}
	// The same columns of another client, received at another time, or elsewhere in the log, are another document.
	other, later, twin := row(1), row(1), row(1)
	other["ClientId"], later["_ts"], twin["_position"] = "C.2", received+1, 7
	rows = upload(t, installed, row(1), other, later, twin)
	if len(cluster.documents) != 9 || counts(rows[0]) != [4]any{int64(4), int64(3), int64(1), int64(0)} {
		t.Error(rows)
	}
}

func TestWhatIsRefusedBecomesARowAndNothingElseWaits(t *testing.T) {
	cluster, installed := install(t, nil)
	cluster.refuse = func(_, source string) int {
		if strings.Contains(source, `"Number":1`) {
			return 400
		}
		return 0
	}
	deep := any("x")
	for range 100 {
		deep = []any{deep}
	}
	rows := upload(t, installed, row(0), row(1), 7, map[string]any{"Deep": deep}, row(2))
	if len(cluster.documents) != 2 || len(rows) != 4 || counts(rows[3]) != [4]any{int64(5), int64(2), int64(0), int64(3)} {
		t.Fatal(rows)
	}
	refused := rows[2]
	if refused["Status"] != int64(400) || refused["ClientId"] != "C.1" || refused["Received"] != received || refused["Sent"] != nil ||
		!strings.HasPrefix(refused["Reason"].(string), "some_exception: no <") || !strings.HasSuffix(refused["Reason"].(string), ">: so it is") ||
		!strings.Contains(refused["Document"].(string), `"Number":1`) {
		t.Error(refused)
	}
	if rows[0]["Status"] != nil || rows[0]["Reason"] != "event 2 of a batch of Windows.Events.X: a map is wanted" || !strings.Contains(rows[1]["Reason"].(string), "too deep") {
		t.Error(rows[0], rows[1])
	}
}

func TestOnlyWhatThereWasNoRoomForIsSentAgain(t *testing.T) {
	cluster, installed := install(t, nil)
	full := true
	cluster.refuse = func(_, source string) int {
		if full && (strings.Contains(source, `"Number":1`) || strings.Contains(source, `"Number":3`)) {
			return 429
		}
		return 0
	}
	var retry *watchbox.RetryError
	for range 3 {
		if _, err := installed.Events("Windows.Events.X", batch(5)...); !errors.As(err, &retry) || !strings.Contains(retry.Reason, "429 some_exception") {
			t.Fatal(err)
		}
	}
	full = false
	rows := upload(t, installed, batch(5)...)
	if counts(rows[0]) != [4]any{int64(5), int64(5), int64(0), int64(0)} {
		t.Error(rows)
	}
	var sizes []int
	for _, ids := range cluster.asked {
		sizes = append(sizes, len(ids))
	}
	// All; the two, until they are taken.
	if !slices.Equal(sizes, []int{5, 2, 2, 2, 2}) || !slices.Equal(cluster.asked[4], []string{cluster.asked[0][1], cluster.asked[0][3]}) {
		t.Error(cluster.asked)
	}
}

func TestAClusterThatTakesLessThanHalfIsAskedNoMoreInThatTry(t *testing.T) {
	cluster, installed := install(t, nil)
	full := true
	cluster.refuse = func(_, source string) int {
		if full && !strings.Contains(source, `"Number":0`) && !strings.Contains(source, `"Number":4`) {
			return 429
		}
		return 0
	}
	var retry *watchbox.RetryError
	for range 2 {
		if _, err := installed.Events("Windows.Events.X", batch(5)...); !errors.As(err, &retry) || !strings.Contains(retry.Reason, "no room for 3 documents: 429 some_exception") {
			t.Fatal(err)
		}
	}
	full = false
	rows := upload(t, installed, batch(5)...)
	if counts(rows[0]) != [4]any{int64(5), int64(3), int64(2), int64(0)} || len(cluster.documents) != 5 {
		t.Error(rows, cluster.documents)
	}
	var sizes []int
	for _, ids := range cluster.asked {
		sizes = append(sizes, len(ids))
	}
	// Each try asks once, about all: what was taken of the answer before is there already.
	if !slices.Equal(sizes, []int{5, 5, 5}) {
		t.Error(cluster.asked)
	}
}

func TestNamesOfRequestsAreShortWhateverTheIndex(t *testing.T) {
	cluster, installed := install(t, map[string]any{"Index": strings.Repeat("x", longestIndex)})
	put := 0
	cluster.refuse = func(string, string) int {
		if put++; put == 2 {
			return 429
		}
		return 0
	}
	upload(t, installed, batch(2)...)
	names := map[string]bool{}
	for _, request := range installed.World.Requests {
		names[request.Once] = true
		// The host's limit is 200 bytes.
		if len(request.Once) > 40 {
			t.Error(request.Once)
		}
	}
	// Both; the other.
	if len(names) != 2 || len(cluster.documents) != 2 {
		t.Error(names)
	}
}

func TestAClusterThatIsNotThereIsWaitedFor(t *testing.T) {
	cluster, installed := install(t, nil)
	for _, trial := range []struct {
		response watchboxtest.Response
		after    time.Duration
	}{
		{watchboxtest.Response{Status: 429, Headers: [][2]string{{"retry-after", "90"}}, Body: []byte(`{"error":{"type":"es_rejected","reason":"full"},"status":429}`)}, 90 * time.Second},
		{watchboxtest.Response{Status: 429, Headers: [][2]string{{"retry-after", "1e99"}}}, time.Hour},
		{watchboxtest.Response{Status: 503, Headers: [][2]string{{"retry-after", "NaN"}}}, pause},
		{watchboxtest.Response{Status: 502}, pause},
		{watchboxtest.Response{Status: 408}, pause},
	} {
		cluster.whole = &trial.response
		_, err := installed.Events("Windows.Events.X", batch(1)...)
		var retry *watchbox.RetryError
		if !errors.As(err, &retry) || retry.After != trial.after {
			t.Error(trial, err)
		}
	}
	cluster.whole = nil
	installed.World.Denied["http"] = true
	var retry *watchbox.RetryError
	if _, err := installed.Events("Windows.Events.X", batch(1)...); !errors.As(err, &retry) {
		t.Error(err)
	}
	installed.World.Denied["http"] = false
	upload(t, installed, batch(1)...)
}

func TestAClusterThatRefusesIsNotHammered(t *testing.T) {
	cluster, installed := install(t, nil)
	for body, wanted := range map[string]string{
		`{"error":{"type":"security_exception","reason":"missing credentials"},"status":401}`: "the cluster refuses: 401 security_exception: missing credentials",
		`{"error":"no handler found"}`: "the cluster refuses: 401 {\"error\":\"no handler found\"}",
		"<html>\xff sign in</html>":    "the cluster refuses: 401 <html>\ufffd sign in</html>",
	} {
		cluster.whole = &watchboxtest.Response{Status: 401, Body: []byte(body)}
		_, err := installed.Events("Windows.Events.X", row(len(wanted)))
		var reject *watchbox.RejectError
		if !errors.As(err, &reject) || reject.Reason != wanted {
			t.Error(err)
		}
	}
	for body, wanted := range map[string]string{
		"<html>sign in</html>": "the answer is none of Elasticsearch's",
		`{"errors":false}`:     "the answer tells of 0 documents, and 2 were sent",
		`{"items":[{"create":{"status":201}},{"index":{}}]}`: "the answer does not tell what became of document 1",
	} {
		cluster.whole = &watchboxtest.Response{Status: 200, Body: []byte(body)}
		_, err := installed.Events("Windows.Events.X", row(1000+len(wanted)), row(1))
		var reject *watchbox.RejectError
		if !errors.As(err, &reject) || !strings.HasPrefix(reject.Reason, wanted) {
			t.Error(err)
		}
	}
}

func TestWhatIsAboutSettingsIsNoFaultOfADocument(t *testing.T) {
	// In an item of _bulk: nothing is a row, and the batch is a dead letter.
	for _, status := range []int{401, 403} {
		cluster, installed := install(t, nil)
		cluster.refuse = func(_, source string) int {
			if strings.Contains(source, `"Number":1`) {
				return status
			}
			return 0
		}
		_, err := installed.Events("Windows.Events.X", batch(3)...)
		var reject *watchbox.RejectError
		if !errors.As(err, &reject) || !strings.HasPrefix(reject.Reason, fmt.Sprintf("the cluster refuses: %d some_exception", status)) {
			t.Error(status, err)
		}
	}
	// What is about the document itself stays a row.
	for _, status := range []int{200, 400, 404, 422} {
		cluster, installed := install(t, nil)
		cluster.refuse = func(string, string) int { return status }
		rows := upload(t, installed, batch(1)...)
		if len(rows) != 2 || rows[0]["Status"] != int64(status) {
			t.Error(status, rows)
		}
	}
}

func TestOnceARefusalIsMendedTheSameBatchGoes(t *testing.T) {
	cluster, installed := install(t, nil)
	for _, refused := range []*watchboxtest.Response{
		{Status: 401}, {Status: 307}, {Status: 404}, {Status: 200, Body: []byte("<html>sign in</html>")}, {Status: 200, Body: []byte(`{"items":[{"create":{"status":403}}]}`)},
	} {
		cluster.whole = refused
		var reject *watchbox.RejectError
		if _, err := installed.Events("Windows.Events.X", batch(1)...); !errors.As(err, &reject) {
			t.Error(refused.Status, err)
		}
	}
	cluster.whole = nil
	if rows := upload(t, installed, batch(1)...); counts(rows[0]) != [4]any{int64(1), int64(1), int64(0), int64(0)} {
		t.Error(rows)
	}
}

func TestRequestsStayWithinTheirSize(t *testing.T) {
	cluster, installed := install(t, map[string]any{"BulkBytes": leastBulk})
	upload(t, installed, batch(100)...)
	if len(cluster.documents) != 100 || len(cluster.asked) < 2 {
		t.Error(len(cluster.documents), len(cluster.asked))
	}
	for _, request := range installed.World.Requests {
		if len(request.Body) > leastBulk {
			t.Error(len(request.Body))
		}
	}
	// A cluster that takes less than it was told to.
	cluster.most = 700
	rows := upload(t, installed, batch(130)[100:]...)
	if len(cluster.documents) != 130 || counts(rows[0]) != [4]any{int64(30), int64(30), int64(0), int64(0)} {
		t.Error(rows)
	}
	cluster.most = 10
	rows = upload(t, installed, row(200), row(201))
	if len(rows) != 3 || rows[0]["Status"] != int64(413) || counts(rows[2]) != [4]any{int64(2), int64(0), int64(0), int64(2)} {
		t.Error(rows)
	}
}

func TestLongTextsAreCutWithANote(t *testing.T) {
	cluster, installed := install(t, map[string]any{"BulkBytes": leastBulk})
	long := row(1)
	long["Long"], long["Short"] = strings.Repeat("ü", 20_000), strings.Repeat("x", 1_000)
	wide := row(2)
	for number := range 3_000 {
		wide[fmt.Sprint("Column", number)] = number
	}
	rows := upload(t, installed, long, wide, row(3))
	if counts(rows[1]) != [4]any{int64(3), int64(2), int64(0), int64(1)} || !strings.Contains(rows[0]["Reason"].(string), "no shorter by its long texts alone") {
		t.Fatal(rows)
	}
	for _, source := range cluster.sources() {
		if source["Number"] == 1.0 {
			if text := source["Long"].(string); !strings.HasSuffix(text, "ü… (cut: it had 40000 bytes)") || len(text) < 4_000 || source["Short"] != long["Short"] {
				t.Error(text)
			}
			if source["watchbox"].(map[string]any)["cut"] != true {
				t.Error(source["watchbox"])
			}
		}
	}
}

func TestTimes(t *testing.T) {
	for _, trial := range []struct {
		value  any
		wanted string
	}{
		{"2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"}, {"2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05.000000Z"},
		{int64(1767323045), "2026-01-02T03:04:05.000000Z"}, {1767323045.25, "2026-01-02T03:04:05.250000Z"}, {int64(1767323045250), "2026-01-02T03:04:05.250000Z"},
		{uint64(1767323045250000), "2026-01-02T03:04:05.250000Z"}, {int64(1767323045250000000), "2026-01-02T03:04:05.250000Z"},
		{"yesterday", ""}, {"0000-01-01T00:00:00Z", ""}, {-1.0, ""}, {0, ""}, {nil, ""}, {true, ""},
	} {
		at, ok := timeIn(trial.value)
		if ok != (trial.wanted != "") || ok && stamp(at) != trial.wanted {
			t.Error(trial, at, ok)
		}
	}
	cluster, installed := install(t, map[string]any{"TimeColumn": "When", "Index": "{log}-{yyyyMM}"})
	one, other := row(1), row(2)
	one["When"], one["@timestamp"], one["watchbox"] = "1999-01-01T00:00:00Z", "noon", 7
	other["When"] = "noon"
	upload(t, installed, one, other)
	for _, source := range cluster.sources() {
		about := source["watchbox"].(map[string]any)
		if source["Number"] == 1.0 && (source["@timestamp"] != "1999-01-01T00:00:00.000000Z" || about["timestamp"] != "noon" || about["own"] != 7.0) ||
			source["Number"] == 2.0 && source["@timestamp"] != "2026-01-02T03:04:05.500000Z" {
			t.Error(source)
		}
	}
	// Which index it is does not follow from what an endpoint says.
	for key := range cluster.documents {
		if !strings.HasPrefix(key, "windows.events.x-202601/") {
			t.Error(key)
		}
	}
}

func TestIndices(t *testing.T) {
	for text, wanted := range map[string]string{
		"watchbox-{log}-{yyyy.MM.dd}": "watchbox-a.b_c_d-2026.01.02", "Logs-{log}": "logs-a.b_c_d", "-_+.x": "x", "{yyyy-MM-dd_HH}": "2026-01-02_03",
		"a\\b*c?\"<>|,#:d": "a_b_c______" + "__d", "{log}" + strings.Repeat("ü", 200): "a.b_c_d" + strings.Repeat("ü", 124),
	} {
		made, err := parseTemplate(text)
		if got := made.fill("A.B/C D", received); err != nil || got != wanted {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
}

func TestParametersThatMakeNoSenseAreRefused(t *testing.T) {
	for _, trial := range []struct {
		name  string
		value any
		text  string
	}{
		{"Url", "es.example.org:9200", "is no address of a cluster"}, {"Url", "https://me:secret@es.example.org", "do not belong there"}, {"Url", "https://es/?x=1", "more than a path"},
		{"Scheme", "apikey", "none of ApiKey, Basic, Bearer"}, {"BulkBytes", 10, "BulkBytes: 10"}, {"Index", "a-{date}", "neither `{log}` nor a time"},
		{"Index", "a-{log", "has a { without a }"}, {"Index", "..", "is no name"}, {"Index", "", "is no name"}, {"Index", "{.}", "neither"},
	} {
		_, err := watchboxtest.Install(watchboxtest.New(t), New, parameters(map[string]any{trial.name: trial.value}))
		if err == nil || !strings.Contains(err.Error(), trial.text) {
			t.Error(trial, err)
		}
	}
}
