package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rules makes a sandbox whose script has only rules.
func rules(all ...sandbox.Rule) func(*sandbox.Config) {
	return func(c *sandbox.Config) { c.Script, c.Pace, c.Workers = sandbox.Script{Rules: all}, 0, 1 }
}

const seconds = sandbox.Duration(time.Second)

func TestScript_Effects(t *testing.T) {
	closed := func(a answer) bool { return errors.Is(a.err, io.ErrUnexpectedEOF) }
	late := func(a answer) bool { return errors.Is(a.err, context.DeadlineExceeded) }
	code := func(n, status int) func(answer) bool {
		return func(a answer) bool { return a.code() == n && a.status == status }
	}
	taken := func(a answer) bool { return a.id() != "" }
	for _, c := range []struct {
		name  string
		rule  sandbox.Rule
		says  func(answer) bool
		entry string // outcome, code, HTTP status, answer
		told  string
	}{
		{"error of Graph", sandbox.Rule{Code: 130429}, code(130429, 429), "refused 130429 0 ", ""},
		{"with a status of its own", sandbox.Rule{Code: 131000, Status: 502}, code(131000, 502), "refused 131000 0 ", ""},
		{"error of Graph, taken", sandbox.Rule{Code: 131000, Taken: true}, code(131000, 500), "accepted 0 0 error", "sent delivered read"},
		{"reset before reading", sandbox.Rule{Drop: sandbox.DropUnread}, closed, "lost 0 0 ", ""},
		{"reset after reading", sandbox.Rule{Drop: sandbox.DropReset}, closed, "lost 0 0 ", ""},
		{"reset after taking", sandbox.Rule{Drop: sandbox.DropReset, Taken: true}, closed, "accepted 0 0 closed", "sent delivered read"},
		{"hang", sandbox.Rule{Drop: sandbox.DropHang}, late, "lost 0 0 ", ""},
		{"hang, taken", sandbox.Rule{Drop: sandbox.DropHang, Taken: true}, late, "accepted 0 0 hung", "sent delivered read"},
		{"late answer", sandbox.Rule{Delay: 5 * seconds}, taken, "accepted 0 0 ok", "sent delivered read"},
		{"too late an answer", sandbox.Rule{Delay: 40 * seconds}, late, "accepted 0 0 ok", "sent delivered read"},
		{"fails later", sandbox.Rule{Failed: 131049}, taken, "accepted 0 0 ok", "failed"},
		{"fails now and later", sandbox.Rule{Failed: 131042, Code: 131042}, code(131042, 400), "accepted 0 0 error", "failed"},
		{"held", sandbox.Rule{Hold: "held_for_quality_assessment"}, taken, "accepted 0 0 ok", "sent delivered read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, rules(c.rule), func(w *world) {
				if a := w.send(reader, "cb"); !c.says(a) {
					t.Errorf("answered %d %s (%v)", a.status, a.raw, a.err)
				}
				w.settle()
				e := w.box.Ledger(0, 1)[0]
				if got := fmt.Sprint(e.Outcome, " ", e.Code, " ", e.Status, " ", e.Answer); got != c.entry {
					t.Errorf("ledger says %q, want %q", got, c.entry)
				}
				if (e.Fault == "rule 1") == (c.rule.Code == 0 && c.rule.Status == 0 && c.rule.Drop == "" && c.rule.Failed == 0 && c.rule.Hold == "") {
					t.Errorf("ledger blames %q", e.Fault)
				}
				if got := w.receiver.kinds(); got != c.told {
					t.Errorf("told %q, want %q", got, c.told)
				}
				time.Sleep(2 * time.Minute) // a hang that nobody waits for
			})
		})
	}
	t.Run("HTTP error without Graph", func(t *testing.T) {
		inBubble(t, rules(sandbox.Rule{Status: 503, First: 1}, sandbox.Rule{Status: 502, Taken: true}), func(w *world) {
			for _, want := range []int{503, 502} {
				if a := w.send(reader, "cb"); a.status != want || a.body != nil {
					t.Errorf("answered %d %s", a.status, a.raw)
				}
			}
			w.settle()
			if got := w.receiver.kinds(); got != "sent delivered read" {
				t.Errorf("told %q", got)
			}
			sum := w.box.Summary()
			if sum.Broken != 1 || sum.Accepted != 1 || sum.Unheard != 1 || !cmp.Equal(sum.Faults, map[string]int{"rule 1": 1, "rule 2": 1}) {
				t.Errorf("summary %+v", sum)
			}
		})
	})
}

