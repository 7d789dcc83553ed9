package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"arauto"

	"golang.org/x/text/unicode/norm"
)

// What a header may weigh: its keys are repeated in every contact.
const (
	maxColumns = arauto.MaxFields
	maxKey     = 200 // bytes
)

// What a file's columns may be besides custom fields; the id at Meta only where people are written to, the last three
// only where they are dialled.
const (
	targetName     = "name"
	targetPhone    = "phone"
	targetExternal = "external_id"
	targetUserID   = "user_id"
	targetEmail    = "email"
	targetOutbound = "outbound_number"
	targetPriority = "priority"
)

// ColumnOptions say what is known of a file's columns beforehand.
type ColumnOptions struct {
	// Mapping names columns by their header: "phone" → "Cel. do titular". Targets are "name", "phone" and "external_id"
	// (the customer's own id of a contact), where people are written to "user_id" (their business-scoped id at Meta, by
	// which somebody without a phone is reached), and where they are dialled "email", "outbound_number" and "priority";
	// any other gives a custom field that key instead of its header. It overrules what the headers look like;
	// "name" → "" says that no column is the name, and so do the other targets but "phone".
	Mapping map[string]string
	// Dialled says that the list is for calls.
	Dialled bool
	// NameRequired refuses files without a name column, and rows without a name.
	NameRequired bool
}

// Columns says what each column of one file is. The zero value is of no use: see MapColumns.
type Columns struct {
	Name  int      // its index; -1 when the file has none
	Phone int      // its index; -1 when the file has business-scoped ids instead
	Keys  []string // of the custom fields, in the file's order
	// Others are the columns of the other targets, by target.
	Others map[string]int

	header       []string
	custom       []int // the columns of Keys
	unnamed      []int // columns without a header: they must stay empty
	nameRequired bool
	dialled      bool
}

// An Entry is what one row says about one contact: text without blanks around it, nothing checked but that a phone or a
// business-scoped id, and a name where required, is there.
type Entry struct {
	Number int // the row's
	Name   string
	Phone  string
	Others map[string]string // what the columns of the other targets say, by target; nil = there are none
	Fields arauto.Fields
}

// aliases are the headers that people give to a column, as fold leaves them; the earlier wins where a file has two,
// and the other is a custom field. Numbers one can write to come before numbers in general.
var aliases = map[string][]string{
	targetName: {
		"name", "nome", "nombre", "nomecompleto", "nombrecompleto", "fullname", "nomedocliente", "nomecliente", "nombredelcliente",
		"nombrecliente", "customername", "contactname", "cliente", "customer", "nomedocontato", "nomecontato", "contato", "contacto",
		"contact", "assinante", "subscriber", "razaosocial", "razonsocial", "primeironome", "primernombre", "firstname",
	},
	targetPhone: {
		"phone", "phonenumber", "whatsapp", "whatsappphone", "numerowhatsapp", "numerodowhatsapp", "numerodewhatsapp", "whatsappnumber",
		"telefonewhatsapp", "telefonowhatsapp", "celularwhatsapp", "whats", "wpp", "zap", "celular", "telefonecelular", "telefonocelular",
		"numerocelular", "numerodecelular", "celular1", "movel", "telefonemovel", "movil", "telefonomovil", "mobile", "mobilephone",
		"mobilenumber", "cellphone", "cell", "cel", "telefone", "telefono", "telefone1", "telefono1", "phone1", "fone", "fone1",
		"numerodetelefone", "numerodetelefono", "numerotelefone", "numerotelefono", "telefonecontato", "telefonedecontato",
		"telefonodecontacto", "dddtelefone", "telephone", "tel", "msisdn", "e164", "numero", "number",
	},
	targetExternal: {"externalid", "externaluniqueid", "idexterno", "identificadorexterno", "externalkey", "chaveexterna"},
	targetUserID: {
		"bsuid", "businessscopeduserid", "businessscopedid", "whatsappuserid", "whatsappbsuid", "iddousuariowhatsapp", "iddeusuariodowhatsapp", "idusuariowhatsapp",
		"idwhatsappdousuario", "iddeusuariowhatsapp", "iddelusuariowhatsapp", "iddeusuariodewhatsapp", "idwhatsappdelusuario",
	},
	targetEmail: {"email", "correio", "correo", "emailaddress", "enderecodeemail", "correoelectronico", "mail"},
	targetOutbound: {
		"outboundnumber", "callerid", "numerodesaida", "numerodesalida", "numerodeorigem", "numerodeorigen", "numerosaliente", "bina",
	},
	targetPriority: {"priority", "prioridade", "prioridad"},
}

