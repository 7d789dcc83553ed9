package importer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"arauto"
)

// What a header may weigh: its keys are repeated in every contact.
const (
	maxColumns = arauto.MaxFields
	maxKey     = 200 // bytes
)

// What a file's columns may be besides custom fields; the id at Meta only where people are written to, the last three
// only where they are dialled.
const (
	targetName     = "name"
	targetPhone    = "phone"
	targetExternal = "external_id"
	targetUserID   = "user_id"
	targetEmail    = "email"
	targetOutbound = "outbound_number"
	targetPriority = "priority"
)

// ColumnOptions say what is known of a file's columns beforehand.
type ColumnOptions struct {
	// Mapping names columns by their header: "phone" → "Cel. do titular". Targets are "name", "phone" and "external_id"
	// (the customer's own id of a contact), where people are written to "user_id" (their business-scoped id at Meta, by
	// which somebody without a phone is reached), and where they are dialled "email", "outbound_number" and "priority";
	// any other gives a custom field that key instead of its header. It overrules what the headers look like;
	// "name" → "" says that no column is the name, and so do the other targets but "phone".
	Mapping map[string]string
	// Dialled says that the list is for calls.
	Dialled bool
	// NameRequired refuses files without a name column, and rows without a name.
	NameRequired bool
}

// Columns says what each column of one file is. The zero value is of no use: see MapColumns.
type Columns struct {
	Name  int      // its index; -1 when the file has none
	Phone int      // its index; -1 when the file has business-scoped ids instead
	Keys  []string // of the custom fields, in the file's order
	// Others are the columns of the other targets, by target.
	Others map[string]int

	header       []string
	custom       []int // the columns of Keys
	unnamed      []int // columns without a header: they must stay empty
	nameRequired bool
	dialled      bool
}

// MapColumns finds the name, the phone and the custom fields among header, and looks into sample (see Peek) for what
// a header alone does not show. A custom field's key is its header without blanks around it.
//
// A file of rejected rows can be corrected and uploaded as it is: the two columns that Rejects added are left out.
//
// The errors are invalid, name the columns that were found and say what to do: no phone column, no name column where
// one is required, a header that comes twice (keys are compared without case), data under an empty header, more than
// 100 columns, and a mapping that fits no column.
func MapColumns(header []string, sample []Row, o ColumnOptions) (*Columns, error) {
	c := &Columns{Name: -1, Phone: -1, Others: map[string]int{}, nameRequired: o.NameRequired, dialled: o.Dialled}
	for _, h := range header {
		c.header = append(c.header, clean(h))
	}
	named := c.header
	if isRejects(named) {
		named = named[:len(named)-2]
	}
	if len(named) > maxColumns {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the file has %d columns and %d is the most: remove those you do not need", len(named), maxColumns)
	}
	if err := c.checkHeader(named); err != nil {
		return nil, err
	}
	keys := slices.Clone(named)
	mapped, err := c.explicit(o.Mapping, keys)
	if err != nil {
		return nil, err
	}
	if _, given := o.Mapping[targetName]; !given {
		c.Name = alias(targetName, named, mapped)
	}
	if c.Phone < 0 {
		c.Phone = alias(targetPhone, named, mapped)
	}
	c.findOthers(o, named, mapped, sample)
	if _, ids := c.Others[targetUserID]; c.Phone < 0 && !ids {
		return nil, c.missing(targetPhone)
	}
	if c.Name < 0 && o.NameRequired {
		return nil, c.missing(targetName)
	}
	for i, key := range keys {
		switch {
		case i == c.Name || i == c.Phone || c.isOther(i):
		case key == "":
			c.unnamed = append(c.unnamed, i)
		default:
			if slices.ContainsFunc(c.Keys, func(k string) bool { return strings.EqualFold(k, key) }) {
				return nil, arauto.Errorf(arauto.KindInvalid, key, "the mapping makes two columns the custom field %q: give one of them another name", key)
			}
			c.Keys, c.custom = append(c.Keys, key), append(c.custom, i)
		}
	}
	if err := c.checkUnnamed(sample); err != nil {
		return nil, err
	}
	return c, nil
}

// findOthers finds the columns of the targets that are neither name nor phone, as far as the mapping does not say.
func (c *Columns) findOthers(o ColumnOptions, named []string, mapped map[int]string, sample []Row) {
	for _, target := range otherTargets(o.Dialled) {
		if _, given := o.Mapping[target]; given {
			continue
		}
		i := alias(target, named, mapped)
		if target == targetUserID && i < 0 {
			i = userIDs(named, mapped, sample)
		}
		if i >= 0 && i != c.Name && i != c.Phone {
			c.Others[target] = i
		}
	}
}

func (c *Columns) isOther(column int) bool {
	for _, i := range c.Others {
		if i == column {
			return true
		}
	}
	return false
}

// checkHeader refuses headers that would make two fields one, or weigh too much.
func (c *Columns) checkHeader(named []string) error {
	for i, h := range named {
		if len(h) > maxKey {
			return arauto.Errorf(arauto.KindInvalid, "file", "the header of column %d is longer than %d bytes; does the first line name the columns?", i+1, maxKey)
		}
		for j, earlier := range named[:i] {
			if h != "" && strings.EqualFold(h, earlier) {
				return arauto.Errorf(arauto.KindInvalid, h, "columns %d and %d have the same header (%s): rename or remove one", j+1, i+1, c.found())
			}
		}
	}
	return nil
}

func (c *Columns) missing(target string) error {
	remedy := fmt.Sprintf("name one of them %q, or map it", target)
	if slices.ContainsFunc(c.header, looksLikePhone) {
		remedy = "the first line looks like data: put a line above it that names the columns, such as name;phone"
	}
	return arauto.Errorf(arauto.KindInvalid, target, "no column is the %s; the file has %s: %s", target, c.found(), remedy)
}

// found lists the columns for a person.
func (c *Columns) found() string {
	var b strings.Builder
	for i, h := range c.header {
		if i == 20 {
			fmt.Fprintf(&b, " and %d more", len(c.header)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if looksLikePhone(h) {
			h = "(a number)"
		}
		b.WriteString(shorten(h))
	}
	if b.Len() == 0 {
		return "no columns"
	}
	return "the columns " + b.String()
}

func shorten(header string) string {
	if r := []rune(header); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	if header == "" {
		return "(no header)"
	}
	return header
}

func looksLikePhone(cell string) bool {
	digits := 0
	for _, r := range cell {
		if unicode.IsLetter(r) {
			return false
		}
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 8
}

func (c *Columns) checkUnnamed(sample []Row) error {
	for _, row := range sample {
		if i := c.dataUnderNoHeader(row); i >= 0 {
			return arauto.Errorf(arauto.KindInvalid, "file", "column %d has no header, yet row %d has something in it (%s): name the column or remove it", i+1, row.Number, c.found())
		}
	}
	return nil
}
