package arauto

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pricing is what a status says of a message's price: what it is charged as, never how much.
type Pricing struct {
	Category string // as NormalCategory has it; "" = the status says nothing
	Free     bool   // within a free window
}

// A Charge is a message's price as the provider named it and as the account's rates made it. It is kept on
// the attempt, so that a message is counted once whatever the provider tells again.
//
// The provider names the price with `sent` and with one of `delivered` and `read`. Where the two differ the
// later stage counts, in whichever order they come.
type Charge struct {
	Stage    EventKind // of the status that named it; "" = none did
	Category string
	Country  string // of the recipient; "" = not known
	Free     bool
	BRL, USD Price // by the rates when it was named first
}

// Price is what a message costs in one currency, in millionths; or one of these two.
type Price int64

const (
	NoRate   Price = -1 // the account keeps rates in that currency, and none for this message
	NotAsked Price = -2 // the account keeps no rates in that currency
)

// NewCharge prices a message to country by p, as a status of that stage says; at is when the message was
// intended, so that a status that comes late prices it no differently.
func NewCharge(stage EventKind, p Pricing, country string, rates Rates, at time.Time) Charge {
	c := Charge{Stage: stage, Category: p.Category, Country: country, Free: p.Free, BRL: NotAsked, USD: NotAsked}
	if p.Free {
		return c
	}
	for _, currency := range rates.Currencies() {
		price := NoRate
		if r, ok := rates.At(country, p.Category, currency, at); ok {
			price = Price(r.Micros)
		}
		*c.price(currency) = price
	}
	return c
}

func (c *Charge) price(currency Currency) *Price {
	if currency == BRL {
		return &c.BRL
	}
	return &c.USD
}

// In is the charge in that currency; false when it has none there.
func (c Charge) In(currency Currency) (micros int64, ok bool) {
	p := *c.price(currency)
	if c.Free {
		return 0, true
	}
	return max(int64(p), 0), p >= 0
}

// Settle is what a message is charged as after next was named too.
func (c Charge) Settle(next Charge) Charge {
	newer, older := next, c
	if c.outranks(next) {
		newer, older = c, next
	}
	if older.Stage == "" || older.Category != newer.Category || older.Free != newer.Free {
		return newer
	}
	// The same price told again: what was known first stays, as rates may have been edited since.
	stage := newer.Stage
	newer = c
	newer.Stage = stage
	return newer
}

// outranks orders charges of one message so that which comes first does not matter.
func (c Charge) outranks(other Charge) bool {
	free := func(c Charge) int {
		if c.Free {
			return 1
		}
		return 0
	}
	by := cmp.Or(cmp.Compare(stageRank(c.Stage), stageRank(other.Stage)), cmp.Compare(c.Category, other.Category), cmp.Compare(free(other), free(c)))
	return by > 0
}

func stageRank(e EventKind) int {
	return slices.Index([]EventKind{EventSent, EventDelivered, EventRead}, e) // -1 for none
}

// String is c as it is stored; "" for the zero Charge.
func (c Charge) String() string {
	if c.Stage == "" {
		return ""
	}
	words := []string{string(c.Stage), c.Category, cmp.Or(c.Country, "-")}
	if c.Free {
		words = append(words, "free")
	}
	for _, currency := range Currencies() {
		if p := *c.price(currency); p != NotAsked {
			words = append(words, string(currency), strconv.FormatInt(int64(p), 10))
		}
	}
	return strings.Join(words, " ")
}

// ParseCharge reads what String wrote; the zero Charge for anything else.
func ParseCharge(s string) Charge {
	words := strings.Fields(s)
	if len(words) < 3 {
		return Charge{}
	}
	c := Charge{Stage: EventKind(words[0]), Category: words[1], BRL: NotAsked, USD: NotAsked}
	if words[2] != "-" {
		c.Country = words[2]
	}
	rest := words[3:]
	if len(rest) > 0 && rest[0] == "free" {
		c.Free, rest = true, rest[1:]
	}
	for ; len(rest) >= 2; rest = rest[2:] {
		n, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil || !slices.Contains(Currencies(), Currency(rest[0])) {
			return Charge{}
		}
		*c.price(Currency(rest[0])) = Price(n)
	}
	return c
}

