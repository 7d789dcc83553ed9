package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
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
	r := &deskRun{DeskConfig: c, place: p, world: w, out: out, seen: map[int64]time.Time{}}
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

	mu     sync.Mutex
	events []deskEvent
	seen   map[int64]time.Time // by conversation: when its agent saw it first
	closed int
}

// deskEvent is a change of how much room agents have.
type deskEvent struct {
	at   time.Time
	room int
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
	opened := time.Since(began)
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
		r.Conversations, opened.Seconds(), float64(r.Conversations)/opened.Seconds(), r.Agents, r.Capacity, r.Handling, r.closed, took.Seconds(), 100*(processorTime()-cpu).Seconds()/took.Seconds())
	stop()
	return ignoreEnd(g.Wait())
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// openAll opens at a steady rate.
func (r *deskRun) openAll(ctx context.Context) error {
	began := time.Now()
	for done := 0; done < r.Conversations; done += deskBatch {
		due := began.Add(r.Within * time.Duration(done) / time.Duration(r.Conversations))
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
			if _, err := r.place.store.EndConversation(ctx, actor, now(), a.Account, id, arauto.Closing{}); err != nil {
				return stopped(ctx, err)
			}
			r.note(deskEvent{at: now(), room: 1})
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

// saw notes when an agent saw a conversation that is theirs.
func (r *deskRun) saw(c arauto.Conversation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.seen[c.ID]; !again {
		r.seen[c.ID] = now()
	}
}

// judge looks at everything that was kept.
func (r *deskRun) judge(ctx context.Context, v *verdict) error {
	var all []arauto.Conversation
	for before := int64(0); ; {
		list, err := r.place.store.FindConversations(ctx, r.world.account.ID, arauto.ConversationFilter{}, before, 1000)
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.ID > r.before {
				all = append(all, c)
			}
		}
		if len(list) < 1000 {
			break
		}
		before = list[len(list)-1].ID
	}
	lost, twice := r.Conversations-len(all), 0
	type change struct {
		at    time.Time
		by    int
		agent int64
	}
	var changes []change
	for _, c := range all {
		turns, err := r.place.store.Turns(ctx, c.Account, c.ID, 0, 100)
		if err != nil {
			return err
		}
		holder := int64(0)
		for i, t := range turns {
			if t.N != int64(i+1) {
				lost++
			}
			switch {
			case t.State == arauto.ConversationAssigned:
				if holder != 0 {
					twice++
				}
				holder = t.Agent
				changes = append(changes, change{t.At, 1, t.Agent})
			case holder != 0:
				changes = append(changes, change{t.At, -1, holder})
				holder = 0
			}
		}
		if c.State != arauto.ConversationClosed {
			lost++
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return a.by - b.by // what ends in a millisecond makes room for what begins in it
	})
	// A turn's moment is read before its transaction, so that two may be written in the other order: what a moment's
	// uncertainty explains is not counted, what lasts is. (The transaction itself compares the rows.)
	over, have, since := 0, map[int64]int{}, map[int64]time.Time{}
	for _, c := range changes {
		had := have[c.agent]
		have[c.agent] += c.by
		switch {
		case had <= r.Capacity && have[c.agent] > r.Capacity:
			since[c.agent] = c.at
		case had > r.Capacity && have[c.agent] <= r.Capacity && c.at.Sub(since[c.agent]) > time.Second:
			over++
		}
	}
	for _, n := range have {
		if n != 0 {
			over++
		}
	}
	waits := r.waits(all)
	if len(waits) == 0 {
		return fmt.Errorf("no conversation was given to anybody")
	}
	quantile := func(q float64) time.Duration { return waits[min(len(waits)-1, int(q*float64(len(waits))))] }
	fmt.Fprintf(r.out, "waits      with an agent free, until that agent sees it: median %d ms, 99th percentile %d ms, longest %d ms, of %d\n",
		quantile(0.5).Milliseconds(), quantile(0.99).Milliseconds(), waits[len(waits)-1].Milliseconds(), len(waits))
	v.atMost("conversations lost", float64(lost), 0)
	v.atMost("conversations with two agents at a time", float64(twice), 0)
	v.atMost("times an agent had more than there is room for", float64(over), 0)
	v.atMost("seconds waited with an agent free, 99th percentile", quantile(0.99).Seconds(), 1)
	return nil
}

// waits is how long each conversation waited from the moment at which it was open and somebody had room, until its
// agent saw it; ascending. Room that there was all the while counts from when the conversation came.
func (r *deskRun) waits(all []arauto.Conversation) []time.Duration {
	events := slices.Clone(r.events)
	for _, c := range all {
		events = append(events, deskEvent{at: c.AssignedAt, room: -1})
	}
	slices.SortStableFunc(events, func(a, b deskEvent) int { return a.at.Compare(b.at) })
	type span struct{ from, to time.Time }
	var spans []span // when there was room
	room, from := 0, time.Time{}
	for _, e := range events {
		was := room
		room += e.room
		if was <= 0 && room > 0 {
			from = e.at
		}
		if was > 0 && room <= 0 {
			spans = append(spans, span{from, e.at})
		}
	}
	if room > 0 {
		spans = append(spans, span{from, now()})
	}
	var list []time.Duration
	for _, c := range all {
		seen, ok := r.seen[c.ID]
		if !ok {
			continue
		}
		eligible := c.AssignedAt
		for _, s := range spans {
			if s.to.Before(c.QueuedAt) || s.from.After(c.AssignedAt) {
				continue
			}
			if s.from.After(c.QueuedAt) {
				eligible = s.from
			} else {
				eligible = c.QueuedAt
			}
			break // the first that it met
		}
		list = append(list, max(0, seen.Sub(eligible)))
	}
	slices.Sort(list)
	return list
}
