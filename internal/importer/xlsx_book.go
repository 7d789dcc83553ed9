package importer

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"arauto"
)

// plainText is XML with its entities read.
func plainText(b []byte) string { return string(appendText(nil, b)) }

// targets reads what the ids in a part stand for.
func (s *Sheet) targets(part string) (map[string]string, error) {
	m := map[string]string{}
	dir, file := path.Split(part)
	err := s.each(dir+"_rels/"+file+".rels", maxPart, func(x *markup) error {
		if !x.is("Relationship") {
			return nil
		}
		target := plainText(x.attr("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		target = strings.TrimPrefix(target, "/")
		m[plainText(x.attr("Id"))] = target
		if kind := plainText(x.attr("Type")); strings.HasSuffix(kind, "/officeDocument") || strings.HasSuffix(kind, "/sharedStrings") || strings.HasSuffix(kind, "/styles") {
			m[path.Base(kind)] = target
		}
		return nil
	})
	return m, err
}

// choose finds the part of the sheet that is asked for.
func (s *Sheet) choose(want string) (target string, err error) {
	top, err := s.targets("")
	if err != nil {
		return "", err
	}
	book := top["officeDocument"]
	if book == "" {
		book = "xl/workbook.xml"
	}
	if s.parts[strings.ToLower(book)] == nil {
		return "", arauto.Errorf(arauto.KindInvalid, "file", "the file is a ZIP file, but no spreadsheet (XLSX): upload the spreadsheet itself")
	}
	if strings.HasSuffix(book, ".bin") {
		return "", arauto.Errorf(arauto.KindInvalid, "file", "this is a binary workbook (XLSB): save it as XLSX")
	}
	targets, err := s.targets(book)
	if err != nil {
		return "", err
	}
	for part, usual := range map[string]string{"sharedStrings": "sharedStrings.xml", "styles": "styles.xml"} {
		if targets[part] == "" {
			targets[part] = path.Join(path.Dir(book), usual)
		}
		s.parts["#"+strings.ToLower(part)] = s.parts[strings.ToLower(targets[part])]
	}
	var all []string
	err = s.each(book, maxPart, func(x *markup) error {
		switch {
		case x.is("workbookPr"):
			on := plainText(x.attr("date1904"))
			s.since1904 = on == "1" || on == "true"
		case x.is("sheet"):
			name, state := plainText(x.attr("name")), plainText(x.attr("state"))
			all = append(all, name)
			hidden := state == "hidden" || state == "veryHidden"
			if !hidden {
				s.Names = append(s.Names, name)
			}
			if target == "" && (want == "" && !hidden || want != "" && strings.EqualFold(strings.TrimSpace(want), strings.TrimSpace(name))) {
				s.Name, target = name, targets[plainText(x.attr("id"))]
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case target != "":
		return target, nil
	case want != "":
		return "", arauto.Errorf(arauto.KindInvalid, "sheet", "there is no sheet %q; the workbook has %s", want, strings.Join(all, ", "))
	}
	return "", arauto.Errorf(arauto.KindInvalid, "file", "the workbook has no sheet that is not hidden: name the one to be read (sheet)")
}

func (s *Sheet) readStyles() error {
	codes := map[int]string{}
	used := false // inside the list that cells point at
	return s.each("#styles", maxPart, func(x *markup) error {
		switch {
		case x.is("numFmt"):
			if id, err := strconv.Atoi(string(x.attr("numFmtId"))); err == nil {
				codes[id] = plainText(x.attr("formatCode"))
			}
		case string(x.name) == "cellXfs":
			used = !x.closing && !x.empty
		case used && x.is("xf"):
			id, _ := strconv.Atoi(string(x.attr("numFmtId"))) // what is none is general
			style, dates := builtInDates(id)
			if code, ok := codes[id]; ok && !dates {
				style = styleOf(code)
			}
			s.styles = append(s.styles, style)
		}
		return nil
	})
}

func (s *Sheet) readShared() error {
	var said []byte
	phonetic := false // how a name is pronounced is none of its text
	err := s.each("#sharedStrings", maxUnpacked, func(x *markup) error {
		switch {
		case string(x.name) == "rPh":
			phonetic = !x.closing && !x.empty
		case x.closing && string(x.name) == "t" && !phonetic:
			said = appendText(said, x.text)
			said = said[:min(len(said), 2*maxCell)]
		}
		if x.ends("si") {
			err := s.shared.add(said)
			said = said[:0]
			return err
		}
		return nil
	})
	return errors.Join(err, s.shared.done())
}
