package store_test

import (
	"testing"

	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return store.OpenSQLite(t) })
}
