package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/courier"
	"arauto/internal/desk"
	"arauto/internal/floor"
	"arauto/internal/whatsapp"
)

// DeskConfig is one `bench desk`.
type DeskConfig struct {
	Engine        string
	Agents        int
	Capacity      int
	Conversations int
	Within        time.Duration // how long it takes to open them all
	Handling      time.Duration // how long an agent has each
	Check         bool          // a missed figure is an error
}

// Desk opens conversations at a steady rate while scripted agents wait for work, have each conversation a while and
// close it. It prints how long a conversation waits once there is an agent with room for it, until that agent sees
// it, and afterwards looks at every turn that was kept. The baseline of the same run opens conversations that no
// rule leads anywhere, as fast as it goes.
func Desk(ctx context.Context, c DeskConfig, out io.Writer) error {
	p, err := openPlace(ctx, c.Engine)
	if err != nil {
		return err
	}
	defer p.close()
	w, err := newWorld(ctx, p.store, "http://127.0.0.1:1", 80)
	if err != nil {
		return err
	}
	r := &deskRun{DeskConfig: c, place: p, world: w, out: out, seen: map[int64][]sighting{}}
	if err := r.baseline(ctx); err != nil {
		return err
	}
	if err := r.staff(ctx); err != nil {
		return err
	}
	if err := r.work(ctx); err != nil {
		return err
	}
	v := &verdict{out: out}
	if err := r.judge(ctx, v); err != nil {
		return err
	}
	if c.Check {
		return v.err()
	}
	return nil
}

type deskRun struct {
	DeskConfig
	place  *place
	world  world
	out    io.Writer
	desk   *desk.Desk
	floor  *floor.Floor
	agents []arauto.Agent
	before int64 // conversations up to here are the baseline's

	opened time.Duration // how long opening all of them took

	mu     sync.Mutex
	events []deskEvent
	seen   map[int64][]sighting // by conversation
	closed int
}

// open has people write for the first time, n of them in one webhook.
func (r *deskRun) open(ctx context.Context, from, n int) error {
	facts := make([]arauto.Fact, n)
	at := now()
	for i := range facts {
		phone := phoneOf(from + i)
		facts[i] = arauto.Fact{Kind: arauto.FactReply, At: at, PhoneNumberID: r.world.sender.PhoneNumberID, Reply: arauto.Reply{
			ProviderID: fmt.Sprintf("wamid.IN%d", from+i), WAID: phone.Digits(), Name: "Maria", Kind: "text", Text: "Oi, quero saber mais",
		}}
	}
	_, err := r.place.store.ApplyFacts(ctx, now(), r.world.account, r.world.sender.App, facts)
	return err
}

const (
	// deskBatch is how many messages come in one webhook.
	deskBatch = 20
	// baselineTalks is how many conversations the baseline opens.
	baselineTalks = 2000
)

func (r *deskRun) baseline(ctx context.Context) error {
	began := time.Now()
	for done := 0; done < baselineTalks; done += deskBatch {
		if err := r.open(ctx, 50_000_000+done, deskBatch); err != nil {
			return err
		}
	}
	took := time.Since(began).Seconds()
	fmt.Fprintf(r.out, "baseline   %d conversations opened, led nowhere, in %.1f s: %.0f/s\n", baselineTalks, took, baselineTalks/took)
	list, err := r.place.store.FindConversations(ctx, r.world.account.ID, arauto.ConversationFilter{}, 0, 1)
	if err == nil {
		r.before = list[0].ID
	}
	return err
}

// staff makes the queue, what leads to it, and agents.
func (r *deskRun) staff(ctx context.Context) error {
	s, account, actor := r.place.store, r.world.account.ID, r.world.actor
	queue, err := s.CreateQueue(ctx, actor, now(), arauto.Queue{Account: account, Name: "Vendas"})
	if err != nil {
		return err
	}
	point, err := s.CreateRoutingPoint(ctx, actor, now(), arauto.RoutingPoint{Account: account, Name: "Entrada", Queue: queue.ID})
	if err != nil {
		return err
	}
	if _, err := s.AddRoutingRule(ctx, actor, now(), arauto.RoutingRule{Account: account, Point: point.ID, Kind: arauto.RuleDefault}); err != nil {
		return err
	}
	for i := range r.Agents {
		a, err := s.CreateAgent(ctx, actor, now(), arauto.Agent{Account: account, Name: fmt.Sprintf("Agente %03d", i+1), Capacity: r.Capacity, Queues: []int64{queue.ID}})
		if err != nil {
			return err
		}
		r.agents = append(r.agents, a)
	}
	return nil
}

