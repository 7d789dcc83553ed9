package arauto

import "time"

// An Allowance is how much may be asked of an API that is rationed: so often in a day of the account's zone over all
// its tokens, and so many times at once by one token, on all nodes together.
type Allowance struct {
	Day      int           // the day that counts: see DayNumber
	Daily    int64         // requests of all tokens in it
	Together int           // requests of one token at a time
	Hold     time.Duration // after which a request that nobody ended is taken for dead
}

// An Admission is a request that was let in: it was counted, and holds one of its token's slots until it is left.
type Admission struct {
	Account int64
	Token   int64
	Slot    int
	Fence   int64
	Verdict AdmissionVerdict
}

// AdmissionVerdict is whether a request is let in. Only one that is counts.
type AdmissionVerdict string

const (
	Admitted     AdmissionVerdict = "admitted"
	OverDaily    AdmissionVerdict = "over_daily"    // the account has asked for as much as it may today
	OverTogether AdmissionVerdict = "over_together" // the token's other requests are still being answered
)

// Usage is how often an API was asked in a day.
type Usage struct {
	Token int64 // by this token
	All   int64 // by all of the account's
}

// DayNumber is the day of t in a zone, as a number that people can read: 20261128.
func DayNumber(t time.Time, zone *time.Location) int {
	y, m, d := t.In(zone).Date()
	return y*10_000 + int(m)*100 + d
}

const (
	// RequestsPerLicence is how many requests a day each licence of an account is worth.
	RequestsPerLicence = 1_000
	// DefaultLicences is how many an account has where nobody said.
	DefaultLicences = 10
	maxLicences     = 1_000_000
)

// DailyRequests is how often in a day the account's rationed API may be asked.
func (r Rules) DailyRequests() int64 {
	if r.Licences == 0 {
		return DefaultLicences * RequestsPerLicence
	}
	return int64(r.Licences) * RequestsPerLicence
}

func checkLicences(n int) error {
	if n < 0 || n > maxLicences {
		return Errorf(KindInvalid, "licences", "an account has 1 to %d licences (0 = %d), not %d", maxLicences, DefaultLicences, n)
	}
	return nil
}
