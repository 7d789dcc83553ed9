package sandbox

// Canonical and its like let tests state properties of numbers.
var (
	Canonical = canonical
	UserID    = userID
	Alias     = alias
)

// DecodeSend reports the code that a request body is refused with, 0 for none.
func DecodeSend(body []byte) (code int) {
	r, e := decodeSend(body)
	if e == nil {
		_, e = r.number()
	}
	if e == nil && r.Template != nil {
		for _, t := range catalogue() {
			if _, e := r.Template.check(t); e == nil {
				return 0
			}
		}
	}
	if e == nil {
		return 0
	}
	return e.code
}
