package exporter

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

// many are more contacts than are looked at for columns, with the custom fields cpf and plano, and one with UF.
func many() []arauto.Contact {
	list := make([]arauto.Contact, keyRows+1)
	for i := range list {
		list[i] = arauto.Contact{Name: "Pessoa", Phone: arauto.Phone(fmt.Sprintf("+55119%08d", 80_000_000+i)), Fields: arauto.Fields{{Key: "cpf", Value: fmt.Sprint(i)}, {Key: "plano", Value: "A"}}}
	}
	list[7].Fields = arauto.Fields{{Key: "UF", Value: "PE"}, {Key: "CPF", Value: "sete"}}
	return list
}

// counted tells how often contacts were looked at.
type counted struct {
	Columns
	looks int
}

func (c *counted) FieldKeys(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int, keys *arauto.FieldKeys) (int64, int, error) {
	c.looks++
	return c.Columns.FieldKeys(ctx, account, f, below, limit, keys)
}

// table is what was exported as CSV: the names of the columns of custom fields, and the rows.
func (w *world) table(f arauto.ContactFilter) (names []string, rows [][]string) {
	w.t.Helper()
	_, body := w.export(arauto.Export{Format: arauto.ExportCSV, Delimiter: ",", Who: f})
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	check(w.t, err)
	return all[0][len(columns):], all[1:]
}

// TestExport_KeptColumns: the columns of a long export are what is kept of its campaigns, whoever matches, and no contact
// is looked at for them; those of a short one are what its contacts have.
func TestExport_KeptColumns(t *testing.T) {
	w := newWorld(t, many()...)
	looked := &counted{Columns: w.store}
	w.Columns = looked
	for _, f := range []arauto.ContactFilter{{}, {Campaigns: []int64{w.campaign}, States: []arauto.ContactState{arauto.ContactPending}}, {Name: "pessoa"}} {
		names, rows := w.table(f)
		if diff := cmp.Diff([]string{"cpf", "plano", "UF"}, names); diff != "" || len(rows) != keyRows+1 || looked.looks > 0 {
			t.Errorf("%d rows after %d looks, columns (-want +got):\n%s", len(rows), looked.looks, diff)
		}
		if got := rows[len(rows)-8][len(columns):]; !slices.Equal(got, []string{"sete", "", "PE"}) {
			t.Errorf("the eighth contact: %q", got)
		}
	}
	if names, rows := w.table(arauto.ContactFilter{FieldKey: "cpf", FieldValue: "1"}); !slices.Equal(names, []string{"cpf", "plano"}) || len(rows) != 1 || looked.looks != 1 {
		t.Errorf("a short export: %d rows after %d looks, columns %q", len(rows), looked.looks, names)
	}
}

// former keeps nothing of the campaign until it is told: a node of a former version wrote its contacts.
type former struct {
	counted
	campaign int64
	unknown  bool
	told     []string
}

func (f *former) CampaignFields(context.Context, int64, arauto.ContactFilter) (keys arauto.FieldKeys, unknown []int64, err error) {
	for _, name := range f.told {
		keys.Add(arauto.Fields{{Key: name}})
	}
	if f.unknown {
		unknown = []int64{f.campaign}
	}
	return keys, unknown, nil
}

func (f *former) KeepFields(_ context.Context, _, campaign int64, names []string, all bool) error {
	if campaign != f.campaign {
		return fmt.Errorf("fields of campaign %d", campaign)
	}
	f.told, f.unknown = append(f.told, names...), f.unknown && !all
	return nil
}

// TestExport_FormerCampaign: a campaign of which nothing is kept is looked through once.
func TestExport_FormerCampaign(t *testing.T) {
	w := newWorld(t, many()...)
	old := &former{counted: counted{Columns: w.store}, campaign: w.campaign, unknown: true}
	w.Columns = old
	for range 2 {
		names, rows := w.table(arauto.ContactFilter{})
		if diff := cmp.Diff([]string{"cpf", "plano", "UF"}, names); diff != "" || len(rows) != keyRows+1 || old.looks != 2 {
			t.Errorf("%d rows after %d looks, columns (-want +got):\n%s", len(rows), old.looks, diff)
		}
	}
}

// TestExport_LateFields: an export that meets fields that have no column has them all the same, and a job that meets
// others for ever ends.
func TestExport_LateFields(t *testing.T) {
	w := newWorld(t, many()...)
	old := &former{counted: counted{Columns: w.store}, campaign: w.campaign}
	w.Columns = old
	names, rows := w.table(arauto.ContactFilter{})
	slices.Sort(names)
	if diff := cmp.Diff([]string{"UF", "cpf", "plano"}, names); diff != "" || len(rows) != keyRows+1 || old.looks != 0 {
		t.Errorf("%d rows after %d looks, columns (-want +got):\n%s", len(rows), old.looks, diff)
	}
	w.Columns = deaf{old}
	old.told = nil
	j := arauto.Job{ID: 99, Account: w.account, Total: keyRows + 1, Params: text(arauto.Export{Format: arauto.ExportXLSX, UpTo: 1 << 40, Zone: "UTC"})}
	if _, err := w.Work(t.Context(), arauto.Lease{}, j, func(arauto.Job) error { return nil }); err == nil {
		t.Error("a row without its fields was written")
	}
}

// deaf forgets what it is told.
type deaf struct{ *former }

func (deaf) KeepFields(context.Context, int64, int64, []string, bool) error { return nil }
