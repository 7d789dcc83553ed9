package bench

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"arauto"
	"arauto/internal/importer"
	"arauto/internal/sheet"
)

// A corpus is a list as customers send it: a name, a phone and six columns of their own; every tenth row is ugly, and
// three of a hundred are people who are there already.
type corpus struct {
	rows int
	from int // the first of its people: see contacts
	old  int // the first of the people who are in the campaign already

	lines bool // of JSON: one object a line instead of an array
}

// What becomes of a corpus, by the row.
type fate int

const (
	fresh fate = iota
	twice
	refused
)

func corpusHeader() []string {
	return []string{"Nome Completo", "Telefone", "CPF", "id_proposta", "Perfil", "Cidade", "Valor", "Vencimento"}
}

// row is the nth row and what must become of it.
func (c corpus) row(n int) ([]string, fate) {
	person, what := c.person(n), fresh
	switch n % 100 {
	case 13, 63:
		person, what = c.person(n-7), twice
	case 41:
		person, what = c.old+n/100*10, twice
	}
	phone, name := string(phoneOf(person)), fmt.Sprintf("Maria da Conceição %d", person)
	cells := []string{
		name, phone[1:], fmt.Sprintf("%011d", person*7), fmt.Sprint(n), "Pessoa Jurídica", fmt.Sprintf("São José dos Campos %d", person%5000),
		fmt.Sprintf("R$ %d.%03d,%02d", person%90+1, person%1000, person%100), fmt.Sprintf("%02d/%02d/2026", person%28+1, person%12+1),
	}
	if n%10 != 7 {
		return cells, what
	}
	switch n / 10 % 10 {
	case 0:
		cells[1] = fmt.Sprintf("+55 (%s) %s-%s", phone[3:5], phone[5:10], phone[10:])
	case 1:
		cells[1] = fmt.Sprintf("0%s %s.%s", phone[3:5], phone[5:10], phone[10:])
	case 2:
		cells[1] += ".0"
	case 3:
		cells[0], cells[5] = name+" \"Zé\"; filha", "Rua 7,\nfundos"
	case 4:
		cells[1], what = "5,51199E+12", refused
	case 5:
		cells[1], what = "", refused
	case 6:
		cells[1], what = "não tem telefone", refused
	case 7:
		cells[0], cells[1] = "  "+name+"\u00a0", "\u00a0"+cells[1]+" "
	case 8:
		cells[1] = "whatsapp:" + phone
	case 9:
		cells[1], what = phone[:7], refused
	}
	return cells, what
}

// person is the nth who is new: of those whose area code is one.
func (c corpus) person(n int) int { return c.from + n/9*10 + n%9 }

// expected counts what must become of it.
func (c corpus) expected() (counts [3]int64) {
	for n := range c.rows {
		_, what := c.row(n)
		counts[what]++
	}
	return counts
}

func phoneOf(k int) arauto.Phone {
	return arauto.Phone(fmt.Sprintf("+55%d9%08d", 11+k%10, (k*48271)%100_000_000))
}

// file is the corpus in that format, kept in dir.
func (c corpus) file(dir string, format importer.Format) (name string, err error) {
	name = filepath.Join(dir, fmt.Sprintf("corpus-%d-%d.%s", c.from, c.rows, format))
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	draft := name + ".part"
	f, err := os.Create(draft)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	c.lines = format == importer.FormatJSONL
	write := map[importer.Format]func(io.Writer) error{
		importer.FormatCSV: c.writeCSV, importer.FormatJSON: c.writeJSON, importer.FormatJSONL: c.writeJSON, importer.FormatXLSX: c.writeXLSX,
	}[format]
	if err := write(w); err != nil {
		f.Close()
		return "", err
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return name, os.Rename(draft, name)
}

func (c corpus) writeCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	w.Comma = ';'
	if err := w.Write(corpusHeader()); err != nil {
		return err
	}
	for n := range c.rows {
		cells, _ := c.row(n)
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (c corpus) writeJSON(out io.Writer) error {
	begin, between, end := "[\n", ",\n", "\n]\n"
	if c.lines {
		begin, between, end = "", "\n", "\n"
	}
	keys := corpusHeader()
	line := []byte(begin)
	for n := range c.rows {
		cells, _ := c.row(n)
		fields := make(arauto.Fields, len(cells))
		for i, cell := range cells {
			fields[i] = arauto.Field{Key: keys[i], Value: cell}
		}
		line = fields.AppendJSON(line)
		if n < c.rows-1 {
			line = append(line, between...)
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	_, err := io.WriteString(out, end)
	return err
}

// writeXLSX writes phones as spreadsheets have them: those of digits alone are numbers.
func (c corpus) writeXLSX(out io.Writer) error {
	book, err := sheet.New(out)
	if err == nil {
		err = book.Sheet("Sheet1")
	}
	if err != nil {
		return err
	}
	write := func(row []string) error {
		cells := make([]sheet.Cell, len(row))
		for i, cell := range row {
			cells[i].Text = cell
		}
		if phone, err := strconv.ParseInt(row[1], 10, 64); err == nil && row[1][0] != '0' {
			cells[1] = sheet.Cell{Number: phone}
		}
		return book.Row(cells)
	}
	if err := write(corpusHeader()); err != nil {
		return err
	}
	for n := range c.rows {
		cells, _ := c.row(n)
		if err := write(cells); err != nil {
			return err
		}
	}
	return book.Close()
}