// userIDNames are headers that many lists give to ids of their own: such a column holds business-scoped ids only if all
// that is seen of it has their shape.
var userIDNames = []string{"userid", "whatsappid", "idwhatsapp", "idusuario", "iddousuario", "iddeusuario", "iddelusuario", "usuarioid"}

// otherTargets are the targets that a file may do without and that are no name, in the order in which they are told.
func otherTargets(dialled bool) []string {
	if dialled {
		return []string{targetExternal, targetEmail, targetOutbound, targetPriority}
	}
	return []string{targetExternal, targetUserID}
}

// headerIn is the index of the first of rows that names a phone column; 0 when none does: what stands above the header
// of a spreadsheet is a title.
func headerIn(rows [][]string, mapping map[string]string) int {
	for i, row := range rows {
		c := &Columns{}
		for _, h := range row {
			c.header = append(c.header, clean(h))
		}
		if i > 0 && slices.ContainsFunc(c.header, looksLikePhone) {
			continue // a row of data that happens to hold the word
		}
		if want, given := mapping[targetPhone]; given && c.column(clean(want), len(row)) >= 0 || alias(targetPhone, c.header, nil) >= 0 || alias(targetUserID, c.header, nil) >= 0 {
			return i
		}
	}
	return 0
}

// headerWithin is how many rows a header is looked for in.
const headerWithin = 20

