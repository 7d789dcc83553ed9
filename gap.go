package arauto

import (
	"fmt"
	"time"
)

// A Gap is the time of which a restored campaign knows nothing: from the moment of the backup to that of
// the restore it may have been changed, and may have written to people, in a life that is lost. Until a
// person has looked and said so, the campaign sends nothing.
type Gap struct {
	Account  int64
	Campaign int64
	Epoch    int64 // of the life that began with the restore
	Former   int64 // of the life that the backup was taken of
	// Heard is how many of the campaign's pending contacts are known, from the provider's late facts, to
	// have been written to in the gap by some campaign of the account.
	Heard int64

	From  time.Time // the backup
	Until time.Time // the restore
}

var gapWords = words{
	en: "restored on %s from a backup of %s: what was sent in between (%s) is not known here. Look at what reached people, then resume and confirm the gap",
	pt: "restaurada em %s de um backup de %s: o que foi enviado no intervalo (%s) não é conhecido aqui. Verifique o que chegou às pessoas, depois retome confirmando a lacuna",
	es: "restaurada el %s de una copia del %s: no se sabe aquí qué se envió en el intervalo (%s) entre ambas. Revise qué llegó a las personas y luego reanude confirmando el intervalo",
}

// Words name the gap to a person, by the clock of zone.
func (g Gap) Words(l Language, zone *time.Location) string {
	const minute = "2006-01-02 15:04 MST"
	return fmt.Sprintf(gapWords.in(l), g.Until.In(zone).Format(minute), g.From.In(zone).Format(minute), g.Length())
}

// Length is how long the gap was: "2 h 5 min", or "40 s".
func (g Gap) Length() string {
	length := max(g.Until.Sub(g.From), 0)
	switch {
	case length < time.Minute:
		return fmt.Sprintf("%d s", length/time.Second)
	case length < time.Hour:
		return fmt.Sprintf("%d min", length/time.Minute)
	}
	return fmt.Sprintf("%d h %d min", length/time.Hour, length%time.Hour/time.Minute)
}

// Unconfirmed is the conflict of a campaign that was asked to send before anybody confirmed its gap.
func (g Gap) Unconfirmed(c Campaign, l Language, zone *time.Location) error {
	return Errorf(KindConflict, "confirm", `campaign %q was %s (confirm: "gap")`, c.Name, g.Words(l, zone))
}