func TestScript_WhichRequests(t *testing.T) {
	other := "+5511975500011"
	for _, c := range []struct {
		name string
		rule sandbox.Rule
		want string // of: reader ×4, other ×2; x is refused
	}{
		{"all", sandbox.Rule{}, "xxxxxx"},
		{"the first two of each", sandbox.Rule{First: 2}, "xx..xx"},
		{"the first two of all", sandbox.Rule{First: 2, Count: sandbox.CountAll}, "xx...."},
		{"every second of each", sandbox.Rule{Every: 2}, ".x.x.x"},
		{"every third of all", sandbox.Rule{Every: 3, Count: sandbox.CountAll}, "..x..x"},
		{"after the first three of each", sandbox.Rule{Skip: 3}, "...x.."},
		{"the second of each", sandbox.Rule{Skip: 1, First: 1}, ".x...x"},
		{"one recipient", sandbox.Rule{To: []string{"+55 11 7550-0011"}}, "....xx"},
		{"a prefix", sandbox.Rule{To: []string{"+5521*", "+55119755*"}}, "xxxxxx"},
		{"another prefix", sandbox.Rule{To: []string{"+5521*"}}, "......"},
		{"the template", sandbox.Rule{Template: "oferta_boas_vindas"}, "xxxxxx"},
		{"another template", sandbox.Rule{Template: "aviso_simples"}, "......"},
		{"another type", sandbox.Rule{Type: "text"}, "......"},
		{"another sender", sandbox.Rule{From: "1"}, "......"},
		{"the first two seconds", sandbox.Rule{Until: 2 * seconds}, "xx...."},
		{"from the fourth second", sandbox.Rule{After: 3 * seconds}, "...xxx"},
		{"a call of another kind", sandbox.Rule{Call: sandbox.CallTemplates}, "......"},
		{"any call", sandbox.Rule{Call: sandbox.CallAny}, "xxxxxx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Code = 131000
			inBubble(t, rules(c.rule), func(w *world) {
				var got strings.Builder
				for _, to := range []string{reader, reader, reader, reader, other, other} {
					got.WriteByte("x."[map[bool]int{true: 0, false: 1}[w.send(to, "").code() == 131000]])
					time.Sleep(time.Second)
				}
				if got.String() != c.want {
					t.Errorf("struck %s, want %s", got.String(), c.want)
				}
			})
		})
	}
}

// A fault is a function of the seed, the recipient and the number of the request: in
// whatever order recipients come, each meets the same ones.
func TestScript_OneSeedOneFault(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Int64().Draw(rt, "seed")
		percent := rapid.Float64Range(1, 90).Draw(rt, "percent")
		order := rapid.Permutation([]int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}).Draw(rt, "order")
		run := func(order []int) map[int]string {
			w := newWorld(t, func(c *sandbox.Config) {
				c.Seed = seed
				c.Script.Rules = []sandbox.Rule{{Name: "a", Percent: percent, Code: 131016}, {Name: "b", Percent: percent, Code: 4}}
			})
			met := map[int]string{}
			for _, i := range order {
				met[i] += fmt.Sprint(w.send(fmt.Sprintf("+551197550001%d", i), "").code(), " ")
			}
			return met
		}
		if diff := cmp.Diff(run([]int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}), run(order)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestScript_PercentAndPersistence(t *testing.T) {
	w := newWorld(t, rules(sandbox.Rule{Percent: 30, Code: 131016}))
	struck, most := 0, 0
	for i := range 3000 {
		tries := 0
		for w.send(mobile(i), "").code() == 131016 {
			tries++
		}
		struck, most = struck+min(tries, 1), max(most, tries)
	}
	if struck < 800 || struck > 1000 {
		t.Errorf("%d of 3000 first requests struck, want 30 %%", struck)
	}
	if most < 2 || most > 12 {
		t.Errorf("somebody had to be sent to %d times again", most)
	}
}

