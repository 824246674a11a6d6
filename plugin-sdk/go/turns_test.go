package watchbox_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"watchbox"
	"watchbox/clients"
	"watchbox/clock"
	"watchbox/http"
	"watchbox/labels"
	"watchbox/log"
	"watchbox/mail"
	"watchbox/state"
	"watchbox/watchboxtest"
)

type parameters struct {
	Longest int
	Share   float64
	Rules   []string `watchbox:",optional"`
}

// A greeter tells of new clients, and counts them.
type greeter struct{ greeted int }

func newGreeter(p parameters) (*greeter, error) {
	if p.Longest < 0 {
		return nil, errors.New("`Longest` must not be negative")
	}
	return &greeter{}, nil
}

func (g *greeter) Tick(tick watchbox.Tick, rows *watchbox.Rows) error {
	for client, err := range clients.Search("label:New") {
		if err != nil {
			return watchbox.Fault(err)
		}
		if err := labels.Remove(client.ID, "New"); err != nil {
			return err
		}
		var count int
		if _, err := state.Get("count", &count); err != nil {
			return err
		}
		if err := state.Set("count", count+1); err != nil {
			return err
		}
		now, err := clock.Now()
		if err != nil {
			return err
		}
		g.greeted++
		message := map[string]any{"text": fmt.Sprintf("%s at %v", client.ID, now)}
		response, err := http.Post(http.Secret("token_url")).JSON(message).Timeout(10 * time.Second).Once(client.ID).Send()
		if err != nil {
			return err
		}
		if !response.OK() {
			return watchbox.Retry(fmt.Sprintf("answered %d", response.Status), 2500*time.Millisecond)
		}
		log.Info("greeted %s", client.ID)
		rows.Emit(map[string]any{"client_id": client.ID, "Greeted": g.greeted})
	}
	return nil
}

