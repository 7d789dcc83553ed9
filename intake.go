package arauto

import (
	"fmt"
	"slices"
	"strings"
)

// An Intake says what becomes of people in a list that goes into a campaign who are there already. The zero value
// leaves them as they are and takes the others.
type Intake struct {
	Duplicates Duplicates
	Across     Across
	// Whole takes all of the list or nothing: one row that cannot go in keeps out every other.
	Whole bool
}

// Duplicates is what is done with somebody who is in the campaign already, or twice in the list.
type Duplicates string

const (
	DuplicatesSkip   Duplicates = "skip"   // the one who is there stays as it is; "" means the same
	DuplicatesUpdate Duplicates = "update" // the one who is there takes the row's name, external id and custom fields
	DuplicatesFail   Duplicates = "fail"   // the list is refused, and nothing of it goes in
)

// DuplicatePolicies lists every policy.
func DuplicatePolicies() []Duplicates {
	return []Duplicates{DuplicatesSkip, DuplicatesUpdate, DuplicatesFail}
}

// Across says in which other campaigns of the account a person counts as a duplicate, too.
type Across string

const (
	AcrossNone Across = ""     // in none
	AcrossOpen Across = "open" // in those that have not ended
	AcrossAll  Across = "all"  // in any
)

// AcrossChoices lists every choice but none.
func AcrossChoices() []Across { return []Across{AcrossOpen, AcrossAll} }

// Staged reports whether the list has to be known whole before any of it goes in.
func (i Intake) Staged() bool { return i.Whole || i.Duplicates == DuplicatesFail }

// Checked returns i with its words settled, or an invalid error that lists those there are.
func (i Intake) Checked() (Intake, error) {
	switch i.Duplicates {
	case "":
		i.Duplicates = DuplicatesSkip
	case DuplicatesSkip, DuplicatesUpdate, DuplicatesFail:
	default:
		return i, Errorf(KindInvalid, "duplicates", "%q says nothing about duplicates; use one of %s", string(i.Duplicates), fmt.Sprint(DuplicatePolicies()))
	}
	switch i.Across {
	case AcrossNone, AcrossOpen, AcrossAll:
	default:
		return i, Errorf(KindInvalid, "across", "%q says nothing about other campaigns; use one of %s, or leave it out", string(i.Across), fmt.Sprint(AcrossChoices()))
	}
	return i, nil
}

// A Conflict is a row of a list whose person is there already.
type Conflict struct {
	Row int // its number in the list
	Added
}

// UpdatedBy is c as a newer row of a list has it: its name, its e-mail address, its external id and its custom fields, as
// far as the row has them. Fields that only c has stay.
func (c Contact) UpdatedBy(row Contact) Contact {
	if row.Name != "" {
		c.Name = row.Name
	}
	if row.External != "" {
		c.External = row.External
	}
	if row.Email != "" {
		c.Email = row.Email
	}
	c.Fields = slices.Clone(c.Fields)
	for _, f := range row.Fields {
		i := slices.IndexFunc(c.Fields, func(have Field) bool { return strings.EqualFold(have.Key, f.Key) })
		switch {
		case i >= 0:
			c.Fields[i].Value = f.Value
		case len(c.Fields) < MaxFields:
			c.Fields = append(c.Fields, f)
		}
	}
	return c
}
