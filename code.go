package arauto

// A CodeRule is what one code of a provider's, or a range of them, asks of the engine, with words for
// people.
type CodeRule struct {
	First, Last int // a single code when equal
	Reason      Reason
	Scope       Scope
	Action      Action
	After       int // seconds before the next try of the scope, or before it goes on by itself; 0 = none
	Tries       int // how often a contact is tried before it fails; 0 = the action tries no more
	What        Words
	Next        Words
}

// Words are one sentence in every language that Arauto speaks.
type Words map[Language]string

// In is the sentence in l; in English where there is none in l.
func (w Words) In(l Language) string {
	if said, ok := w[l]; ok {
		return said
	}
	return w[English]
}
