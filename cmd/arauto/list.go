package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// listing is what every list command takes.
type listing struct {
	Limit int `default:"100" help:"Rows at most; 0 = all."`
}

const pageSize = 1000 // the most that the API gives at once

// page is one page of a list of the API.
type page[T any] struct {
	Data []T     `json:"data"`
	Next *string `json:"next"`
}

// walk reads a list page by page until limit rows (0 = all) or until each wants no more. more says that
// the list goes on behind the limit.
func walk[T any](ctx context.Context, c *client, path string, query url.Values, limit int, each func([]T, json.RawMessage) (bool, error)) (more bool, err error) {
	query = copied(query)
	size := pageSize
	if limit > 0 {
		size = min(limit, pageSize)
	}
	query.Set("limit", strconv.Itoa(size))
	for left := limit; ; {
		var p page[T]
		raw, err := c.get(ctx, path+"?"+query.Encode(), &p)
		if err != nil {
			return false, err
		}
		if limit > 0 && len(p.Data) > left {
			p.Data = p.Data[:left]
		}
		left -= len(p.Data)
		goOn, err := each(p.Data, raw)
		if err != nil || !goOn || p.Next == nil {
			return false, err
		}
		if limit > 0 && left <= 0 {
			return true, nil
		}
		cursor, err := cursorOf(*p.Next, query.Get("cursor"))
		if err != nil {
			return false, err
		}
		query.Set("cursor", cursor)
	}
}

// cursorOf takes the cursor out of a page's next address: the rest of the address is ours, also behind a
// proxy that moved the API.
func cursorOf(next, before string) (string, error) {
	u, err := url.Parse(next)
	if err != nil {
		return "", fmt.Errorf("read the next page's address: %w", err)
	}
	cursor := u.Query().Get("cursor")
	if cursor == "" || cursor == before {
		return "", fmt.Errorf("the next page's address %q leads nowhere", next)
	}
	return cursor, nil
}

func copied(q url.Values) url.Values {
	out := url.Values{}
	for key, values := range q {
		out[key] = values
	}
	return out
}

// list prints a list: a table, or with --json each page as it came.
func list[T any](ctx context.Context, c *client, path string, query url.Values, l listing, head []string, row func(T) []string) error {
	var rows [][]string
	more, err := walk(ctx, c, path, query, l.Limit, func(page []T, raw json.RawMessage) (bool, error) {
		if c.raw {
			return true, c.json(raw)
		}
		for _, r := range page {
			rows = append(rows, row(r))
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if !c.raw {
		if err := c.table(head, rows); err != nil {
			return err
		}
	}
	if more {
		c.note("There are more: give a larger --limit, or 0 for all.")
	}
	return nil
}

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// nameSearch is how many rows are looked through for a name.
const nameSearch = 10_000

// resolve turns what a person calls a thing into its id: numbers and UUIDs are ids already, anything else is
// a name. named says which names a row answers to.
func resolve[T any](ctx context.Context, c *client, thing, path, ref string, named func(T) (id int64, names []string)) (string, error) {
	if _, err := strconv.ParseInt(ref, 10, 64); err == nil || uuidShape.MatchString(ref) {
		return ref, nil
	}
	id, err := lookUp(ctx, c, thing, path, ref, named)
	return strconv.FormatInt(id, 10), err
}

// lookUp finds the only row of a list that answers to a name; the error says so when there are none or more.
func lookUp[T any](ctx context.Context, c *client, thing, path, name string, named func(T) (id int64, names []string)) (int64, error) {
	var found []int64
	_, err := walk(ctx, c, path, nil, nameSearch, func(rows []T, _ json.RawMessage) (bool, error) {
		for _, r := range rows {
			id, names := named(r)
			if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				found = append(found, id)
			}
		}
		return true, nil
	})
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, fmt.Errorf("there is no %s called %q: `arauto %s list` shows them", thing, name, thing)
	case len(found) > 1:
		return 0, fmt.Errorf("%d of the %ss are called %q: name one by its number, such as %d", len(found), thing, name, found[0])
	}
	return found[0], nil
}