// A run with faults ends where the run without them does, as long as whoever sends
// tries again what was not taken.
func TestScript_FaultsDoNotChangeFates(t *testing.T) {
	const people = 300
	run := func(change func(*sandbox.Config)) (ends map[string]sandbox.End) {
		ends = map[string]sandbox.End{}
		inBubble(t, change, func(w *world) {
			sent := map[string]bool{}
			for i := range people {
				for try := 0; try < 50 && !sent[mobile(i)]; try++ {
					w.send(mobile(i), fmt.Sprint("cb", i))
					entries := w.box.Ledger(0, 1_000_000)
					last := entries[len(entries)-1]
					sent[mobile(i)] = last.Outcome == sandbox.Accepted || last.Outcome == sandbox.Refused && last.Fault == ""
				}
			}
			w.settle()
			if sum := w.box.Summary(); sum.Twice != 0 {
				t.Errorf("%d people twice", sum.Twice)
			}
			for i := range people {
				story := sandbox.Fate(w.cfg.Seed, mobile(i))
				ends[mobile(i)] = endOf(w.receiver.all(), story.WAID, fmt.Sprint("cb", i))
			}
			time.Sleep(2 * time.Minute)
		})
		return ends
	}
	calm := run(func(c *sandbox.Config) { c.Pace = 0 })
	stormy := run(func(c *sandbox.Config) {
		c.Pace, c.Tidy = 0, false
		c.Script.Rules = []sandbox.Rule{
			{Drop: sandbox.DropUnread, Every: 7},
			{Drop: sandbox.DropReset, Percent: 10},
			{Drop: sandbox.DropReset, Taken: true, Percent: 10},
			{Code: 130429, Percent: 10},
			{Status: 502, Percent: 10, Taken: true},
			{Code: 131000, Percent: 10},
			{Drop: sandbox.DropHang, Percent: 5},
		}
	})
	if diff := cmp.Diff(calm, stormy); diff != "" {
		t.Error(diff)
	}
}

func TestScript_OtherCalls(t *testing.T) {
	w := newWorld(t, rules(
		sandbox.Rule{Call: sandbox.CallTemplates, Code: 80007, First: 1},
		sandbox.Rule{Call: sandbox.CallMedia, Drop: sandbox.DropReset, First: 2},
		sandbox.Rule{Call: sandbox.CallRead, Code: 2, Skip: 3, First: 1},
	))
	list := "/v25.0/" + w.cfg.WABAID + "/message_templates"
	if a := w.call("GET", list, ""); a.code() != 80007 {
		t.Errorf("first list answered %s", a.raw)
	}
	if a := w.call("POST", "/v25.0/"+w.cfg.PhoneNumberID+"/media", ""); !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("upload answered %s (%v)", a.raw, a.err)
	}
	if a := w.call("GET", list, ""); a.code() != 0 {
		t.Errorf("second list answered %s", a.raw)
	}
	if a := w.call("GET", "/v25.0/"+w.cfg.WABAID, ""); a.code() != 2 {
		t.Errorf("the WABA answered %s", a.raw)
	}
	if sum := w.box.Summary(); len(sum.Refused) != 0 {
		t.Errorf("the ledger counts what sends nothing: %+v", sum)
	}
}

