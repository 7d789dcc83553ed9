package importer_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const (
	bookXML   = `<workbook xmlns:r="x"><sheets><sheet name="Plan1" sheetId="1" r:id="rId1"/></sheets></workbook>`
	relsXML   = `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
	stylesXML = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy\ hh:mm"/><numFmt numFmtId="165" formatCode="00000000000"/><numFmt numFmtId="166" formatCode="&quot;dias&quot; 0"/></numFmts>
		<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="21"/></cellXfs></styleSheet>`
)

// workbook is a file with these parts besides the usual ones; "" leaves one out.
func workbook(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	all := map[string]string{"xl/workbook.xml": bookXML, "xl/_rels/workbook.xml.rels": relsXML, "xl/styles.xml": stylesXML}
	for name, text := range parts {
		all[name] = text
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range all {
		if text == "" {
			continue
		}
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheetXML(rows string) string {
	return `<?xml version="1.0"?><worksheet><sheetData>` + rows + `</sheetData></worksheet>`
}

func openXLSX(file []byte, o importer.XLSXOptions) (*importer.Sheet, error) {
	return importer.OpenXLSX(bytes.NewReader(file), int64(len(file)), o)
}

func TestOpenXLSX(t *testing.T) {
	for name, c := range map[string]struct {
		rows, shared, header string
		want                 []string
	}{
		"what cells are": {
			`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>fone</t></is></c><c r="C1" t="str"><v>x</v></c></row>
			<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>5511987654321</v></c><c r="C3"><v>12.5</v></c></row>
			<row r="4"><c r="A4" t="inlineStr"><is><r><t>Jo</t></r><r><t xml:space="preserve">sé &amp; &#233;</t></r></is></c><c r="B4"><v>5.511987654322E12</v></c><c r="C4" t="b"><v>1</v></c></row>`,
			`<sst><si><t>nome</t></si><si><r><t>An</t></r><r><t>a</t></r><rPh><t>ア</t></rPh></si></sst>`, "nome|fone|x",
			[]string{"3 Ana|5511987654321|12.5 []", "4 José & é|5511987654322|true []"},
		},
		"dates and zeros": {
			`<row><c t="str"><v>fone</v></c><c t="str"><v>a</v></c><c t="str"><v>b</v></c><c t="str"><v>c</v></c><c t="str"><v>d</v></c><c t="str"><v>e</v></c></row>
			<row><c><v>1</v></c><c s="1"><v>46387</v></c><c s="2"><v>46387.520833333336</v></c><c s="3"><v>1234567890</v></c><c s="4"><v>7</v></c><c s="5"><v>0.25</v></c></row>`,
			"", "fone|a|b|c|d|e",
			[]string{"2 1|2026-12-31|2026-12-31 12:30|01234567890|7|06:00:00 []"},
		},
		"junk above, blanks between": {
			`<row r="1"><c r="A1" t="str"><v>Relatório de clientes</v></c></row><row r="2"/><row r="4"><c r="B4" t="str"><v>Nome</v></c><c r="C4" t="str"><v>Celular</v></c></row>
			<row r="5"><c r="A5" t="str"><v></v></c></row><row r="9"><c r="C9"><v>11987654321</v></c></row>`, "", "|Nome|Celular",
			[]string{"9 ||11987654321 []"},
		},
		"cells out of place": {
			`<row r="1"><c r="A1" t="str"><v>fone</v></c></row><row r="2"><c r="A2"><v>1</v></c><c r="C2" t="str"><v>x</v></c></row><row r="3"><c r="A3" t="s"><v>9</v></c></row>
			<row r="4"><c r="A4" t="str"><v>a&#0;b</v></c></row><row r="5"><c r="A5" t="str"><v>` + strings.Repeat("x", 70<<10) + `</v></c></row><row r="6"><c r="A6"><v>2</v></c></row>`,
			"", "fone",
			[]string{
				"2! the row has something in column C, and the header ends at A: name the column, or empty the cell",
				"3! fone: the cell points at a text that is not in the workbook: enter it again",
				"4! fone: the cell holds a NUL character: enter it again", "5! fone: the cell is longer than 64 KB: shorten it", "6 2 []",
			},
		},
		"prefixes, comments and CDATA": {
			`<x:row r="1"><!-- <c> --><x:c r="A1" t="str"><x:v><![CDATA[fone]]></x:v></x:c></x:row><x:row r="2"><x:c r="A2" t='str'><x:v>a<![CDATA[<&amp;]]></x:v></x:c></x:row>`,
			"", "fone",
			[]string{"2 a<&amp; []"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := openXLSX(workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheetXML(c.rows), "xl/sharedStrings.xml": c.shared}), importer.XLSXOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer sheet.Close()
			rows, err := rowsOf(t, sheet)
			if diff := cmp.Diff(c.want, rows); diff != "" || err != nil || strings.Join(sheet.Header(), "|") != c.header {
				t.Error(sheet.Header(), err, diff)
			}
		})
	}
}

// What a library writes is read: several sheets, hidden ones, texts shared or not.
func TestOpenXLSX_Excelize(t *testing.T) {
	book := excelize.NewFile()
	defer book.Close()
	for _, name := range []string{"Clientes", "Outra"} {
		if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	rows := map[string][][]any{
		"Clientes": {{"Nome", "Telefone", "Nascimento"}, {"Ana \"Lu\"", 5511987654321, time.Date(1990, 5, 17, 0, 0, 0, 0, time.UTC)}, {"Zoé\nSilva", "011 98765-4322", nil}},
		"Outra":    {{"Nome", "Telefone"}, {"Bia", "1"}},
	}
	for sheet, list := range rows {
		for n, row := range list {
			if err := book.SetSheetRow(sheet, fmt.Sprint("A", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	book.SetActiveSheet(1)
	if err := book.SetSheetVisible("Sheet1", false); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := book.Write(&file); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]importer.XLSXOptions{
		"Clientes: 2 Ana \"Lu\"|5511987654321|1990-05-17 [] / 3 Zoé\nSilva|011 98765-4322 []": {},
		"Outra: 2 Bia|1 []": {Sheet: "outra"},
	} {
		sheet, err := openXLSX(file.Bytes(), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rowsOf(t, sheet)
		if text := sheet.Name + ": " + strings.Join(got, " / "); err != nil || text != want {
			t.Errorf("%v, got %q, want %q", err, text, want)
		}
		if err := sheet.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := openXLSX(file.Bytes(), importer.XLSXOptions{Sheet: "Nada"}); arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), `there is no sheet "Nada"; the workbook has Sheet1, Clientes, Outra`) {
		t.Errorf("another sheet: %v", err)
	}
}

func TestOpenXLSX_BrokenFile(t *testing.T) {
	good := workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheetXML(`<row><c t="str"><v>fone</v></c></row>`)})
	with := func(parts map[string]string) []byte { return workbook(t, parts) }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"cut off":              {good[:len(good)-30], "no whole spreadsheet"},
		"another archive":      {with(map[string]string{"xl/workbook.xml": "", "a.txt": "x"}), "is a ZIP file, but no spreadsheet"},
		"no sheet in it":       {with(nil), `its sheet "Plan1" is not in it`},
		"an empty sheet":       {with(map[string]string{"xl/worksheets/sheet1.xml": sheetXML("")}), `sheet "Plan1" is empty`},
		"only hidden sheets":   {with(map[string]string{"xl/workbook.xml": strings.Replace(bookXML, `sheetId`, `state="veryHidden" sheetId`, 1)}), "has no sheet that is not hidden"},
		"a sheet that ends":    {with(map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c t="str"><v>fone</v></c></row><row><c><v>1`}), "the spreadsheet is damaged"},
		"entities":             {with(map[string]string{"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet/>`}), "defines entities"},
		"absurd nesting":       {with(map[string]string{"xl/worksheets/sheet1.xml": strings.Repeat("<a>", 100_000)}), "the XML inside it is broken"},
		"an endless tag":       {with(map[string]string{"xl/worksheets/sheet1.xml": "<a " + strings.Repeat("b", 1<<20)}), "the XML inside it is broken"},
		"a bomb":               {bomb(t), "unpacks to 400 MB, far more"},
		"more than it says":    {liar(t), "no whole spreadsheet"},
		"a column beyond ZZZZ": {with(map[string]string{"xl/worksheets/sheet1.xml": sheetXML(`<row><c r="ZZZZZZZ1" t="str"><v>fone</v></c></row>`)}), "the XML inside it is broken"},
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := openXLSX(c.file, importer.XLSXOptions{})
			if err == nil {
				_, err = rowsOf(t, sheet)
				sheet.Close()
			}
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// bomb is a small workbook whose sheet unpacks to 400 MB, as it says.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range map[string]string{"xl/workbook.xml": bookXML, "xl/_rels/workbook.xml.rels": relsXML} {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	packed := make([]byte, 400<<10)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: uint64(len(packed)), UncompressedSize64: 400 << 20})
	if err == nil {
		_, err = f.Write(packed)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// liar is a workbook whose sheet unpacks to more than its directory says.
func liar(t *testing.T) []byte {
	t.Helper()
	long := sheetXML(`<row><c t="str"><v>fone</v></c></row>` + strings.Repeat(`<row><c><v>1</v></c></row>`, 10_000))
	file := workbook(t, map[string]string{"xl/worksheets/sheet1.xml": long})
	size := []byte{byte(len(long)), byte(len(long) >> 8), byte(len(long) >> 16), 0}
	at := bytes.LastIndex(file, size)
	if at < 0 {
		t.Fatal("the directory does not have the size")
	}
	copy(file[at:], []byte{100, 0, 0, 0})
	return file
}

// Texts beyond what is held in memory are found in their file.
func TestOpenXLSX_ManyTexts(t *testing.T) {
	var shared, rows strings.Builder
	shared.WriteString("<sst><si><t>fone</t></si>")
	rows.WriteString(`<row><c t="s"><v>0</v></c></row>`)
	const n, long = 700, 60 << 10
	for i := range n {
		fmt.Fprintf(&shared, "<si><t>%d-%s</t></si>", i, strings.Repeat(string(rune('a'+i%26)), long))
		fmt.Fprintf(&rows, `<row><c t="s"><v>%d</v></c></row>`, 1+(i*7)%n)
	}
	shared.WriteString("</sst>")
	sheet, err := openXLSX(workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheetXML(rows.String()), "xl/sharedStrings.xml": shared.String()}), importer.XLSXOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	for i := range n {
		row, err := sheet.Next()
		if err != nil {
			t.Fatal(err)
		}
		k := (i * 7) % n
		if want := fmt.Sprintf("%d-%s", k, strings.Repeat(string(rune('a'+k%26)), long)); row.Cells[0] != want {
			t.Fatalf("row %d has %.20s of %d bytes", i, row.Cells[0], len(row.Cells[0]))
		}
	}
}

// A workbook goes in, and what is refused comes back as one, with its zeros.
func TestImport_XLSX(t *testing.T) {
	w := newWorld(t, "BR")
	i := w.running()
	file := workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheetXML(`<row><c t="str"><v>Nome</v></c><c t="str"><v>Celular</v></c><c t="str"><v>CPF</v></c></row>
		<row><c t="str"><v>Ana</v></c><c><v>5511987654321</v></c><c t="str"><v>007</v></c></row><row><c t="str"><v>=1+1</v></c><c t="str"><v>nada</v></c><c t="str"><v>008</v></c></row>`)})
	j, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "contatos.xlsx", bytes.NewReader(file), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil || numbersOf(j) != (numbers{1, 0, 1}) {
		t.Fatalf("%v, %+v", err, j)
	}
	f, err := i.Rejects(t.Context(), w.account.ID, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Name != "contatos-rejects.xlsx" {
		t.Errorf("it is called %s", f.Name)
	}
	back, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := openXLSX(back, importer.XLSXOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	rows, err := rowsOf(t, sheet)
	if want := []string{"2 =1+1|nada|008|3|Celular: phone contains letters: write it in digits [letters] []"}; err != nil || cmp.Diff(want, rows) != "" {
		t.Errorf("%v, %q", err, rows)
	}
}

// FuzzXLSX: whatever is in the parts of a workbook, rows come in ascending order and within the header.
func FuzzXLSX(f *testing.F) {
	f.Add([]byte(sheetXML(`<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" s="1"><v>46387</v></c></row>`)), []byte(`<sst><si><t>fone</t></si></sst>`))
	f.Add([]byte("<row><c t=\"inlineStr\"><is><t>fone<![CDATA[x]]></t></is></c></row><row><c><v>1e400</v></c></row>"), []byte("<si/>"))
	f.Add([]byte("<row><!-- - -- -->"), []byte("<a b='>'>&#x110000;&amp"))
	f.Fuzz(func(t *testing.T, sheetPart, shared []byte) {
		sheet, err := openXLSX(workbook(t, map[string]string{"xl/worksheets/sheet1.xml": string(sheetPart), "xl/sharedStrings.xml": string(shared)}), importer.XLSXOptions{})
		if err != nil {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Fatalf("the file is to blame, yet %v", err)
			}
			return
		}
		defer sheet.Close()
		for last := 0; ; {
			row, err := sheet.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if bad, ok := errors.AsType[*importer.RowError](err); ok {
				row = bad.Row
			} else if err != nil {
				if arauto.KindOf(err) != arauto.KindInvalid {
					t.Fatal(err)
				}
				return
			}
			if row.Number <= last || len(row.Cells) > len(sheet.Header()) {
				t.Fatalf("row %d of %d cells comes after row %d; the header has %d", row.Number, len(row.Cells), last, len(sheet.Header()))
			}
			last = row.Number
		}
	})
}
