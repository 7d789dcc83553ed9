package sheet

import "fmt"

// Spaces of names, types and relations of ECMA-376, part 1.
const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packaged  = "http://schemas.openxmlformats.org/package/2006/"
	mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// A part is a file of the archive.
type part struct{ name, text string }

// firstParts say that every XML file is a sheet unless another type is named, so that they can be written before anybody
// knows how many sheets there are.
var firstParts = []part{
	{"[Content_Types].xml", `<Types xmlns="` + packaged + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="` + mediaType + `worksheet+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + mediaType + `sheet.main+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="` + packaged + `relationships">` +
		`<Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
}

// lastParts list the sheets.
func lastParts(names []string) []part {
	book, related := "", ""
	for i, name := range names {
		n := i + 1
		book += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, attribute(name), n, n)
		related += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="%s"/>`, n, relations, sheetFile(n))
	}
	return []part{
		{"xl/workbook.xml", `<workbook xmlns="` + mainSpace + `" xmlns:r="` + relations + `"><sheets>` + book + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packaged + `relationships">` + related + `</Relationships>`},
	}
}

func sheetFile(n int) string { return fmt.Sprintf("worksheets/sheet%d.xml", n) }
