package seal

// Occupy takes every turn until the returned function is called.
func (p *Passwords) Occupy() (leave func()) {
	for range cap(p.turns) {
		p.turns <- struct{}{}
	}
	return func() {
		for range cap(p.turns) {
			<-p.turns
		}
	}
}
