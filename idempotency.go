package arauto

import "time"

// A Reservation is a request's hold on its idempotency key while it is answered. Run tells it from one that took the key
// over because this one seemed to be dead.
type Reservation struct {
	Account, Token int64
	Key            string
	Run            int64
}

const (
	// ReservationRenewed is how often a request that is still being answered says so.
	ReservationRenewed = 2 * time.Second
	// ReservationKept is after how long without that it is held to be dead: its server was killed.
	ReservationKept = 3 * ReservationRenewed
)

// A StoredAnswer is what was answered to a request that carried an idempotency key: the same request is
// given it again, byte for byte.
type StoredAnswer struct {
	Status      int // HTTP's
	ContentType string
	Body        []byte
}