func install(t *testing.T, statuses ...int) *watchboxtest.Installed {
	world := watchboxtest.New(t)
	world.AddClient(clients.Client{ID: "C.1", Labels: []string{"New", "x"}})
	world.AddClient(clients.Client{ID: "C.2", Labels: []string{"new"}})
	world.AddClient(clients.Client{ID: "C.3"})
	if len(statuses) > 0 {
		world.Respond = func(watchboxtest.Request) (*watchboxtest.Response, error) {
			status := statuses[0]
			statuses = statuses[1:]
			return &watchboxtest.Response{Status: status}, nil
		}
	}
	installed, err := watchboxtest.Install(world, newGreeter, map[string]any{"Longest": 5, "Share": 1})
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

func TestATurnUsesCapabilities(t *testing.T) {
	installed := install(t, 200, 200)
	rows, err := installed.Tick(60)
	wanted := []map[string]any{{"client_id": "C.1", "Greeted": int64(1)}, {"client_id": "C.2", "Greeted": int64(2)}}
	if err != nil || !reflect.DeepEqual(rows, wanted) {
		t.Fatal(rows, err)
	}
	world := installed.World
	request := world.Requests[0]
	if request.URL.Secret != "token_url" || string(request.Body) != `{"text":"C.1 at 60"}` || request.TimeoutMs != 10_000 || request.Once != "C.1" {
		t.Errorf("%+v", request)
	}
	if got := world.Clients["C.1"].Labels; !reflect.DeepEqual(got, []string{"x"}) {
		t.Error(got)
	}
	if string(world.State["count"]) != "2" || world.Lines[1] != (watchboxtest.Line{Level: 1, Text: "greeted C.2"}) {
		t.Error(world.State, world.Lines)
	}
}

func TestAFailedTurnLeavesNothingButItsRequests(t *testing.T) {
	installed := install(t, 200, 503, 200)
	_, err := installed.Tick(60)
	var retry *watchbox.RetryError
	if !errors.As(err, &retry) || retry.Reason != "answered 503" || retry.After != 2500*time.Millisecond {
		t.Fatal(err)
	}
	if world := installed.World; len(world.Clients["C.1"].Labels) != 2 || len(world.State) != 0 {
		t.Error(world.Clients, world.State)
	}
	// C.1's message was accepted and is not sent again; the artifact was made anew.
	rows, err := installed.Tick(60)
	if err != nil || rows[1]["Greeted"] != int64(2) || len(installed.World.Requests) != 3 {
		t.Error(rows, err, installed.World.Requests)
	}
}

func TestParametersAreTyped(t *testing.T) {
	for text, given := range map[string]map[string]any{
		"the parameters are not those that it expects: `Longest`: int is wanted, not text": {"Longest": "5", "Share": 1},
		"the parameters are not those that it expects: there is no `Share`":                {"Longest": 5},
		"`Longest` must not be negative":                                                   {"Longest": -1, "Share": 0.5},
	} {
		if _, err := watchboxtest.Install(watchboxtest.New(t), newGreeter, given); err == nil || err.Error() != text {
			t.Errorf("%v: %v", given, err)
		}
	}
}

type ticking func() error

func (tick ticking) Tick(watchbox.Tick, *watchbox.Rows) error { return tick() }

func tickOf(t *testing.T, tick func() error) error {
	installed := install(t)
	again, err := watchboxtest.Install(installed.World, func(struct{}) (ticking, error) { return tick, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.Tick(0)
	return err
}

func TestAPanicIsAFaultWithItsTextAndPlace(t *testing.T) {
	var none map[string]int
	for text, tick := range map[string]func() error{
		`^fault: panic: no such thing \(turns_test.go:\d+ in TestAPanic.*\)$`:                       func() error { panic("no such thing") },
		`^fault: panic: assignment to entry in nil map \(turns_test.go:\d+ in TestAPanic.*\)$`:      func() error { none["x"] = 1; return nil },
		`^fault: panic: a row is a struct or a map, not int \(turns_test.go:\d+ in TestAPanic.*\)$`: func() error { (&watchbox.Rows{}).Emit(7); return nil },
		`^fault: panic: row 0: .c.: chan int is nothing that a row can hold \(turns_test.go:\d+`:    func() error { (&watchbox.Rows{}).Emit(map[string]any{"c": make(chan int)}); return nil },
		`^fault: plain$`:                         func() error { return errors.New("plain") },
		`^fault: turns_test.go:\d+: with place$`: func() error { return watchbox.Fault(errors.New("with place")) },
	} {
		if err := tickOf(t, tick); err == nil || !regexp.MustCompile(text).MatchString(err.Error()) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestErrorsOfCapabilitiesAreFoundByReason(t *testing.T) {
	search := func() error {
		for _, err := range clients.Search("") {
			return err
		}
		return nil
	}
	for reason, call := range map[error]func() error{
		clients.InvalidQuery: search,
		labels.UnknownClient: func() error { return labels.Add("C.9", "x") },
		labels.InvalidLabel:  func() error { return labels.Add("C.1", "a,b") },
		state.InvalidKey:     func() error { return state.Set("", 1) },
		http.Unreachable:     func() error { _, err := http.Get(http.Plain("https://example.org/")).Send(); return err },
	} {
		var got error
		if err := tickOf(t, func() error { got = call(); return nil }); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(got, reason) || errors.Is(got, http.Timeout) {
			t.Errorf("%v: %v", reason, got)
		}
	}
	installed := install(t)
	installed.World.Denied["clients"] = true
	if _, err := installed.Tick(0); err == nil || !regexp.MustCompile("^fault: turns_test.go:\\d+: clients: denied: grant `clients`$").MatchString(err.Error()) {
		t.Error(err)
	}
}

func TestWhatIsNotWrittenIsRejected(t *testing.T) {
	_, err := install(t).Events("X", map[string]any{})
	var reject *watchbox.RejectError
	if !errors.As(err, &reject) || reject.Reason != "the manifest subscribes to X, but the artifact has no method Events" {
		t.Error(err)
	}
}

func TestASearchGoesOnOverPages(t *testing.T) {
	installed := install(t)
	for number := range 2500 {
		installed.World.AddClient(clients.Client{ID: fmt.Sprintf("D.%05d", number), Hostname: fmt.Sprintf("WS%d", number)})
	}
	counts := map[string]int{}
	counting, err := watchboxtest.Install(installed.World, func(struct{}) (ticking, error) {
		return func() error {
			for _, query := range []string{"all", "host:ws1*"} {
				for _, err := range clients.Search(query) {
					if err != nil {
						return err
					}
					counts[query]++
				}
			}
			return nil
		}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := counting.Tick(0); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(counts, map[string]int{"all": 2503, "host:ws1*": 1111}) {
		t.Error(counts)
	}
}

func TestMailIsSentOnceOverTries(t *testing.T) {
	installed := install(t)
	world := installed.World
	world.Relay = func(message watchboxtest.Message) error {
		if len(message.To) > 1 {
			return mail.Unavailable
		}
		return nil
	}
	mailing, err := watchboxtest.Install(world, func(struct{}) (ticking, error) {
		return func() error {
			if _, err := mail.Send(mail.Message{To: []string{"soc@example.org"}, Subject: "s", Text: "t", Once: "C.1"}); err != nil {
				return err
			}
			_, err := mail.Send(mail.Message{To: []string{"a@example.org", "b@example.org"}, Subject: "s"})
			return err
		}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := mailing.Tick(60); err == nil || !strings.Contains(err.Error(), "mail: unavailable") {
			t.Fatal(err)
		}
	}
	world.Relay = nil
	if _, err := mailing.Tick(60); err != nil {
		t.Fatal(err)
	}
	var recipients []int
	for _, message := range world.Mails {
		recipients = append(recipients, len(message.To))
	}
	if !reflect.DeepEqual(recipients, []int{1, 2, 2, 2}) {
		t.Error(recipients)
	}
	world.Denied["mail"] = true
	if _, err := mail.Send(mail.Message{}); !errors.Is(err, mail.Denied) {
		t.Error(err)
	}
}

func TestASecretStandsInABody(t *testing.T) {
	installed := install(t)
	installed.World.Respond = func(watchboxtest.Request) (*watchboxtest.Response, error) {
		return &watchboxtest.Response{Status: 200}, nil
	}
	_, err := http.Post(http.Plain("https://h.example/")).Parts(http.Plain(`{"key":"`), http.Secret("key"), http.Plain(`"}`), http.SecretAfter("x", "key")).Send()
	if err != nil {
		t.Fatal(err)
	}
	request := installed.World.Requests[0]
	places := fmt.Sprint(string(request.Body), request.BodySecrets)
	if places != `{"key":""}x[{8 key} {11 key}]` {
		t.Error(places)
	}
}

func TestWhatIsForgottenIsSentAgain(t *testing.T) {
	world := watchboxtest.New(t)
	status := 401
	world.Respond = func(watchboxtest.Request) (*watchboxtest.Response, error) { return &watchboxtest.Response{Status: status}, nil }
	patient, err := watchboxtest.Install(world, func(struct{}) (ticking, error) {
		return func() error {
			response, err := http.Post(http.Plain("https://example.org/")).Once("C.1").Send()
			if err == nil && response.Status == 401 {
				http.Forget("C.1")
				return watchbox.Retry("refused", 0)
			}
			return err
		}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := patient.Tick(60); err == nil {
			t.Error("a refusal is retried")
		}
	}
	status = 200
	if _, err := patient.Tick(60); err != nil || len(world.Requests) != 3 {
		t.Error(err, len(world.Requests))
	}
}
