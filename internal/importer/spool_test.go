package importer

import (
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is put aside comes back as it was, whatever stands in it.
func TestSpool_GivesBackWhatWasPutAside(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.Just("\x00\xff"), rapid.Just(""))
	rapid.Check(t, func(t *rapid.T) {
		row := Row{Number: rapid.IntRange(1, 1<<40).Draw(t, "number"), Raw: texts.Draw(t, "raw")}
		for range rapid.IntRange(0, 5).Draw(t, "cells") {
			row.Cells = append(row.Cells, texts.Draw(t, "cell"))
		}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			row.More = append(row.More, arauto.Field{Key: texts.Draw(t, "key"), Value: texts.Draw(t, "value")})
		}
		var bad error
		if rapid.Bool().Draw(t, "bad") {
			bad = rowErrorf(row, texts.Draw(t, "field"), "%s", texts.Draw(t, "message"))
		}
		record := string(appendRow(nil, row, bad))
		got, why, err := rowOf(record)
		if err != nil || !cmp.Equal(got, row) || (why == nil) != (bad == nil) || why != nil && why.Error() != bad.Error() {
			t.Fatalf("%+v, %v, %v: want %+v, %v", got, why, err, row, bad)
		}
		for cut := range record {
			if _, _, err := rowOf(record[:cut]); err == nil {
				t.Fatalf("cut off after %d of %d bytes nobody notices", cut, len(record))
			}
		}
	})
}
