package importer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"arauto"
)

// A Preview is what an import would make of the first rows of a file.
type Preview struct {
	Format    Format
	Separator string   // of CSV
	Encoding  Encoding // of CSV
	Sheet     string   // of a workbook: the one that is read
	Sheets    []string // those that are not hidden
	Columns   []PreviewColumn
	Rows      []PreviewRow // MaxPeek at most

	New, Duplicate, Refused int // of Rows
}

// PreviewColumn is what a column of the file is taken for.
type PreviewColumn struct {
	Header string
	Target string // "name", "phone" and so on; "field" = a custom field; "" = nothing, it is left out
	Key    string // of the custom field
}

// PreviewRow is one row and what would become of it.
type PreviewRow struct {
	Number  int
	Cells   []string
	Name    string
	Phone   arauto.Phone // as it is read; "" where that cannot be
	UserID  arauto.UserID
	Verdict Verdict
	Reason  string // why it does not go in; "" when it does
}

// Verdict is what would become of one row.
type Verdict string

const (
	VerdictNew       Verdict = "new"
	VerdictDuplicate Verdict = "duplicate" // who it names is there already
	VerdictRefused   Verdict = "refused"
)

// previewBytes is as much of a file as a preview reads, where its beginning is enough.
const previewBytes = 4 << 20

// Preview reads the first rows of a file as Start would, and says what an import would make of each. Nothing is kept.
// The errors are those of Start.
func (i *Imports) Preview(ctx context.Context, account arauto.Account, campaign int64, name string, body io.Reader, o Options) (Preview, error) {
	c, err := i.Store.Campaign(ctx, account.ID, campaign)
	if err != nil {
		return Preview{}, err
	}
	if err := c.Accepts(); err != nil {
		return Preview{}, err
	}
	p, err := paramsOf(account, name, o)
	if err != nil {
		return Preview{}, err
	}
	p.Dialled = c.Channel == arauto.ChannelVoice
	file, size, done, err := i.glance(ctx, account.ID, body, o.Limit)
	if err != nil {
		return Preview{}, err
	}
	defer done()
	head, err := headOf(file)
	if err != nil {
		return Preview{}, err
	}
	if p.Format, err = settle(p.Name, p.Format, head); err != nil {
		return Preview{}, err
	}
	list, err := i.open(p, file, size)
	if err != nil {
		return Preview{}, err
	}
	defer list.close()
	return i.judge(ctx, c, p, list)
}

// glance gives enough of body to read its first rows: the beginning, or a copy of a workbook, whose directory stands at
// its end. done removes the copy.
func (i *Imports) glance(ctx context.Context, account int64, body io.Reader, limit int64) (file io.ReadSeeker, size int64, done func(), err error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	in := bufio.NewReaderSize(&limited{r: body, left: limit, limit: limit}, sniffed)
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, nil, fmt.Errorf("read the file: %w", err)
	}
	if sniff(head) != FormatXLSX {
		begin, err := io.ReadAll(io.LimitReader(in, previewBytes))
		if err != nil {
			return nil, 0, nil, fmt.Errorf("read the file: %w", err)
		}
		return bytes.NewReader(begin), int64(len(begin)), func() {}, nil
	}
	key := fmt.Sprintf("%d/previews/%s.bin", account, strings.ToLower(rand.Text()))
	remove := func() { _ = i.Blobs.Remove(context.WithoutCancel(ctx), key) } // what stays behind is nobody's
	if size, err = i.Blobs.Put(ctx, key, in); err != nil {
		return nil, 0, nil, fmt.Errorf("keep the uploaded file: %w", err)
	}
	kept, err := i.Blobs.Open(ctx, key)
	if err != nil {
		remove()
		return nil, 0, nil, err
	}
	return kept, size, func() { kept.Close(); remove() }, nil
}

// judge reads the rows.
func (i *Imports) judge(ctx context.Context, c arauto.Campaign, p params, l list) (Preview, error) {
	out := Preview{Format: l.format, Encoding: l.dialect.Encoding, Sheets: l.sheets, Columns: l.columns.told()}
	if l.dialect.Separator != 0 {
		out.Separator = string(rune(l.dialect.Separator))
	}
	if l.format == FormatXLSX {
		if out.Sheet = p.Sheet; out.Sheet == "" && len(l.sheets) > 0 {
			out.Sheet = l.sheets[0]
		}
	}
	r := &run[arauto.Contact]{Imports: i, list: l, params: p, account: c.Account, campaign: c.ID}
	var keys []string
	var places []int // of keys, in out.Rows
	for len(out.Rows) < MaxPeek {
		row, err := l.source.Next()
		if err != nil && !isRowError(err) {
			break // the end, or of what was read of it
		}
		told := PreviewRow{Number: row.Number, Cells: row.Cells, Verdict: VerdictNew}
		if bad, ok := errors.AsType[*RowError](err); ok {
			told.Number, told.Cells = bad.Row.Number, bad.Row.Cells
		} else {
			var contact arauto.Contact
			if contact, err = r.contact(row); err == nil && p.Dialled {
				contact, err = c.Voice.Dialable(contact, i.Now())
			}
			told.Name, told.Phone, told.UserID = contact.Name, contact.Phone, contact.UserID
			if err == nil {
				keys, places = append(keys, contact.PersonKey), append(places, len(out.Rows))
			}
		}
		if err != nil {
			told.Verdict, told.Reason = VerdictRefused, plainReason(err)
		}
		out.Rows = append(out.Rows, told)
	}
	if err := i.findTwice(ctx, c, p, &out, keys, places); err != nil {
		return out, err
	}
	for _, row := range out.Rows {
		switch row.Verdict {
		case VerdictNew:
			out.New++
		case VerdictDuplicate:
			out.Duplicate++
		case VerdictRefused:
			out.Refused++
		}
	}
	return out, nil
}

// findTwice marks who is in the campaign, in another that counts, or in an earlier row.
func (i *Imports) findTwice(ctx context.Context, c arauto.Campaign, p params, out *Preview, keys []string, places []int) error {
	if len(keys) == 0 {
		return nil
	}
	there, err := i.Store.Present(ctx, c.Account, c.ID, p.Intake.Across, keys)
	if err != nil {
		return err
	}
	for k, a := range there {
		row := &out.Rows[places[k]]
		if earlier := slices.Index(keys[:k], keys[k]); !a.Duplicate && earlier >= 0 {
			a = arauto.Added{Duplicate: true, Row: out.Rows[places[earlier]].Number}
		}
		if !a.Duplicate {
			continue
		}
		row.Verdict = VerdictDuplicate
		if why := p.Intake.alreadyThere(a); why != nil {
			row.Reason = plainReason(why)
		}
	}
	return nil
}

// told is what each column is taken for, in the file's order.
func (c *Columns) told() []PreviewColumn {
	list := make([]PreviewColumn, len(c.header))
	for i, h := range c.header {
		list[i] = PreviewColumn{Header: h}
	}
	name := func(i int, target, key string) {
		if i >= 0 && i < len(list) {
			list[i].Target, list[i].Key = target, key
		}
	}
	for k, i := range c.custom {
		name(i, "field", c.Keys[k])
	}
	name(c.Name, targetName, "")
	name(c.Phone, targetPhone, "")
	for target, i := range c.Others {
		name(i, target, "")
	}
	return list
}
