package arauto

import (
	"strconv"
	"time"
)

// A Lease says which node drives a line, and until when. Fence grows each time the line changes hands:
// a write that names an older fence is refused, so a node that was taken for dead cannot act.
type Lease struct {
	Account int64
	Line    string // "sender:12", "jobs:7", "inbound"
	Holder  string // the node
	Fence   int64
	Until   time.Time
}

// Free reports whether node may take the lease at now: it is its own, or it ran out.
func (l Lease) Free(node string, now time.Time) bool {
	return l.Holder == node || l.Holder == "" || !now.Before(l.Until)
}

// SenderLine is the line of a sender.
func SenderLine(id int64) string { return "sender:" + strconv.FormatInt(id, 10) }

// NotHeld is the error of whoever acts under a lease that moved on. It is a conflict.
type NotHeld struct{ Lease Lease }

func (e *NotHeld) Error() string { return e.Unwrap().Error() }

// Unwrap says the same as an Error of KindConflict.
func (e *NotHeld) Unwrap() error {
	return Errorf(KindConflict, "", "node %q no longer holds %s (fence %d): let go of it and take it anew", e.Lease.Holder, e.Lease.Line, e.Lease.Fence)
}
