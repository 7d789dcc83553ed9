package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestKillDesk: people write, scripted agents answer and close, and the server is killed in between, again and again.
// Every conversation is closed in the end, had one agent at a time, and every answer went out once at most.
func TestKillDesk(t *testing.T) {
	people := 300
	if testing.Short() {
		people = 80
	}
	t.Run("sqlite", func(t *testing.T) { killDesk{people: people, kills: 3}.run(t) })
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the long run has it")
		}
		killDesk{people: people, kills: 3, torture: torture{database: postgres(t)}}.run(t)
	})
}

type killDesk struct {
	torture
	people, kills int
}

func (x killDesk) run(t *testing.T) {
	x.dir, x.address = t.TempDir(), freeAddress(t)
	x.meta = sandbox.Config{VerifyToken: "shown"}.WithDefaults()
	meta, graph := mute(t, x.meta)
	x.graph = graph
	x.serve(t)
	b := x.api.business(t, x.meta, graph, 80)
	agents := x.team(t, 6)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	told := &answers{kinds: map[string]int{}, wrote: map[string]string{}}
	for _, token := range agents {
		working.Go(func() { scripted{x.api.base, token, told}.work(ctx) })
	}
	defer func() { stop(); working.Wait() }()
	working.Go(func() { x.write(ctx, x.api.base+b.webhookPath) })
	for i := range x.kills {
		target := x.people * (i + 1) / (x.kills + 1)
		for end := time.Now().Add(20 * time.Second); told.closed() < target && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		x.server.kill()
		x.serve(t)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && len(x.talks(t, "?limit=1000")) < x.people; {
		time.Sleep(100 * time.Millisecond)
	}
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end) && len(x.talks(t, "?open=true&limit=1")) > 0; {
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	working.Wait()
	x.judge(t, meta, told)
}

// write has people write, one after the other; a webhook is repeated until it is taken, as Meta does.
func (x killDesk) write(ctx context.Context, address string) {
	for i := 0; i < x.people && ctx.Err() == nil; {
		body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%q,"changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":%q},`+
			`"contacts":[{"wa_id":"55119800%05d","profile":{"name":"Ana"}}],"messages":[{"from":"55119800%05d","id":"wamid.K%d","timestamp":"%d","type":"text","text":{"body":"Oi"}}]}}]}]}`,
			x.meta.WABAID, x.meta.PhoneNumberID, i, i, i, time.Now().Unix())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("X-Hub-Signature-256", sandbox.Sign(x.meta.AppSecret, []byte(body)))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			i++
		}
	}
}

// team makes a queue with agents, each with a token of its own, which it returns.
func (x killDesk) team(t *testing.T, n int) (tokens []string) {
	t.Helper()
	var made struct {
		ID    int64
		Value string
	}
	x.api.do(t, "POST", "/api/v1/queues", object{"name": "Vendas"}, &made)
	queue := made.ID
	x.api.do(t, "POST", "/api/v1/routing-points", object{"name": "Entrada", "queue_id": queue}, &made)
	x.api.do(t, "POST", "/api/v1/routing-rules", object{"routing_point_id": made.ID, "kind": "default"}, nil)
	for i := range n {
		x.api.do(t, "POST", "/api/v1/tokens", object{"name": fmt.Sprintf("agente %d", i), "scopes": []string{"desk"}, "rate": 1000}, &made)
		x.api.do(t, "POST", "/api/v1/agents", object{"name": fmt.Sprintf("Agente %d", i), "token_id": made.ID, "queue_ids": []int64{queue}, "capacity": 3}, nil)
		tokens = append(tokens, made.Value)
	}
	return tokens
}

// answers is what came of what agents asked for, counted by kind: every answer that a server gave is one of these.
type answers struct {
	mu    sync.Mutex
	kinds map[string]int
	wrote map[string]string // by conversation: what became of its answer
	odd   []string          // what no agent should ever be told
}

func (a *answers) count(kind string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kinds[kind]++
}

func (a *answers) strange(what string, status int, text []byte) {
	a.count(what + ": strange")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.odd = append(a.odd, fmt.Sprintf("%s: %d %.300s", what, status, text))
}

func (a *answers) settle(uuid, how string) {
	a.count("message: " + how)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrote[uuid] = how
}

func (a *answers) closed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kinds["close: done"]
}

// scripted is an agent: one answer to each conversation, which is closed once it is known what became of it. A server
// that is gone is asked again, with the same Idempotency-Key.
type scripted struct {
	base, token string
	*answers
}

func (s scripted) ask(ctx context.Context, method, path string, in any, key string) (int, []byte) {
	body, _ := json.Marshal(in)
	r, err := http.NewRequestWithContext(ctx, method, s.base+"/api/v1/desk"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return 0, nil
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil // it was cut off
	}
	return answer.StatusCode, text
}

func (s scripted) work(ctx context.Context) {
	for ctx.Err() == nil {
		s.ask(ctx, "PUT", "/state", object{"state": "available"}, "")
		status, text := s.ask(ctx, "GET", "/work?wait=1", nil, "")
		var work struct{ Conversations []struct{ UUID string } }
		if status != http.StatusOK || json.Unmarshal(text, &work) != nil {
			continue
		}
		for _, c := range work.Conversations {
			if s.answer(ctx, c.UUID) {
				s.close(ctx, c.UUID)
			}
		}
	}
}

// answer reports whether it is known what became of the answer to a conversation.
func (s scripted) answer(ctx context.Context, uuid string) bool {
	s.mu.Lock()
	how := s.wrote[uuid]
	s.mu.Unlock()
	if how != "" {
		return true
	}
	switch status, text := s.ask(ctx, "POST", "/conversations/"+uuid+"/messages", object{"text": "Bom dia"}, uuid+"-answer"); {
	case status == 0:
		s.count("message: no server")
	case status == http.StatusCreated || status == http.StatusAccepted || status == http.StatusOK:
		s.settle(uuid, "accepted")
		return true
	case status == http.StatusConflict && bytes.Contains(text, []byte("still being answered")):
		s.count("message: wait for the one that was cut off")
		time.Sleep(50 * time.Millisecond)
	case status == http.StatusConflict && bytes.Contains(text, []byte("before its answer was kept")):
		s.settle(uuid, "done, and the answer lost")
		return true
	case status == http.StatusNotFound || status == http.StatusForbidden:
		s.count("message: another agent's by now")
	default:
		s.strange("message", status, text)
	}
	return false
}

func (s scripted) close(ctx context.Context, uuid string) {
	switch status, text := s.ask(ctx, "POST", "/conversations/"+uuid+"/close", object{}, ""); status {
	case 0:
		s.count("close: no server")
	case http.StatusOK:
		s.count("close: done")
	case http.StatusNotFound, http.StatusForbidden:
		s.count("close: another agent's by now")
	default:
		s.strange("close", status, text)
	}
}

type talk struct {
	UUID, State string
}

func (x killDesk) talks(t *testing.T, query string) []talk {
	t.Helper()
	var page struct{ Data []talk }
	x.api.do(t, "GET", "/api/v1/conversations"+query, nil, &page)
	return page.Data
}

func (x killDesk) judge(t *testing.T, meta *sandbox.Sandbox, told *answers) {
	t.Helper()
	list := x.talks(t, "?limit=1000")
	if len(list) != x.people {
		t.Errorf("%d conversations, want %d", len(list), x.people)
	}
	for _, c := range list {
		if c.State != "closed" {
			t.Errorf("%s is %s", c.UUID, c.State)
		}
		var turns struct {
			Data []struct {
				N       int64
				State   string
				AgentID *int64 `json:"agent_id"`
			}
		}
		x.api.do(t, "GET", "/api/v1/conversations/"+c.UUID+"/turns", nil, &turns)
		holder := false
		for i, v := range turns.Data {
			if v.N != int64(i+1) || v.State == "assigned" && holder {
				t.Errorf("%s: turn %d: %+v", c.UUID, i+1, turns.Data)
			}
			holder = v.State == "assigned"
		}
	}
	x.judgeAnswers(t, meta, told, list)
}

// judgeAnswers holds what agents were told against what Meta was sent.
func (x killDesk) judgeAnswers(t *testing.T, meta *sandbox.Sandbox, told *answers, list []talk) {
	t.Helper()
	t.Logf("answers: %v", told.kinds)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && slices.ContainsFunc(list, func(c talk) bool { return x.answerOf(t, c.UUID) == "queued" }); {
		time.Sleep(100 * time.Millisecond)
	}
	for _, odd := range told.odd {
		t.Error(odd)
	}
	people, refs, asked := map[string]int{}, map[string]int{}, map[string]bool{}
	for e := range meta.Entries() {
		if !strings.HasPrefix(e.Callback, "r") {
			continue
		}
		asked[e.To] = true
		if e.Outcome == sandbox.Accepted {
			people[e.To]++
			refs[e.Callback]++
		}
	}
	for ref, n := range refs {
		if n > 1 {
			t.Errorf("the answer %s went out %d times", ref, n)
		}
	}
	for to, n := range people {
		if n > 1 {
			t.Errorf("%s was answered %d times", to, n)
		}
	}
	unknown, refused := 0, 0
	for _, c := range list {
		if told.wrote[c.UUID] == "" {
			t.Errorf("%s: nobody was told what became of its answer", c.UUID)
		}
		switch state := x.answerOf(t, c.UUID); state {
		case "":
			t.Errorf("%s: its answer is lost, though an agent was told that it is %s", c.UUID, told.wrote[c.UUID])
		case "unknown", "open": // it was on its way when the server was killed; that becomes unknown in time
			unknown++
		case "failed":
			refused++
		case "queued":
			t.Errorf("%s: its answer never left", c.UUID)
		}
	}
	t.Logf("%d conversations, %d people answered, %d refused by Meta, %d of an unknown fate", len(list), len(people), refused, unknown)
	if got := len(people) + refused + unknown; got < x.people || len(asked) < len(people)+refused {
		t.Errorf("%d answers are accounted for, want %d; Meta was asked for %d people", got, x.people, len(asked))
	}
	if unknown > x.kills*32 { // as many as are posted at the same time
		t.Errorf("of %d answers it is not known what became of them, after %d kills", unknown, x.kills)
	}
}

// answerOf is the state of the one answer in a conversation; "" when there is none.
func (x killDesk) answerOf(t *testing.T, uuid string) string {
	t.Helper()
	var talk struct {
		Messages struct {
			Data []struct {
				Direction string
				Delivery  *struct{ State string }
			}
		}
	}
	x.api.do(t, "GET", "/api/v1/conversations/"+uuid, nil, &talk)
	state := ""
	for _, m := range talk.Messages.Data {
		if m.Direction == "out" {
			if state != "" {
				t.Errorf("%s has two answers", uuid)
			}
			state = m.Delivery.State
		}
	}
	return state
}
