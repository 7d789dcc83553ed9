package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"arauto"
)

// Paging is what every list takes. Pages follow a key, so the thousandth costs what the first does.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"Rows in a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"From the previous page's next; opaque"`
}

// page is one page of a list.
type page[T any] struct {
	Data []T     `json:"data" nullable:"false"`
	Next *string `json:"next" doc:"Relative address of the next page; null on the last"`
}

// key is the row id a list goes on from; 0 = from its beginning.
func (p Paging) key() (int64, error) {
	keys, err := readCursor(p.Cursor, 1)
	if err != nil || keys == nil {
		return 0, err
	}
	return keys[0], nil
}

// pageOf words rows. A full page has a next one, which may turn out to be empty: whether there is more is
// not worth a second look.
func pageOf[R, T any](ctx context.Context, p Paging, rows []R, id func(R) int64, word func(R) T) *page[T] {
	out := &page[T]{Data: make([]T, 0, len(rows))}
	for _, r := range rows {
		out.Data = append(out.Data, word(r))
	}
	if n := len(rows); n > 0 && n >= p.Limit {
		out.Next = nextPage(ctx, id(rows[n-1]))
	}
	return out
}

// nextPage is the request's own address with the cursor moved.
func nextPage(ctx context.Context, keys ...int64) *string {
	u := exchangeOf(ctx).request.URL
	query := u.Query()
	query.Set("cursor", writeCursor(keys...))
	next := (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String()
	return &next
}

func writeCursor(keys ...int64) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = strconv.FormatInt(k, 10)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, ".")))
}

// readCursor is nil for no cursor.
func readCursor(s string, n int) ([]int64, error) {
	if s == "" {
		return nil, nil
	}
	wrong := arauto.Errorf(arauto.KindInvalid, "query.cursor", "this is not a cursor of this list: use next as it was given")
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, wrong
	}
	parts := strings.Split(string(text), ".")
	if len(parts) != n {
		return nil, wrong
	}
	keys := make([]int64, n)
	for i, part := range parts {
		if keys[i], err = strconv.ParseInt(part, 10, 64); err != nil || keys[i] < 0 {
			return nil, wrong
		}
	}
	return keys, nil
}

// A ref names a row by its number or by its UUID, in paths as text, in bodies as either.
type ref string

// UnmarshalJSON takes 12, "12" and a UUID.
func (r *ref) UnmarshalJSON(b []byte) error {
	var number int64
	if err := json.Unmarshal(b, &number); err == nil {
		*r = ref(strconv.FormatInt(number, 10))
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	*r = ref(text)
	return nil
}

// Schema is huma's question.
func (ref) Schema(huma.Registry) *huma.Schema {
	one := 1.0
	length := 36
	return &huma.Schema{
		OneOf:       []*huma.Schema{{Type: huma.TypeInteger, Minimum: &one}, {Type: huma.TypeString, MaxLength: &length}},
		Description: "Number or UUID",
	}
}

// find gets what r names with whichever of the two look-ups fits; what names nothing is not found.
func find[T any](ctx context.Context, r ref, thing string, account int64,
	byID func(context.Context, int64, int64) (T, error), byUUID func(context.Context, int64, string) (T, error),
) (T, error) {
	if id, err := strconv.ParseInt(string(r), 10, 64); err == nil && id > 0 {
		return byID(ctx, account, id)
	}
	if id, err := uuid.Parse(string(r)); err == nil && byUUID != nil && len(r) == 36 {
		return byUUID(ctx, account, id.String())
	}
	var none T
	return none, arauto.Errorf(arauto.KindNotFound, "", "there is no %s %q", thing, string(r))
}

// inBody is err about something a body names: not found there is the body's fault.
func inBody(err error, field string) error {
	if arauto.KindOf(err) == arauto.KindNotFound {
		return arauto.Errorf(arauto.KindInvalid, "body."+field, "%s", err.Error())
	}
	return err
}

// at is a moment on the wire: RFC 3339 in UTC, null for none.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// moment reads one; times are kept in milliseconds.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// number is an optional link on the wire.
func number(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// text is an optional text on the wire.
func text[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

// set is a change: what is absent stays.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
