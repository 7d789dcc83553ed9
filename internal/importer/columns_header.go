package importer

import (
	"slices"
	"strings"
	"unicode"

	"arauto"

	"golang.org/x/text/unicode/norm"
)

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
