package store_test

import (
	"testing"

	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

func TestFlights(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": store.OpenSQLite, "postgres": store.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			storetest.Flights(t, func(t *testing.T) (*store.Store, storetest.Held) {
				s := open(t)
				return s, s
			})
		})
	}
}
