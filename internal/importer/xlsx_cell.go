package importer

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"arauto"
)

// cells reads the row that has begun. The error is a *RowError with the row in it, or final.
func (s *Sheet) cells() (row Row, err error) {
	s.number++
	if n, bad := strconv.Atoi(string(s.xml.attr("r"))); bad == nil && n >= s.number {
		s.number = n
	}
	row.Number = s.number
	row.Cells = make([]string, 0, len(s.header))
	var why error
	for next := 0; !s.xml.ends("row"); {
		if err := s.xml.next(); err != nil {
			return row, eof(err)
		}
		if !s.xml.is("c") {
			continue
		}
		at := next
		if place, ok := columnOf(s.xml.attr("r")); ok {
			at = place
		}
		if next = at + 1; at >= maxWide {
			return row, errMarkup
		}
		cell, flaw, err := s.value()
		if err != nil {
			return row, err
		}
		if flaw != "" && why == nil {
			why = arauto.Errorf(arauto.KindInvalid, s.named(at), "%s", flaw)
		}
		if cell == "" {
			continue
		}
		for len(row.Cells) <= at {
			row.Cells = append(row.Cells, "")
		}
		row.Cells[at] = cell
	}
	if why != nil {
		return row, &RowError{Row: row, Err: why}
	}
	return row, nil
}

// named is what a column is called.
func (s *Sheet) named(column int) string {
	if column < len(s.header) {
		return clean(s.header[column])
	}
	return columnName(column)
}

// value reads the cell that has begun; flaw is what is wrong with it.
func (s *Sheet) value() (cell, flaw string, err error) {
	kind := string(s.xml.attr("t"))
	style, _ := strconv.Atoi(string(s.xml.attr("s"))) // none is the first
	s.cell = s.cell[:0]
	long, phonetic := false, false
	for !s.xml.ends("c") {
		if err := s.xml.next(); err != nil {
			return "", "", eof(err)
		}
		switch name := string(s.xml.name); {
		case name == "rPh":
			phonetic = !s.xml.closing && !s.xml.empty
		case s.xml.closing && (name == "v" || name == "t" && !phonetic):
			s.cell = appendText(s.cell, s.xml.text)
			long = long || s.xml.long || len(s.cell) > maxCell
			s.cell = s.cell[:min(len(s.cell), 2*maxCell)]
		}
	}
	switch kind {
	case "s":
		n, bad := strconv.Atoi(string(s.cell))
		var there bool
		if s.cell, there, err = s.shared.at(n, s.cell[:0]); err != nil {
			return "", "", err
		} else if bad != nil || !there {
			return "", "the cell points at a text that is not in the workbook: enter it again", nil //nolint:nilerr // what is wrong is the row's
		}
		long = len(s.cell) > maxCell
	case "", "n":
		of := numberStyle{}
		if style >= 0 && style < len(s.styles) {
			of = s.styles[style]
		}
		return of.write(string(s.cell), s.since1904), "", nil
	case "b":
		return map[string]string{"0": "false", "1": "true"}[string(s.cell)], "", nil
	}
	switch cell = string(s.cell); {
	case long:
		return cell[:min(len(cell), maxCell)], "the cell is longer than 64 KB: shorten it", nil
	case !utf8.ValidString(cell):
		return cell, "the cell is not UTF-8: enter it again", nil
	case strings.IndexByte(cell, 0) >= 0:
		return cell, "the cell holds a NUL character: enter it again", nil
	}
	return cell, "", nil
}

// columnOf is the place that a cell like C7 is in, counted from 0.
func columnOf(ref []byte) (place int, ok bool) {
	for i, c := range ref {
		switch {
		case c >= 'A' && c <= 'Z':
			place = place*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			place = place*26 + int(c-'a') + 1
		default:
			return place - 1, i > 0
		}
		if place > maxWide {
			return place, true
		}
	}
	return place - 1, place > 0
}

// columnName is what a spreadsheet calls a column.
func columnName(place int) string {
	var letters []byte
	for place++; place > 0; place = (place - 1) / 26 {
		letters = append(letters, byte('A'+(place-1)%26)) //nolint:gosec // a letter
	}
	slices.Reverse(letters)
	return string(letters)
}
