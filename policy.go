package arauto

// A Policy is what a campaign asks of the engine beyond its list and its message: how fast, when, and
// what stops it. Its zero value asks for nothing. It is stored as JSON under these names: one that is
// renamed needs a migration.
type Policy struct {
	// Rate is the most messages a second that this campaign may send, within its sender's own; 0 = no limit.
	Rate int
	// Priority orders the campaigns of one sender: what is higher goes first. 0 is usual, from -100 to 100.
	Priority int
}

// Check is nil for a policy that can be kept; the error names the field under `policy`.
func (p Policy) Check() error {
	if p.Rate < 0 || p.Rate > 10_000 {
		return Errorf(KindInvalid, "policy.rate", "a campaign sends between 1 and 10000 messages a second (0 = as fast as its sender), not %d", p.Rate)
	}
	if p.Priority < -100 || p.Priority > 100 {
		return Errorf(KindInvalid, "policy.priority", "a priority is between -100 and 100, not %d", p.Priority)
	}
	return nil
}

// Rules are what an account asks of every campaign. Their zero value asks for nothing. Stored as Policy is.
type Rules struct{}

// Check is nil for rules that can be kept; the error names the field under `rules`.
func (r Rules) Check() error { return nil }
