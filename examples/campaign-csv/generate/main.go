// Command generate writes contatos.csv: two thousand people who do not exist, in a spreadsheet broken in the ways
// in which customers' spreadsheets are. The same bytes every time, so the demo's counts can be promised.
//
//	go run ./examples/campaign-csv/generate examples/campaign-csv/contatos.csv
package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FILE")
		os.Exit(2)
	}
	file, err := contatos()
	if err == nil {
		err = os.WriteFile(os.Args[1], file, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// A kind is what is right or wrong with a line.
type kind struct {
	name  string // as README.md's table has it
	count int
	line  func(g *generator) string
}

// plan is the whole file. Its order does not matter: lines are shuffled.
var plan = []kind{
	{"accepted", 2000, (*generator).good},
	{"duplicate: an earlier number without its ninth digit", 8, (*generator).withoutNinth},
	{"duplicate: an earlier number in another spelling", 16, (*generator).otherSpelling},
	{"rejected: no phone", 8, withPhone("", "", "   ", "-")},
	{"rejected: words instead of a phone", 7, withPhone("não informado", "sem telefone", "(11) 9XXXX-1234", "ligar p/ a irmã")},
	{"rejected: scientific notation", 6, withPhone("5,51199E+12", "5,52198E+12", "1,1988E+10")},
	{"rejected: too short", 5, withPhone("98765-432", "11 9876", "4321")},
	{"rejected: too long", 2, withPhone("5511987654321098", "(11) 98765-4321 / (11) 98765-4322")},
	{"rejected: an area code that does not exist", 3, withPhone("(20) 98765-4321", "+55 23 98765-4321", "(52) 99876-5432")},
	{"rejected: a column too few", 3, (*generator).columnTooFew},
	{"rejected: a column too many", 2, (*generator).columnTooMany},
	{"ignored: an empty line", 10, func(*generator) string { return "" }},
}

const (
	header = "Nome;Telefone;cpf;perfil;produto;valor;vencimento;id_cliente"
	intact = 40 // so many good lines come first: the file looks fine until you scroll
)

// contatos is the file, in Windows-1252.
func contatos() ([]byte, error) {
	g := &generator{rand: rand.New(rand.NewPCG(2026, 11)), taken: map[string]bool{}}
	var lines []kind
	for _, k := range plan {
		for range k.count {
			lines = append(lines, k)
		}
	}
	rest := lines[intact:]
	g.rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })

	var text strings.Builder
	text.WriteString("sep=;\r\n" + header + "\r\n")
	for _, k := range lines {
		text.WriteString(k.line(g) + "\r\n")
	}
	out, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text.String()))
	if err != nil {
		return nil, fmt.Errorf("encode as Windows-1252: %w", err)
	}
	if !bytes.Contains(out, []byte{0x93}) {
		return nil, fmt.Errorf("encode as Windows-1252: no curly quote came out, so Latin-1 would read the file as well")
	}
	return out, nil
}

// A generator makes up people. Everything it does follows from its seed.
type generator struct {
	rand    *rand.Rand
	taken   map[string]bool // numbers given out
	numbers []number        // those of the good lines, in order
	rows    int
}

func (g *generator) good() string {
	n := g.newNumber()
	g.numbers = append(g.numbers, n)
	return g.row(n.spelled(g.rand.IntN(spellings)))
}

func (g *generator) withoutNinth() string {
	n := g.earlier()
	return g.row(fmt.Sprintf("(%s) %s-%s", n.area, n.subscriber[1:5], n.subscriber[5:]))
}

// otherSpelling may well be the spelling the first line used: customers paste twice, too.
func (g *generator) otherSpelling() string {
	return g.row(g.earlier().spelled(g.rand.IntN(spellings)))
}

func withPhone(phones ...string) func(*generator) string {
	return func(g *generator) string { return g.row(phones[g.rand.IntN(len(phones))]) }
}

// columnTooFew lost the separator after the name, so that every column is shifted.
func (g *generator) columnTooFew() string {
	name, rest, _ := strings.Cut(g.plainRow(g.newNumber().spelled(0)), ";")
	return name + " " + rest
}

