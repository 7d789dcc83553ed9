package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
)

// preview is what an import would make of the first rows.
type preview struct {
	Format    string `json:"format"`
	Separator string `json:"separator"`
	Encoding  string `json:"encoding"`
	Sheet     string `json:"sheet"`
	Columns   []struct {
		Header string `json:"header"`
		Target string `json:"target"`
		Key    string `json:"key"`
	} `json:"columns"`
	Rows []struct {
		Row     int      `json:"row"`
		Cells   []string `json:"cells"`
		Name    string   `json:"name"`
		Phone   string   `json:"phone"`
		UserID  string   `json:"user_id"`
		Verdict string   `json:"verdict"`
		Reason  string   `json:"reason"`
	} `json:"rows"`
	Counts struct {
		New       int `json:"new"`
		Duplicate int `json:"duplicate"`
		Refused   int `json:"refused"`
	} `json:"counts"`
}

// enough is as much of a file as its first rows need. A workbook's directory stands at its end: it is sent whole.
const enough = 4 << 20

func (k importCmd) preview(ctx context.Context, c *client, path string, file io.Reader, length int64) error {
	in := bufio.NewReader(file)
	if head, _ := in.Peek(4); !bytes.Equal(head, []byte("PK\x03\x04")) { // what cannot be read is told when it is sent
		if length > enough {
			length = enough
		}
		file = io.LimitReader(in, enough)
	} else {
		file = in
	}
	got, raw, err := uploadList[preview](ctx, c, path, k.query(), k.Map, k.File, file, length)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showPreview(got) })
}

func (c *client) showPreview(p preview) error {
	how := p.Format
	if p.Separator != "" {
		how += fmt.Sprintf(", %q, %s", p.Separator, p.Encoding)
	}
	if p.Sheet != "" {
		how += ", sheet " + p.Sheet
	}
	var columns []string
	for _, col := range p.Columns {
		switch {
		case col.Target == "field" && col.Key == col.Header:
			columns = append(columns, col.Header)
		case col.Target == "field":
			columns = append(columns, col.Header+" → "+col.Key)
		case col.Target != "":
			columns = append(columns, col.Header+" → "+strings.ToUpper(col.Target))
		case col.Header != "":
			columns = append(columns, col.Header+" → (left out)")
		}
	}
	if err := c.facts("File", how, "Columns", strings.Join(columns, ", "), "First rows",
		fmt.Sprintf("%d new, %d duplicate, %d refused", p.Counts.New, p.Counts.Duplicate, p.Counts.Refused)); err != nil {
		return err
	}
	rows := make([][]string, len(p.Rows))
	for i, r := range p.Rows {
		phone := cmp.Or(r.Phone, r.UserID)
		if phone == "" {
			phone = strings.Join(r.Cells, " | ")
		}
		rows[i] = []string{fmt.Sprint(r.Row), r.Verdict, fit(r.Name, 30), fit(phone, 40), r.Reason}
	}
	return c.table([]string{"ROW", "VERDICT", "NAME", "PHONE", "REASON"}, rows)
}
