package store_test

import (
	"testing"

	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return store.OpenPostgres(t) })
}