// columnTooMany has a name with a separator that nobody quoted.
func (g *generator) columnTooMany() string {
	return pick(g, surnames) + "; " + g.plainRow(g.newNumber().spelled(0))
}

// A number is a Brazilian mobile, nine digits after the area code.
type number struct{ area, subscriber string }

const spellings = 9

func (n number) spelled(how int) string {
	a, s := n.area, n.subscriber
	return [spellings]string{
		fmt.Sprintf("(%s) %s-%s", a, s[:5], s[5:]),
		fmt.Sprintf("+55 %s %s-%s", a, s[:5], s[5:]),
		"55" + a + s,
		fmt.Sprintf("0%s %s %s", a, s[:5], s[5:]),
		"+55" + a + s,
		a + s,
		fmt.Sprintf("%s.%s.%s", a, s[:5], s[5:]),
		fmt.Sprintf("(%s)\u00a0%s\u2013%s", a, s[:5], s[5:]), // pasted from a web page
		fmt.Sprintf(" (%s)%s-%s ", a, s[:5], s[5:]),
	}[how]
}

func (g *generator) newNumber() number {
	for {
		n := number{pick(g, areas), fmt.Sprintf("9%d%07d", 6+g.rand.IntN(4), g.rand.IntN(10_000_000))}
		if key := n.area + n.subscriber; !g.taken[key] {
			g.taken[key] = true
			return n
		}
	}
}

func (g *generator) earlier() number { return g.numbers[g.rand.IntN(len(g.numbers))] }

func (g *generator) row(phone string) string {
	g.rows++
	return strings.Join([]string{
		quote(g.name()), quote(phone), g.cpf(), pick(g, profiles), quote(pick(g, products)), g.value(), g.dueDate(), fmt.Sprintf("%06d", g.rows),
	}, ";")
}

// plainRow is a row in which no cell needs quotes.
func (g *generator) plainRow(phone string) string {
	g.rows++
	return strings.Join([]string{
		pick(g, firstNames), phone, g.cpf(), pick(g, profiles), "Cartão", g.value(), g.dueDate(), fmt.Sprintf("%06d", g.rows),
	}, ";")
}

// quote does what a spreadsheet does: only where it must.
func quote(cell string) string {
	if !strings.ContainsAny(cell, ";\"\r\n") {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}

func (g *generator) name() string {
	first, last := pick(g, firstNames), pick(g, surnames)
	switch g.rand.IntN(20) {
	case 0:
		return strings.ToUpper(first + " " + last)
	case 1:
		return strings.ToLower(first + " " + last)
	case 2:
		return " " + first + "  " + last + " "
	case 3:
		return fmt.Sprintf("%s \"%s\" %s", first, pick(g, nicknames), last)
	case 4:
		return last + "; " + first
	case 5:
		return first
	}
	return first + " " + pick(g, surnames) + " " + last
}

// cpf looks like a taxpayer's number but its check digits are wrong on purpose: it can be nobody's.
func (g *generator) cpf() string {
	d := make([]int, 9, 11)
	for i := range d {
		d[i] = g.rand.IntN(10)
	}
	for range 2 {
		sum := 0
		for i, digit := range d {
			sum += digit * (len(d) + 1 - i)
		}
		d = append(d, sum*10%11%10)
	}
	d[10] = (d[10] + 1 + g.rand.IntN(9)) % 10
	return fmt.Sprintf("%d%d%d.%d%d%d.%d%d%d-%d%d", d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10])
}

func (g *generator) value() string {
	cents := 1_990 + g.rand.IntN(1_200_000)
	whole := fmt.Sprint(cents / 100)
	if len(whole) > 3 {
		whole = whole[:len(whole)-3] + "." + whole[len(whole)-3:]
	}
	text := fmt.Sprintf("%s,%02d", whole, cents%100)
	if g.rand.IntN(10) == 0 {
		return "R$ " + text
	}
	return text
}

func (g *generator) dueDate() string {
	day, month := 1+g.rand.IntN(28), 1+g.rand.IntN(12)
	if g.rand.IntN(8) == 0 {
		return fmt.Sprintf("%d/%d/27", day, month)
	}
	return fmt.Sprintf("%02d/%02d/2027", day, month)
}

func pick(g *generator, from []string) string { return from[g.rand.IntN(len(from))] }
