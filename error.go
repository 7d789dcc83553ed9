package arauto

import (
	"errors"
	"fmt"
)

// Kind is the class of an Error. Each edge maps it to its own wire in one function.
type Kind string

const (
	KindInvalid      Kind = "invalid"      // the request is wrong: change it
	KindNotFound     Kind = "not_found"    // nothing there, or not yours
	KindConflict     Kind = "conflict"     // right request, wrong moment
	KindUnauthorized Kind = "unauthorized" // who are you?
	KindForbidden    Kind = "forbidden"    // we know who you are: no
	KindLimited      Kind = "limited"      // too much, too fast: wait
	KindInternal     Kind = "internal"     // our fault
)

// An Error is an answer to a person: what is wrong, with which field, and what to do about it.
type Error struct {
	Kind    Kind
	Field   string // the field, parameter or column at fault; may be empty
	Message string // plain words, naming the thing and the remedy
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Errorf builds an *Error. field may be empty.
func Errorf(kind Kind, field, format string, args ...any) *Error {
	return &Error{Kind: kind, Field: field, Message: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of the first *Error in err's chain, KindInternal when there is none, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