// fold reduces a header to what matters when it is compared with an alias: "Nº Telefone " is "notelefone".
func fold(header string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(header) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// MapColumns finds the name, the phone and the custom fields among header, and looks into sample (see Peek) for what
// a header alone does not show. A custom field's key is its header without blanks around it.
//
// A file of rejected rows can be corrected and uploaded as it is: the two columns that Rejects added are left out.
//
// The errors are invalid, name the columns that were found and say what to do: no phone column, no name column where
// one is required, a header that comes twice (keys are compared without case), data under an empty header, more than
// 100 columns, and a mapping that fits no column.
func MapColumns(header []string, sample []Row, o ColumnOptions) (*Columns, error) {
	c := &Columns{Name: -1, Phone: -1, Others: map[string]int{}, nameRequired: o.NameRequired, dialled: o.Dialled}
	for _, h := range header {
		c.header = append(c.header, clean(h))
	}
	named := c.header
	if isRejects(named) {
		named = named[:len(named)-2]
	}
	if len(named) > maxColumns {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the file has %d columns and %d is the most: remove those you do not need", len(named), maxColumns)
	}
	if err := c.checkHeader(named); err != nil {
		return nil, err
	}
	keys := slices.Clone(named)
	mapped, err := c.explicit(o.Mapping, keys)
	if err != nil {
		return nil, err
	}
	if _, given := o.Mapping[targetName]; !given {
		c.Name = alias(targetName, named, mapped)
	}
	if c.Phone < 0 {
		c.Phone = alias(targetPhone, named, mapped)
	}
	c.findOthers(o, named, mapped, sample)
	if _, ids := c.Others[targetUserID]; c.Phone < 0 && !ids {
		return nil, c.missing(targetPhone)
	}
	if c.Name < 0 && o.NameRequired {
		return nil, c.missing(targetName)
	}
	for i, key := range keys {
		switch {
		case i == c.Name || i == c.Phone || c.isOther(i):
		case key == "":
			c.unnamed = append(c.unnamed, i)
		default:
			if slices.ContainsFunc(c.Keys, func(k string) bool { return strings.EqualFold(k, key) }) {
				return nil, arauto.Errorf(arauto.KindInvalid, key, "the mapping makes two columns the custom field %q: give one of them another name", key)
			}
			c.Keys, c.custom = append(c.Keys, key), append(c.custom, i)
		}
	}
	if err := c.checkUnnamed(sample); err != nil {
		return nil, err
	}
	return c, nil
}

// findOthers finds the columns of the targets that are neither name nor phone, as far as the mapping does not say.
func (c *Columns) findOthers(o ColumnOptions, named []string, mapped map[int]string, sample []Row) {
	for _, target := range otherTargets(o.Dialled) {
		if _, given := o.Mapping[target]; given {
			continue
		}
		i := alias(target, named, mapped)
		if target == targetUserID && i < 0 {
			i = userIDs(named, mapped, sample)
		}
		if i >= 0 && i != c.Name && i != c.Phone {
			c.Others[target] = i
		}
	}
}

// userIDs is the index of a column that is called as one of userIDNames and holds business-scoped ids; -1 if none does.
func userIDs(named []string, mapped map[int]string, sample []Row) int {
	return slices.IndexFunc(named, func(h string) bool {
		i := slices.Index(named, h)
		if _, used := mapped[i]; used || !slices.Contains(userIDNames, fold(h)) {
			return false
		}
		seen := false
		for _, row := range sample {
			if i >= len(row.Cells) || clean(row.Cells[i]) == "" {
				continue
			}
			if seen = arauto.UserID(clean(row.Cells[i])).Valid(); !seen {
				return false
			}
		}
		return seen
	})
}

func (c *Columns) isOther(column int) bool {
	for _, i := range c.Others {
		if i == column {
			return true
		}
	}
	return false
}

// clean takes blanks and marks nobody sees from both ends of a cell.
func clean(cell string) string {
	if cell == "" || isInk(cell[0]) && isInk(cell[len(cell)-1]) {
		return cell
	}
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

func isInk(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// checkHeader refuses headers that would make two fields one, or weigh too much.
func (c *Columns) checkHeader(named []string) error {
	for i, h := range named {
		if len(h) > maxKey {
			return arauto.Errorf(arauto.KindInvalid, "file", "the header of column %d is longer than %d bytes; does the first line name the columns?", i+1, maxKey)
		}
		for j, earlier := range named[:i] {
			if h != "" && strings.EqualFold(h, earlier) {
				return arauto.Errorf(arauto.KindInvalid, h, "columns %d and %d have the same header (%s): rename or remove one", j+1, i+1, c.found())
			}
		}
	}
	return nil
}

// explicit applies the mapping: it sets Name and Phone, and renames keys. It returns the targets of the columns it used.
func (c *Columns) explicit(mapping map[string]string, keys []string) (map[int]string, error) {
	used := make(map[int]string)
	targets := make([]string, 0, len(mapping))
	for target := range mapping {
		targets = append(targets, target)
	}
	slices.Sort(targets)
	for _, target := range targets {
		want := clean(mapping[target])
		other := slices.Contains(otherTargets(c.dialled), target)
		if want == "" && (target == targetName || other) {
			continue
		}
		i := c.column(want, len(keys))
		if i < 0 {
			return nil, arauto.Errorf(arauto.KindInvalid, target, "the mapping asks for column %q; the file has %s", want, c.found())
		}
		if before, twice := used[i]; twice {
			return nil, arauto.Errorf(arauto.KindInvalid, target, "the mapping uses column %q for both %s and %s: keep one", want, before, target)
		}
		used[i] = target
		switch {
		case target == targetName:
			c.Name = i
		case target == targetPhone:
			c.Phone = i
		case other:
			c.Others[target] = i
		default:
			if keys[i] = clean(target); keys[i] == "" || len(keys[i]) > maxKey {
				return nil, arauto.Errorf(arauto.KindInvalid, "mapping", "the custom field for column %q needs a name of 1 to %d bytes", want, maxKey)
			}
		}
	}
	return used, nil
}

// column is the index of the column with that header, as written or else compared as aliases are; -1 is none.
func (c *Columns) column(header string, n int) int {
	if header == "" {
		return -1
	}
	if i := slices.Index(c.header[:n], header); i >= 0 {
		return i
	}
	want := fold(header)
	return slices.IndexFunc(c.header[:n], func(h string) bool { return want != "" && fold(h) == want })
}

// alias is the index of the column that is called like target, -1 if none. What the mapping used is not looked at.
func alias(target string, named []string, mapped map[int]string) int {
	for _, alias := range aliases[target] {
		for i, h := range named {
			if _, used := mapped[i]; !used && fold(h) == alias {
				return i
			}
		}
	}
	return -1
}

func (c *Columns) missing(target string) error {
	remedy := fmt.Sprintf("name one of them %q, or map it", target)
	if slices.ContainsFunc(c.header, looksLikePhone) {
		remedy = "the first line looks like data: put a line above it that names the columns, such as name;phone"
	}
	return arauto.Errorf(arauto.KindInvalid, target, "no column is the %s; the file has %s: %s", target, c.found(), remedy)
}

// found lists the columns for a person.
func (c *Columns) found() string {
	var b strings.Builder
	for i, h := range c.header {
		if i == 20 {
			fmt.Fprintf(&b, " and %d more", len(c.header)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if looksLikePhone(h) {
			h = "(a number)"
		}
		b.WriteString(shorten(h))
	}
	if b.Len() == 0 {
		return "no columns"
	}
	return "the columns " + b.String()
}

func shorten(header string) string {
	if r := []rune(header); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	if header == "" {
		return "(no header)"
	}
	return header
}

func looksLikePhone(cell string) bool {
	digits := 0
	for _, r := range cell {
		if unicode.IsLetter(r) {
			return false
		}
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 8
}

func (c *Columns) checkUnnamed(sample []Row) error {
	for _, row := range sample {
		if i := c.dataUnderNoHeader(row); i >= 0 {
			return arauto.Errorf(arauto.KindInvalid, "file", "column %d has no header, yet row %d has something in it (%s): name the column or remove it", i+1, row.Number, c.found())
		}
	}
	return nil
}

func (c *Columns) dataUnderNoHeader(row Row) int {
	for _, i := range c.unnamed {
		if i < len(row.Cells) && clean(row.Cells[i]) != "" {
			return i
		}
	}
	return -1
}

// Entry reads one row. A cell that the row leaves out at its end is empty. The error is a *RowError: nothing to reach the person by, no
// name where one is required, something under an empty header, or a phone that a spreadsheet has rounded.
func (c *Columns) Entry(row Row) (Entry, error) {
	cell := func(i int) string {
		if i < 0 || i >= len(row.Cells) {
			return ""
		}
		return clean(row.Cells[i])
	}
	e := Entry{Number: row.Number, Name: cell(c.Name), Phone: cell(c.Phone)}
	if i := c.dataUnderNoHeader(row); i >= 0 {
		return Entry{}, rowErrorf(row, "", "cell %d holds something, but its column has no header: name the column or empty the cell", i+1)
	}
	if at, ids := c.Others[targetUserID]; e.Phone == "" && (!ids || cell(at) == "") {
		return Entry{}, c.unreachable(row, ids)
	}
	if e.Name == "" && c.nameRequired {
		return Entry{}, c.empty(row, c.Name, "name")
	}
	if exact, ok := unfold(e.Phone); ok {
		e.Phone = exact
	} else if c.Phone >= 0 && rounded(e.Phone) {
		return Entry{}, rowErrorf(row, c.header[c.Phone], "the spreadsheet rounded this phone (as in 5,51199E+12) and its last digits are lost: format the column as text and enter it again")
	}
	e.Fields = make(arauto.Fields, len(c.custom), len(c.custom)+len(row.More))
	for k, i := range c.custom {
		e.Fields[k] = arauto.Field{Key: c.Keys[k], Value: cell(i)}
	}
	if len(c.Others) > 0 {
		e.Others = make(map[string]string, len(c.Others))
		for target, i := range c.Others {
			e.Others[target] = cell(i)
		}
	}
	if len(row.More) > 0 {
		return c.more(e, row)
	}
	return e, nil
}

// more adds what the row says beyond the header.
func (c *Columns) more(e Entry, row Row) (Entry, error) {
	for _, f := range row.More {
		if slices.ContainsFunc(c.header, func(h string) bool { return strings.EqualFold(h, f.Key) }) {
			return Entry{}, rowErrorf(row, f.Key, "this key differs only in case from one that the first rows have: write it alike in all of them")
		}
		e.Fields = append(e.Fields, arauto.Field{Key: f.Key, Value: clean(f.Value)})
	}
	if len(e.Fields) > arauto.MaxFields {
		return Entry{}, rowErrorf(row, "", "with the keys of the first rows this row has %d custom fields, and %d is the most: leave out those you do not need", len(e.Fields), arauto.MaxFields)
	}
	return e, nil
}

// unreachable is why a row with neither phone nor business-scoped id cannot be used.
func (c *Columns) unreachable(row Row, ids bool) error {
	switch {
	case c.Phone < 0:
		return c.empty(row, c.Others[targetUserID], "business-scoped id")
	case ids:
		return rowErrorf(row, c.header[c.Phone], "the row has neither a phone nor a business-scoped id: fill in one of them")
	case c.dialled && slices.ContainsFunc(row.Cells, func(cell string) bool { return arauto.UserID(clean(cell)).Valid() }):
		return rowErrorf(row, c.header[c.Phone], "the phone is empty, and a business-scoped id cannot be called: fill in the phone, or write to this person in a WhatsApp campaign")
	}
	return c.empty(row, c.Phone, "phone")
}

func (c *Columns) empty(row Row, column int, what string) error {
	if column >= len(row.Cells) {
		return rowErrorf(row, c.header[column], "the row has %d cells where the header has %d, and the %s is not among them", len(row.Cells), len(c.header), what)
	}
	return rowErrorf(row, c.header[column], "the %s is empty: fill it in", what)
}

// unfold writes 5.511987654321E+12, in which no digit is missing, as 5511987654321.
func unfold(phone string) (string, bool) {
	at := strings.IndexAny(phone, "eE")
	if at <= 0 || !rounded(phone) {
		return "", false
	}
	whole, decimals, _ := strings.Cut(strings.ReplaceAll(phone[:at], ",", "."), ".")
	exponent, err := strconv.Atoi(strings.TrimPrefix(phone[at+1:], "+"))
	if err != nil || exponent <= 0 || exponent > 15 || len(decimals) < exponent || len(whole) != 1 || strings.Trim(decimals[exponent:], "0") != "" {
		return "", false
	}
	return whole + decimals[:exponent], true
}

// rounded recognises 5,51199E+12 and its kin. Read as digits it would be somebody else's number.
func rounded(phone string) bool {
	i := strings.IndexAny(phone, "eE")
	if i <= 0 || i == len(phone)-1 {
		return false
	}
	isNumber := func(s string) bool { return s != "" && strings.Trim(s, "0123456789.,+") == "" }
	return isNumber(phone[:i]) && isNumber(phone[i+1:])
}
