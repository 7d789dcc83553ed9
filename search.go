package arauto

// MinDigits is how many digits in a row a phone is searched by, at least.
const MinDigits = 4

// A SearchProgress is how far an account's contacts are in the search index. What is not in it yet is looked at row by
// row, so answers are the same; they come later while there is much of it.
type SearchProgress struct {
	IndexedTo int64 // the highest contact id in the index
	Newest    int64 // the highest contact id there is
	Stale     int64 // contacts in the index that changed since they were put there
}

// Behind is how many contacts at most are not in the index as they are.
func (p SearchProgress) Behind() int64 { return p.Newest - p.IndexedTo + p.Stale }

// Complete reports whether what is not in the index is too little to be noticed.
func (p SearchProgress) Complete() bool { return p.Behind() < searchNoticed }

const searchNoticed = 10_000

// Searched reports whether f asks for something that the search index knows.
func (f ContactFilter) Searched() bool {
	return f.Name != "" || f.FieldKey != "" || f.Digits != ""
}

// A StaleSegment is a piece of the search index of which some contacts changed since it was made.
type StaleSegment struct {
	Account int64
	Full    bool // of a long stretch of contacts, or a short one
	Number  int64
	Stale   int // how many changed
}