// Charged is what the attempt costs: nothing while the provider named no price, or when the message failed.
func (a Attempt) Charged() (Charge, bool) {
	return a.Charge, a.Charge.Stage != "" && a.State != AttemptFailed
}

// Billing is how a part of a campaign's messages stands in its cost.
type Billing string

const (
	BillingRegular  Billing = "regular"  // charged, at a rate
	BillingFree     Billing = "free"     // within a free window
	BillingUnrated  Billing = "unrated"  // charged, and the account has no rate for it
	BillingExpected Billing = "expected" // on its way, its price not named yet; kept for campaigns with a ceiling only
)

// A CostLine is one part of a campaign's cost: Messages messages that cost Micros together.
type CostLine struct {
	Billing  Billing
	Currency Currency // "" where no currency is meant: free, or an account without rates
	Category string
	Country  string
	Messages int64
	Micros   int64
}

// Lines are what one message adds to its campaign's cost: one for each currency of the account.
func (c Charge) Lines() []CostLine {
	line := CostLine{Billing: BillingFree, Category: c.Category, Country: c.Country, Messages: 1}
	if c.Free {
		return []CostLine{line}
	}
	var list []CostLine
	for _, currency := range Currencies() {
		p := *c.price(currency)
		if p == NotAsked {
			continue
		}
		line.Billing, line.Currency, line.Micros = BillingRegular, currency, int64(p)
		if p == NoRate {
			line.Billing, line.Micros = BillingUnrated, 0
		}
		list = append(list, line)
	}
	if len(list) == 0 {
		line.Billing = BillingUnrated
		list = append(list, line)
	}
	return list
}

// Spent is what lines come to in that currency, without what is only expected.
func Spent(lines []CostLine, currency Currency) (m Money) {
	m.Currency = currency
	for _, l := range lines {
		if l.Currency == currency && l.Billing == BillingRegular {
			m.Micros += l.Micros
		}
	}
	return m
}

// Estimate is what people by country would cost, one message each, of a template of that category; lines are
// by country, then currency. A country without a rate in a currency that the account uses is BillingUnrated.
func Estimate(people map[string]int64, category string, rates Rates, now time.Time) (lines []CostLine) {
	category = NormalCategory(category)
	for country, n := range people {
		if n <= 0 {
			continue
		}
		one := NewCharge("", Pricing{Category: category}, country, rates, now)
		for _, l := range one.Lines() {
			l.Messages, l.Micros = n, l.Micros*n
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b CostLine) int {
		return cmp.Or(cmp.Compare(a.Country, b.Country), cmp.Compare(a.Currency, b.Currency))
	})
	return lines
}

// CeilingReached says to people who speak l that a campaign pauses because its next message, at next, would cost more
// than is left.
func CeilingReached(l Language, ceiling, spent, next Money) string {
	format := "the ceiling of %s is reached: %s spent or on the way, and the next message costs %s; raise the ceiling to go on"
	switch l {
	case Portuguese:
		format = "o teto de %s foi atingido: %s gastos ou a caminho, e a próxima mensagem custa %s; aumente o teto para continuar"
	case Spanish:
		format = "se alcanzó el tope de %s: %s gastados o en camino, y el próximo mensaje cuesta %s; suba el tope para continuar"
	}
	return fmt.Sprintf(format, ceiling, spent, next)
}

// CeilingBlind says that a ceiling cannot be kept, because there is no rate for a message.
func CeilingBlind(l Language, ceiling Money, category, country string) string {
	format := "the ceiling of %s cannot be kept: there is no rate for %s to %s in %s; enter it, or take the ceiling away"
	switch l {
	case Portuguese:
		format = "o teto de %s não pode ser mantido: não há tarifa de %s para %s em %s; informe-a ou retire o teto"
	case Spanish:
		format = "no se puede mantener el tope de %s: no hay tarifa de %s para %s en %s; ingrésela o quite el tope"
	}
	return fmt.Sprintf(format, ceiling, category, cmp.Or(country, "?"), ceiling.Currency)
}
