package evolux

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"arauto"
)

// A query is the report's query string, read and checked. Texts are as they were given; "" is absent.
type query struct {
	phone      string
	name       string
	state      state
	template   string
	campaigns  []string
	start, end string
	timezone   string
	fieldKey   string
	fieldValue string

	limit  int
	offset int64
	cursor cursor // the zero cursor on a first page

	now      time.Time // of the first page
	from, to time.Time // start and end; zero = not given
}

const (
	defaultLimit = 50
	maxLimit     = 10_000
	maxCampaigns = 1_000
)

// parseQuery reads a raw query string. An error is invalid (a value of the wrong type, naming its key) or, for dates that
// contradict each other or today, not found.
func parseQuery(raw string, account int64, now time.Time) (*query, error) {
	values, err := readValues(raw)
	if err != nil {
		return nil, err
	}
	q := &query{
		phone:      values.first("phone_number"),
		name:       values.first("name"),
		state:      state(values.first("state")),
		start:      decodeDate(values.first("start")),
		end:        decodeDate(values.first("end")),
		timezone:   zoneName(values.first("timezone")),
		fieldKey:   values.first("conversation_field_key"),
		fieldValue: values.first("conversation_field_value"),
		now:        now.UTC().Truncate(time.Millisecond),
	}
	if q.limit, q.offset, err = values.page(); err != nil {
		return nil, err
	}
	if err := q.readIDs(values); err != nil {
		return nil, err
	}
	if err := q.checkWords(); err != nil {
		return nil, err
	}
	return q, q.resume(values.first("_cursor"), account)
}

// resume takes over what the first page fixed, and reads the dates as they were read there.
func (q *query) resume(text string, account int64) error {
	if text == "" {
		return q.readDates()
	}
	c, ok := parseCursor(text)
	if !ok || c.now.After(q.now.Add(time.Hour)) { // another node's clock may be ahead, but not by much
		return invalid("_cursor", "this is not a cursor of ours: follow pagination.next as it is, or start again without _cursor")
	}
	q.now = c.now
	if err := q.readDates(); err != nil {
		return err
	}
	if c.filters != q.identity(account) {
		return invalid("_cursor", "this cursor belongs to other filters: start again without _cursor when you change them")
	}
	q.cursor, q.offset = c, c.position
	return nil
}

func (q *query) checkWords() error {
	if q.state != "" {
		if contacts, _ := q.state.selects(); len(contacts) == 0 {
			return invalid("state", "%.50q is not a state; use pending, scheduled, sent, dnd, completed or error", string(q.state))
		}
	}
	switch {
	case q.fieldKey != "" && q.fieldValue == "":
		return invalid("conversation_field_value", "it is missing: a custom field is filtered by its key and its value together")
	case q.fieldKey == "" && q.fieldValue != "":
		return invalid("conversation_field_key", "it is missing: a custom field is filtered by its key and its value together")
	}
	return nil
}

func (q *query) readIDs(v values) error {
	if given := v.first("template_uuid"); given != "" {
		if !isUUID(given) {
			return invalid("template_uuid", "%.50q is not a UUID", given)
		}
		q.template = strings.ToLower(given)
	}
	// The brackets stay encoded when a program encodes the key a second time.
	for _, key := range []string{"campaigns[]", "campaigns", "campaigns%5B%5D", "campaigns%5b%5d"} {
		for _, given := range v[key] {
			if given == "" {
				continue
			}
			if !isUUID(given) {
				return invalid("campaigns[]", "%.50q is not a UUID", given)
			}
			if id := strings.ToLower(given); !slices.Contains(q.campaigns, id) {
				q.campaigns = append(q.campaigns, id)
			}
			if len(q.campaigns) > maxCampaigns {
				return invalid("campaigns[]", "there are more than %d campaigns: ask for fewer at a time", maxCampaigns)
			}
		}
	}
	return nil
}

// values are a decoded query string.
type values url.Values

// readValues decodes raw. A query that does not decode is refused: dropping a filter would answer with too much.
func readValues(raw string) (values, error) {
	decoded, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalid("", "the query string cannot be read (%v): percent-encode its values", err)
	}
	for key, list := range decoded {
		for _, value := range list {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				return nil, invalid(strings.ToValidUTF8(key, "?"), "the value is not UTF-8 text")
			}
		}
	}
	return values(decoded), nil
}

// first is the first value of key that is not empty; "" when there is none.
func (v values) first(key string) string {
	for _, value := range v[key] {
		if value != "" {
			return value
		}
	}
	return ""
}

func (v values) page() (limit int, offset int64, err error) {
	n, err := v.integer("limit", defaultLimit, 1, maxLimit)
	if err != nil {
		return 0, 0, err
	}
	offset, err = v.integer("offset", 0, 0, maxInteger)
	return int(n), offset, err
}

// integer reads the underscored key, else the plain one.
func (v values) integer(key string, otherwise, least, most int64) (int64, error) {
	text := v.first(key)
	if underscored := v.first("_" + key); underscored != "" {
		key, text = "_"+key, underscored
	}
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most || text[0] == '+' {
		return 0, invalid(key, "%.50q is not a whole number from %d to %d", text, least, most)
	}
	return n, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		want := "0123456789abcdefABCDEF"
		if i == 8 || i == 13 || i == 18 || i == 23 {
			want = "-"
		}
		if strings.IndexByte(want, s[i]) < 0 {
			return false
		}
	}
	return true
}

// next is the relative address of the page that begins at c: the vendor's own two keys first, then the filters.
func (q *query) next(c cursor) []byte {
	dst := append([]byte(nil), SubscribersPath+"?_limit="...)
	dst = strconv.AppendInt(dst, int64(q.limit), 10)
	dst = append(dst, "&_offset="...)
	dst = strconv.AppendInt(dst, c.position, 10)
	add := func(key, value string) {
		if value == "" {
			return
		}
		dst = append(append(append(dst, '&'), url.QueryEscape(key)...), '=')
		// Not every client reads '+' as a space.
		dst = append(dst, strings.ReplaceAll(url.QueryEscape(value), "+", "%20")...)
	}
	add("phone_number", q.phone)
	add("name", q.name)
	add("state", string(q.state))
	add("template_uuid", q.template)
	for _, campaign := range q.campaigns {
		add("campaigns[]", campaign)
	}
	add("start", q.start)
	add("end", q.end)
	add("timezone", q.timezone)
	add("conversation_field_key", q.fieldKey)
	add("conversation_field_value", q.fieldValue)
	add("_cursor", c.String())
	return dst
}

// filter is q as the store understands it, but for what has to be looked up.
func (q *query) filter() arauto.ContactFilter {
	f := arauto.ContactFilter{
		Channel: arauto.ChannelWhatsApp,
		Name:    q.name, FieldKey: q.fieldKey, FieldValue: q.fieldValue,
		Now: q.now, InsertedFrom: q.from, InsertedTo: q.to,
	}
	if q.state != "" {
		f.States, f.Intent = q.state.selects()
	}
	if q.start != "" && q.end == "" {
		f.InsertedTo = q.now
	}
	return f
}
