package store_test

import (
	"path/filepath"
	"testing"

	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

func TestRestore(t *testing.T) {
	place := func(address string) storetest.Place {
		return storetest.Place{Address: address, Open: func(t *testing.T) *store.Store { return store.OpenAt(t, address) }}
	}
	t.Run("sqlite", func(t *testing.T) {
		file := func() storetest.Place { return place(filepath.Join(t.TempDir(), "arauto.db")) }
		storetest.Restore(t, file(), file(), file())
	})
	t.Run("postgres", func(t *testing.T) {
		database := func() storetest.Place { return place(store.PostgresURL(t)) }
		storetest.Restore(t, database(), database(), database())
	})
}
