package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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
	var closed atomic.Int64
	for _, token := range agents {
		working.Go(func() { answerAll(ctx, x.api.base, token, &closed) })
	}
	defer func() { stop(); working.Wait() }()
	wrote := 0
	write := func(until int) {
		for ; wrote < until; wrote++ {
			body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%q,"changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":%q},`+
				`"contacts":[{"wa_id":"55119800%05d","profile":{"name":"Ana"}}],"messages":[{"from":"55119800%05d","id":"wamid.K%d","timestamp":"%d","type":"text","text":{"body":"Oi"}}]}}]}]}`,
				x.meta.WABAID, x.meta.PhoneNumberID, wrote, wrote, wrote, time.Now().Unix())
			if status := post(t, x.api.base+b.webhookPath, x.meta.AppSecret, body); status != http.StatusOK {
				t.Fatalf("the webhook was answered with %d", status)
			}
		}
	}
	for i := range x.kills {
		write(x.people * (i + 1) / x.kills)
		target := closed.Load() + int64(x.people/x.kills/4)
		for end := time.Now().Add(20 * time.Second); closed.Load() < target && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		x.server.kill()
		x.serve(t)
	}
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end) && len(x.talks(t, "?open=true&limit=1")) > 0; {
		time.Sleep(100 * time.Millisecond)
	}
	x.judge(t, meta)
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

// answerAll is a scripted agent: one answer to each conversation, then it is closed. A server that is gone is asked
// again, with the same Idempotency-Key.
func answerAll(ctx context.Context, base, token string, closed *atomic.Int64) {
	ask := func(method, path string, in any, key string) (int, []byte) {
		body, _ := json.Marshal(in)
		r, err := http.NewRequestWithContext(ctx, method, base+"/api/v1/desk"+path, bytes.NewReader(body))
		if err != nil {
			return 0, nil
		}
		r.Header.Set("Authorization", "Bearer "+token)
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
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, text
	}
	for ctx.Err() == nil {
		ask("PUT", "/state", object{"state": "available"}, "")
		status, text := ask("GET", "/work?wait=1", nil, "")
		var work struct{ Conversations []struct{ UUID string } }
		if status != http.StatusOK || json.Unmarshal(text, &work) != nil {
			continue
		}
		for _, c := range work.Conversations {
			if status, _ := ask("POST", "/conversations/"+c.UUID+"/messages", object{"text": "Bom dia"}, c.UUID+"-answer"); status == 0 {
				continue // the server is gone: asked again, under the same key; one that was cut off is a conflict then
			}
			if status, _ := ask("POST", "/conversations/"+c.UUID+"/close", object{}, ""); status == http.StatusOK {
				closed.Add(1)
			}
		}
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

func (x killDesk) judge(t *testing.T, meta *sandbox.Sandbox) {
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
	answers, refs := map[string]int{}, map[string]int{}
	for e := range meta.Entries() {
		if e.Outcome == sandbox.Accepted && strings.HasPrefix(e.Callback, "r") {
			answers[e.To]++
			refs[e.Callback]++
		}
	}
	for ref, n := range refs {
		if n > 1 {
			t.Errorf("the answer %s went out %d times", ref, n)
		}
	}
	t.Logf("%d conversations, %d people answered, %d answers went out", len(list), len(answers), len(refs))
	if len(refs) < x.people/2 {
		t.Errorf("only %d of %d answers went out", len(refs), x.people)
	}
}
