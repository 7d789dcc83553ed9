package bulk

// SetChunk makes d look at n contacts in a transaction.
func (d *Decisions) SetChunk(n int) { d.chunk = n }

// SetChunk makes a look at n contacts in a transaction.
func (a *Audiences) SetChunk(n int) { a.chunk = n }

// SetChunk makes chunks of n.
func (d *Edits) SetChunk(n int) { d.chunk = n }
