package exporter

import (
	"context"
	"fmt"
	"strings"

	"arauto"
)

// keyRows is how many contacts are looked at at once for their custom fields. An export of no more has as columns what
// these contacts have; a longer one what is kept of their campaigns, which costs no look at a contact.
const keyRows = 5000

// keys are the custom fields that become columns; JSON needs none. j's Rows say how many contacts were looked at.
func (e *Exports) keys(ctx context.Context, j *arauto.Job, x arauto.Export, tell func() error) ([]string, error) {
	if x.Format == arauto.ExportJSONL {
		return nil, nil
	}
	keys, err := e.keptKeys(ctx, j, x, tell)
	if err != nil {
		return nil, err
	}
	if j.Total <= keyRows || len(keys.List) > arauto.MaxColumns {
		if keys, err = e.keysOf(ctx, j, x.Who, x.UpTo+1, tell); err != nil {
			return nil, err
		}
	}
	if len(keys.List) > arauto.MaxColumns {
		return nil, arauto.Errorf(arauto.KindInvalid, "fields", "these contacts have more than %d custom fields: export fewer campaigns at a time, or JSON lines", arauto.MaxColumns)
	}
	return keys.List, nil
}

// keptKeys are those of the export's campaigns. A campaign that is older than the keeping is looked through, once.
func (e *Exports) keptKeys(ctx context.Context, j *arauto.Job, x arauto.Export, tell func() error) (keys arauto.FieldKeys, err error) {
	if j.Total <= keyRows {
		return keys, nil
	}
	keys, unknown, err := e.Columns.CampaignFields(ctx, j.Account, x.Who)
	if err != nil || len(unknown) == 0 {
		return keys, err
	}
	for _, campaign := range unknown {
		all, err := e.keysOf(ctx, j, arauto.ContactFilter{Campaigns: []int64{campaign}}, 0, tell)
		if err != nil {
			return keys, err
		}
		if err := e.Columns.KeepFields(ctx, j.Account, campaign, all.List, true); err != nil {
			return keys, err
		}
	}
	keys, _, err = e.Columns.CampaignFields(ctx, j.Account, x.Who)
	return keys, err
}

// keysOf looks at every contact below an id that f asks for; 0 = all of them.
func (e *Exports) keysOf(ctx context.Context, j *arauto.Job, f arauto.ContactFilter, below int64, tell func() error) (keys arauto.FieldKeys, err error) {
	for n := keyRows; n == keyRows; {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		below, n, err = e.Columns.FieldKeys(ctx, j.Account, f, below, keyRows, &keys)
		cancel()
		if err != nil {
			return keys, err
		}
		j.Rows += int64(n)
		if err := tell(); err != nil {
			return keys, err
		}
	}
	return keys, nil
}

// lateFields are custom fields of a contact that have no column: it was changed since the columns were looked for, or
// written by a node of a former version, which keeps no names.
type lateFields struct {
	campaign int64
	names    []string
}

func (l lateFields) Error() string {
	return fmt.Sprintf("contacts of campaign %d got other custom fields (%s) while they were written: export again", l.campaign, strings.Join(l.names, ", "))
}

// mostAgain is how often an export begins anew for such fields.
const mostAgain = 4

// columnsOf finds the column of a custom field.
type columnsOf struct {
	places map[string]int // by arauto.FieldKey
	fields []string       // a row's, in the order of columns
}

func newColumnsOf(fields []string) columnsOf {
	c := columnsOf{places: make(map[string]int, len(fields)), fields: make([]string, len(fields))}
	for i, f := range fields {
		c.places[fieldKey(f)] = i
	}
	return c
}

// fieldKey is arauto.FieldKey of what a database keeps: there are those that have no place for NUL.
func fieldKey(name string) string { return arauto.FieldKey(strings.ReplaceAll(name, "\x00", "")) }

// values are the row's custom fields in the order of columns, until the next call; "" where there is none.
func (c *columnsOf) values(r *arauto.ContactRow) ([]string, error) {
	clear(c.fields)
	fields, err := arauto.StoredFields(r.RawFields)
	if err != nil {
		return nil, err
	}
	var late []string
	for _, f := range fields {
		if at, known := c.places[fieldKey(f.Key)]; known {
			c.fields[at] = f.Value
		} else {
			late = append(late, f.Key)
		}
	}
	if late != nil {
		return nil, lateFields{r.Campaign, late}
	}
	return c.fields, nil
}
