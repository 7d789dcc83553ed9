package desk

import (
	"context"
	"sync"
	"time"
)

// The hub lets many agents wait for work at the price of one look at each account's agents.

type hub struct {
	mu      sync.Mutex
	waiting map[int64][]*waiter // by account
}

type waiter struct {
	agent, work int64
	done        chan struct{}
}

// Wait returns when something of an agent's changed since work was read, when they are offline, or when ctx ends.
func (d *Desk) Wait(ctx context.Context, account, agent, work int64) {
	w := &waiter{agent: agent, work: work, done: make(chan struct{})}
	d.hub.mu.Lock()
	d.hub.waiting[account] = append(d.hub.waiting[account], w)
	d.hub.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		d.hub.leave(account, w)
	}
}

func (h *hub) leave(account int64, w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.waiting[account]
	for i := range list {
		if list[i] == w {
			h.waiting[account] = append(list[:i:i], list[i+1:]...)
			return
		}
	}
}

// runHub looks at the agents of accounts in which somebody waits.
func (d *Desk) runHub(ctx context.Context) error {
	tick := time.NewTicker(d.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.hub.release(func(int64, *waiter) bool { return true })
			return nil
		case <-tick.C:
		}
		for _, account := range d.hub.accounts() {
			work, err := d.Queues.WorkOf(ctx, account)
			if err != nil {
				if ctx.Err() == nil {
					d.Logger.Error("agents' work was not read", "account", account, "err", err)
				}
				continue
			}
			d.hub.release(func(a int64, w *waiter) bool {
				now, there := work[w.agent]
				return a == account && (!there || now != w.work)
			})
		}
	}
}

func (h *hub) accounts() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]int64, 0, len(h.waiting))
	for account, waiters := range h.waiting {
		if len(waiters) > 0 {
			list = append(list, account)
		} else {
			delete(h.waiting, account)
		}
	}
	return list
}

// release lets those go of whom which says so.
func (h *hub) release(which func(account int64, w *waiter) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for account, list := range h.waiting {
		stay := list[:0]
		for _, w := range list {
			if which(account, w) {
				close(w.done)
			} else {
				stay = append(stay, w)
			}
		}
		h.waiting[account] = stay
	}
}
