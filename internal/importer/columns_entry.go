package importer

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"arauto"
)

// An Entry is what one row says about one contact: text without blanks around it, nothing checked but that a phone or a
// business-scoped id, and a name where required, is there.
type Entry struct {
	Number int // the row's
	Name   string
	Phone  string
	Others map[string]string // what the columns of the other targets say, by target; nil = there are none
	Fields arauto.Fields
}

// clean takes blanks and marks nobody sees from both ends of a cell.
func clean(cell string) string {
	if cell == "" || isInk(cell[0]) && isInk(cell[len(cell)-1]) {
		return cell
	}
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

func isInk(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

func (c *Columns) dataUnderNoHeader(row Row) int {
	for _, i := range c.unnamed {
		if i < len(row.Cells) && clean(row.Cells[i]) != "" {
			return i
		}
	}
	return -1
}

// Entry reads one row. A cell that the row leaves out at its end is empty. The error is a *RowError: nothing to reach the person by, no
// name where one is required, something under an empty header, or a phone that a spreadsheet has rounded.
func (c *Columns) Entry(row Row) (Entry, error) {
	cell := func(i int) string {
		if i < 0 || i >= len(row.Cells) {
			return ""
		}
		return clean(row.Cells[i])
	}
	e := Entry{Number: row.Number, Name: cell(c.Name), Phone: cell(c.Phone)}
	if i := c.dataUnderNoHeader(row); i >= 0 {
		return Entry{}, rowErrorf(row, "", "cell %d holds something, but its column has no header: name the column or empty the cell", i+1)
	}
	if at, ids := c.Others[targetUserID]; e.Phone == "" && (!ids || cell(at) == "") {
		return Entry{}, c.unreachable(row, ids)
	}
	if e.Name == "" && c.nameRequired {
		return Entry{}, c.empty(row, c.Name, "name")
	}
	if exact, ok := unfold(e.Phone); ok {
		e.Phone = exact
	} else if c.Phone >= 0 && rounded(e.Phone) {
		return Entry{}, rowErrorf(row, c.header[c.Phone], "the spreadsheet rounded this phone (as in 5,51199E+12) and its last digits are lost: format the column as text and enter it again")
	}
	e.Fields = make(arauto.Fields, len(c.custom), len(c.custom)+len(row.More))
	for k, i := range c.custom {
		e.Fields[k] = arauto.Field{Key: c.Keys[k], Value: cell(i)}
	}
	if len(c.Others) > 0 {
		e.Others = make(map[string]string, len(c.Others))
		for target, i := range c.Others {
			e.Others[target] = cell(i)
		}
	}
	if len(row.More) > 0 {
		return c.more(e, row)
	}
	return e, nil
}

// more adds what the row says beyond the header.
func (c *Columns) more(e Entry, row Row) (Entry, error) {
	for _, f := range row.More {
		if slices.ContainsFunc(c.header, func(h string) bool { return strings.EqualFold(h, f.Key) }) {
			return Entry{}, rowErrorf(row, f.Key, "this key differs only in case from one that the first rows have: write it alike in all of them")
		}
		e.Fields = append(e.Fields, arauto.Field{Key: f.Key, Value: clean(f.Value)})
	}
	if len(e.Fields) > arauto.MaxFields {
		return Entry{}, rowErrorf(row, "", "with the keys of the first rows this row has %d custom fields, and %d is the most: leave out those you do not need", len(e.Fields), arauto.MaxFields)
	}
	return e, nil
}

// unreachable is why a row with neither phone nor business-scoped id cannot be used.
func (c *Columns) unreachable(row Row, ids bool) error {
	switch {
	case c.Phone < 0:
		return c.empty(row, c.Others[targetUserID], "business-scoped id")
	case ids:
		return rowErrorf(row, c.header[c.Phone], "the row has neither a phone nor a business-scoped id: fill in one of them")
	case c.dialled && slices.ContainsFunc(row.Cells, func(cell string) bool { return arauto.UserID(clean(cell)).Valid() }):
		return rowErrorf(row, c.header[c.Phone], "the phone is empty, and a business-scoped id cannot be called: fill in the phone, or write to this person in a WhatsApp campaign")
	}
	return c.empty(row, c.Phone, "phone")
}

func (c *Columns) empty(row Row, column int, what string) error {
	if column >= len(row.Cells) {
		return rowErrorf(row, c.header[column], "the row has %d cells where the header has %d, and the %s is not among them", len(row.Cells), len(c.header), what)
	}
	return rowErrorf(row, c.header[column], "the %s is empty: fill it in", what)
}

// unfold writes 5.511987654321E+12, in which no digit is missing, as 5511987654321.
func unfold(phone string) (string, bool) {
	at := strings.IndexAny(phone, "eE")
	if at <= 0 || !rounded(phone) {
		return "", false
	}
	whole, decimals, _ := strings.Cut(strings.ReplaceAll(phone[:at], ",", "."), ".")
	exponent, err := strconv.Atoi(strings.TrimPrefix(phone[at+1:], "+"))
	if err != nil || exponent <= 0 || exponent > 15 || len(decimals) < exponent || len(whole) != 1 || strings.Trim(decimals[exponent:], "0") != "" {
		return "", false
	}
	return whole + decimals[:exponent], true
}

// rounded recognises 5,51199E+12 and its kin. Read as digits it would be somebody else's number.
func rounded(phone string) bool {
	i := strings.IndexAny(phone, "eE")
	if i <= 0 || i == len(phone)-1 {
		return false
	}
	isNumber := func(s string) bool { return s != "" && strings.Trim(s, "0123456789.,+") == "" }
	return isNumber(phone[:i]) && isNumber(phone[i+1:])
}
