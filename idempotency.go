package arauto

// A StoredAnswer is what was answered to a request that carried an idempotency key: the same request is
// given it again, byte for byte.
type StoredAnswer struct {
	Status      int // HTTP's
	ContentType string
	Body        []byte
}