func TestScript_Steps(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) {
		c.Script.Steps = []sandbox.Step{
			{At: 10 * seconds, Post: "template", Body: []byte(`{"name":"aviso_simples","language":"pt_BR","status":"PAUSED"}`)},
			{At: 20 * seconds, Post: "inbound", Body: []byte(`{"from":"+5511975500010","text":"oi"}`)},
			{At: 30 * seconds, Post: "account", Body: []byte(`{"code":131031}`)},
			{At: time5days, Post: "account", Body: []byte(`{"code":0}`)},
		}
	}, func(w *world) {
		time.Sleep(15 * time.Second)
		if got := w.receiver.kinds(); got != "template aviso_simples PAUSED" {
			t.Errorf("after 15 s told %q", got)
		}
		time.Sleep(10 * time.Second)
		if got := last(w); got.text != "oi" {
			t.Errorf("after 25 s told %+v", got)
		}
		time.Sleep(10 * time.Second)
		if a := w.send(reader, ""); a.code() != 131031 {
			t.Errorf("after 35 s answered %s", a.raw)
		}
		if err := w.box.SetScript(sandbox.Script{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * 24 * time.Hour)
		if a := w.send(reader, ""); a.code() != 131031 {
			t.Errorf("a step of a script that was replaced was made: %s", a.raw)
		}
	})
}

const time5days = sandbox.Duration(5 * 24 * time.Hour)

func TestScript_Refused(t *testing.T) {
	for name, text := range map[string]string{
		"no effect":                 `{"rules":[{"percent":5}]}`,
		"unknown member":            `{"rules":[{"kode":5}]}`,
		"percent":                   `{"rules":[{"percent":101,"code":4}]}`,
		"negative":                  `{"rules":[{"first":-1,"code":4}]}`,
		"status of a success":       `{"rules":[{"status":200}]}`,
		"drop with code":            `{"rules":[{"drop":"reset","code":4}]}`,
		"unknown drop":              `{"rules":[{"drop":"x"}]}`,
		"unread by recipient":       `{"rules":[{"drop":"unread","to":["+5511*"]}]}`,
		"unread and taken":          `{"rules":[{"drop":"unread","taken":true}]}`,
		"taken alone":               `{"rules":[{"taken":true}]}`,
		"recipient of another call": `{"rules":[{"call":"media","to":["+5511*"],"code":4}]}`,
		"unknown call":              `{"rules":[{"call":"x","code":4}]}`,
		"unknown count":             `{"rules":[{"count":"x","code":4}]}`,
		"unknown hold":              `{"rules":[{"hold":"x"}]}`,
		"to":                        `{"rules":[{"to":["ana"],"code":4}]}`,
		"duration":                  `{"rules":[{"delay":5}]}`,
		"no duration":               `{"rules":[{"delay":"soon"}]}`,
		"unknown step":              `{"steps":[{"at":"1s","post":"x"}]}`,
		"script in a script":        `{"steps":[{"at":"1s","post":"script"}]}`,
		"step before":               `{"steps":[{"at":"-1s","post":"release"}]}`,
		"no JSON":                   `{`,
	} {
		if _, err := sandbox.ParseScript([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// On a socket a drop is a reset, not an orderly end.
func TestScript_ResetOnASocket(t *testing.T) {
	w := newWorld(t, rules(sandbox.Rule{Drop: sandbox.DropUnread, Percent: 50, First: 1}, sandbox.Rule{Drop: sandbox.DropReset}))
	graph := httptest.NewServer(w.box)
	defer graph.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}}
	for range 4 {
		resp, err := client.Post(graph.URL+"/v25.0/"+w.cfg.PhoneNumberID+"/messages?access_token="+token, "application/json", strings.NewReader(offer(reader, "")))
		if err == nil {
			resp.Body.Close()
			t.Fatalf("answered %d", resp.StatusCode)
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) && !os.IsTimeout(err) {
			t.Errorf("got %v", err)
		}
	}
	if sum := w.box.Summary(); sum.Accepted != 0 || sum.Lost != 4 {
		t.Errorf("summary %+v", sum)
	}
}