// work opens conversations and has agents work them, until all are closed or nothing happens any more.
func (r *deskRun) work(ctx context.Context) error {
	files, err := blob.New(r.place.dir + "/files")
	if err != nil {
		return err
	}
	defer files.Close()
	quiet := slog.New(slog.DiscardHandler)
	r.desk = desk.New(desk.Config{
		Queues: r.place.store, Outbox: r.place.store, Files: r.place.store, Provider: whatsapp.New(whatsapp.Config{}), Links: courier.New(courier.Config{}), Blobs: files, Now: now, Logger: quiet,
	})
	r.floor = floor.New(floor.Config{Store: r.place.store, Now: now, Logger: quiet, Wake: r.desk.Wake})
	working, stop := context.WithCancel(ctx)
	defer stop()
	g, working := errgroup.WithContext(working)
	g.Go(func() error { return r.desk.Run(working) })
	g.Go(func() error { return r.floor.Run(working) })
	for _, a := range r.agents {
		g.Go(func() error { return r.agent(working, a) })
	}
	began, cpu := time.Now(), processorTime()
	if err := r.openAll(ctx); err != nil {
		return err
	}
	r.opened = time.Since(began)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		r.mu.Lock()
		closed := r.closed
		r.mu.Unlock()
		if closed == r.Conversations {
			break
		}
	}
	took := time.Since(began)
	fmt.Fprintf(r.out, "desk       %d conversations opened in %.1f s (%.0f/s) for %d agents with room for %d, each had %s; %d closed after %.1f s, processor %.0f %%\n",
		r.Conversations, r.opened.Seconds(), float64(r.Conversations)/r.opened.Seconds(), r.Agents, r.Capacity, r.Handling, r.closed, took.Seconds(), 100*(processorTime()-cpu).Seconds()/took.Seconds())
	stop()
	return ignoreEnd(g.Wait())
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// openAll opens at a steady rate, so that the last of them is due a little before the end.
func (r *deskRun) openAll(ctx context.Context) error {
	began := time.Now()
	for done := 0; done < r.Conversations; done += deskBatch {
		due := began.Add(r.Within * 98 / 100 * time.Duration(done) / time.Duration(r.Conversations))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		if err := r.open(ctx, done, min(deskBatch, r.Conversations-done)); err != nil {
			return err
		}
		r.desk.Wake()
	}
	return nil
}

func (r *deskRun) note(e deskEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// agent is one scripted agent: available, waits for work as the API does, has each conversation a while, closes it.
func (r *deskRun) agent(ctx context.Context, a arauto.Agent) error {
	actor := arauto.Actor{Account: a.Account, Name: a.Name}
	if _, err := r.floor.Turn(ctx, actor, a.Account, a.ID, arauto.AgentOnlined, ""); err != nil {
		return err
	}
	r.note(deskEvent{at: now(), room: r.Capacity})
	ends := map[int64]time.Time{}
	for ctx.Err() == nil {
		is, err := r.place.store.Agent(ctx, a.Account, a.ID)
		if err != nil {
			return stopped(ctx, err)
		}
		if err := r.floor.Beat(ctx, is); err != nil {
			return stopped(ctx, err)
		}
		mine, err := r.place.store.FindConversations(ctx, a.Account, arauto.ConversationFilter{Agent: a.ID, State: arauto.ConversationAssigned}, 0, r.Capacity+1)
		if err != nil {
			return stopped(ctx, err)
		}
		next := time.Now().Add(10 * time.Second)
		for _, c := range mine {
			end, known := ends[c.ID]
			if !known {
				r.saw(c)
				end = time.Now().Add(r.Handling)
				ends[c.ID] = end
			}
			if end.Before(next) {
				next = end
			}
		}
		wait, cancel := context.WithDeadline(ctx, next)
		r.desk.Wait(wait, a.Account, a.ID, is.Work)
		cancel()
		for id, end := range ends {
			if time.Now().Before(end) {
				continue
			}
			delete(ends, id)
			ends := now() // there is room from now on at the earliest
			if _, err := r.place.store.EndConversation(ctx, actor, ends, a.Account, id, arauto.Closing{}); err != nil {
				return stopped(ctx, err)
			}
			r.note(deskEvent{at: ends, room: 1})
			r.desk.Wake()
			r.mu.Lock()
			r.closed++
			r.mu.Unlock()
		}
	}
	return nil
}

func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // whoever stops it knows
	}
	return err
}

// saw notes that an agent saw a conversation that is theirs, for the first time.
func (r *deskRun) saw(c arauto.Conversation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[c.ID] = append(r.seen[c.ID], sighting{c.Agent, now()})
}

// judge looks at everything that was kept.
func (r *deskRun) judge(ctx context.Context, v *verdict) error {
	k := deskRecord{capacity: r.Capacity, seen: r.seen, events: r.events, ended: now()}
	for i := range r.Conversations {
		k.expected = append(k.expected, phoneOf(i).PersonKey())
	}
	for before := int64(0); ; {
		list, err := r.place.store.FindConversations(ctx, r.world.account.ID, arauto.ConversationFilter{}, before, 1000)
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.ID <= r.before {
				continue
			}
			turns, err := r.place.store.Turns(ctx, c.Account, c.ID, 0, 100)
			if err != nil {
				return err
			}
			k.talks = append(k.talks, deskTalk{c, turns})
		}
		if len(list) < 1000 {
			break
		}
		before = list[len(list)-1].ID
	}
	f := k.findings()
	fmt.Fprintf(r.out, "waits      with an agent free, until that agent sees it: median %d ms, 99th percentile %d ms, longest %d ms, of %d; %d not measured\n",
		f.wait(0.5).Milliseconds(), f.wait(0.99).Milliseconds(), f.wait(1).Milliseconds(), len(f.waits), f.unmeasured)
	v.atMost("seconds to open them all", r.opened.Seconds(), r.Within.Seconds())
	f.judge(v)
	return nil
}
