package arauto

import (
	"fmt"
	"strings"
	"time"
)

// What the gate asks of the clock, the calendar and a person's recent touches: the account's own rules, the
// campaign's, and those of the packs that speak of the number's place.

// zones are those by which the person's clock is judged: where the number does not say, the account's.
func (in *GateInput) zones() []*time.Location {
	switch {
	case len(in.Place.Zones) > 0:
		return in.Place.Zones
	case in.Zone != nil:
		return []*time.Location{in.Zone}
	}
	return []*time.Location{time.UTC}
}

// eachRule calls do with every pack's rule that speaks of this contact's message until it returns false.
func (in *GateInput) eachRule(do func(*Pack, *PackRule) bool) {
	if in.Rules == nil || in.Campaign.Policy.PackExemption != "" {
		return
	}
	for _, ref := range in.Rules.Packs {
		pack := PackOf(ref)
		if pack == nil || !pack.covers(in.Place) {
			continue
		}
		for i := range pack.Rules {
			if r := &pack.Rules[i]; r.speaks(in.Place, in.Marketing) && !do(pack, r) {
				return
			}
		}
	}
}

// openings adds to list every rule about when.
func (in *GateInput) openings(list []opening) []opening {
	policy := in.Campaign.Policy
	zones := in.zones()
	if in.Rules != nil {
		own := opening{windows: in.Rules.Windows, zones: zones, place: in.Place}
		if !policy.WorkHolidays {
			own.holidays = in.Rules.Holidays
		}
		if len(own.windows) > 0 || len(own.holidays) > 0 {
			list = append(list, own)
		}
	}
	if len(policy.Windows) > 0 {
		list = append(list, opening{windows: policy.Windows, zones: zones, campaign: true})
	}
	in.eachRule(func(p *Pack, r *PackRule) bool {
		if len(r.Windows) > 0 || r.Holidays {
			list = append(list, opening{windows: r.Windows, zones: zones, pack: p, rule: r, place: in.Place})
		}
		return true
	})
	return list
}

// hoursRule holds a contact outside the hours in which it may be contacted, until the first moment that suits
// every rule and every zone.
func hoursRule(in GateInput, now time.Time) (Verdict, bool) {
	var few [8]opening
	list := in.openings(few[:0])
	for _, o := range list {
		for _, zone := range o.zones {
			local := now.In(zone)
			if o.wall(local) {
				continue
			}
			v := Verdict{Outcome: Wait, Reason: ReasonOutsideWindow}
			name, off := o.off(local)
			if off {
				v.Reason = ReasonHoliday
			}
			until, found := firstCommon(now, list...)
			if !found {
				until = now.Add(Horizon)
			}
			v.Until, v.Words = until, o.words(in.Language, local, name, off, found)
			return v, true
		}
	}
	return Verdict{}, false
}

// words say which rule is shut and what the clock there shows.
func (o opening) words(l Language, local time.Time, name string, off, found bool) string {
	var title string
	switch {
	case o.rule != nil:
		title = o.pack.Title + " · " + o.rule.Title
	case o.campaign:
		title = words{"the campaign's hours", "o horário da campanha", "el horario de la campaña"}.in(l)
	default:
		title = words{"the account's hours", "o horário da conta", "el horario de la cuenta"}.in(l)
	}
	day := weekdays(l)[local.Weekday()]
	var said string
	if off {
		said = fmt.Sprintf(words{"%s: %s is a holiday", "%s: %s é feriado", "%s: %s es feriado"}.in(l), title, strings.TrimSpace(name+" ("+DateOf(local).String()+")"))
	} else {
		said = fmt.Sprintf(words{"%s: %s, it is %s in %s", "%s: %s, são %s em %s", "%s: %s, son las %s en %s"}.in(l),
			title, strings.TrimSpace(day+" "+o.windows.on(local.Weekday(), l)), local.Format("15:04"), city(local.Location()))
	}
	if !found {
		said += words{
			"; no moment in the next 14 days suits every rule and time zone", "; nenhum momento dos próximos 14 dias serve a todas as regras e fusos",
			"; ningún momento de los próximos 14 días sirve a todas las reglas y husos",
		}.in(l)
	}
	return said
}

// on are the stretches that begin on that weekday, in words.
func (w Windows) on(day time.Weekday, l Language) string {
	var list []string
	for _, x := range w {
		if x.Days.Has(day) {
			list = append(list, clock(x.From)+"–"+clock(x.To))
		}
	}
	if len(list) == 0 {
		return words{"never", "nunca", "nunca"}.in(l)
	}
	return strings.Join(list, ", ")
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// city is the last part of a zone's name: America/Sao_Paulo is Sao Paulo.
func city(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

func weekdays(l Language) [7]string {
	switch l {
	case Portuguese:
		return [7]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}
	case Spanish:
		return [7]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"}
	}
	return [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
}

// capRule holds a contact whose person was contacted as often as some cap allows.
func capRule(in GateInput, now time.Time) (Verdict, bool) {
	if len(in.Touches) == 0 {
		return Verdict{}, false
	}
	seen := counted{touches: in.Touches}
	if in.Contact.Attempts > 0 {
		// It is pending, so nothing of its earlier attempts has reached the person: they count for others only.
		seen.but = in.Contact.Campaign
	}
	v := Verdict{Outcome: Wait, Reason: ReasonFrequencyCap}
	judge := func(c Cap, p *Pack, r *PackRule) {
		if seen.zones == nil {
			seen.zones = in.zones()
		}
		if until, full := seen.full(c, now); full && until.After(v.Until) {
			v.Until, v.Words = until, c.words(in.Language, p, r)
		}
	}
	if in.Rules != nil {
		for _, c := range in.Rules.Caps {
			if in.Marketing || !c.Marketing {
				judge(c, nil, nil)
			}
		}
	}
	in.eachRule(func(p *Pack, r *PackRule) bool {
		for _, c := range r.Caps {
			judge(c, p, r)
		}
		if r.OneChannel {
			seen.zones = in.zones()
			if until, other := seen.otherChannel(in.Campaign.Channel, now); other && until.After(v.Until) {
				v.Until = until
				v.Words = p.Title + " · " + r.Title + ": " + words{"one channel a week", "um canal por semana", "un canal por semana"}.in(in.Language)
			}
		}
		return true
	})
	return v, !v.Until.IsZero()
}

func (c Cap) words(l Language, p *Pack, r *PackRule) string {
	title := words{"the account's limit", "o limite da conta", "el límite de la cuenta"}.in(l)
	if r != nil {
		title = p.Title + " · " + r.Title
	}
	long, unit := c.Hours, words{"hours", "horas", "horas"}
	if c.Days > 0 {
		long, unit = c.Days, words{"days", "dias", "días"}
		if c.Days == 1 {
			unit = words{"day", "dia", "día"}
		}
	}
	return fmt.Sprintf("%s: %d / %d %s", title, c.Limit, long, unit.in(l))
}

// endedRule ends what a campaign did not get to in time.
func endedRule(in GateInput, now time.Time) (Verdict, bool) {
	end := in.Campaign.Policy.EndAt
	if end.IsZero() || now.Before(end) {
		return Verdict{}, false
	}
	at := end.UTC()
	if in.Zone != nil {
		at = end.In(in.Zone)
	}
	return Verdict{Outcome: Fail, Reason: ReasonExpired, Words: fmt.Sprintf(words{
		"the campaign ended at %s", "a campanha terminou em %s", "la campaña terminó el %s",
	}.in(in.Language), at.Format("2006-01-02 15:04"))}, true
}

// attemptsRule ends a contact that was tried as often as it may be.
func attemptsRule(in GateInput, _ time.Time) (Verdict, bool) {
	most := in.Campaign.Policy.Attempts
	if in.Rules != nil && in.Rules.Attempts > 0 && (most == 0 || in.Rules.Attempts < most) {
		most = in.Rules.Attempts
	}
	return Verdict{Outcome: Fail, Reason: ReasonTooManyAttempts}, most > 0 && in.Contact.Attempts >= most
}

// marketingRule ends what Meta would not deliver: it takes marketing templates to United States area codes and
// drops them.
//
// Vendor: MD/templates/marketing-templates (pause since April 2025).
func marketingRule(in GateInput, _ time.Time) (Verdict, bool) {
	v := Verdict{Outcome: Fail, Reason: ReasonUSMarketing}
	return v, in.Marketing && in.Place.UnitedStates && in.Campaign.Channel == ChannelWhatsApp
}

// PutOff reports whether v is about the contact alone and says when it ends: others may go meanwhile.
func (v Verdict) PutOff() bool {
	switch v.Reason {
	case ReasonOutsideWindow, ReasonHoliday, ReasonFrequencyCap, ReasonNotYet, ReasonJustContacted:
		return v.Outcome == Wait && !v.Until.IsZero()
	}
	return false
}

// MissedWords say why a campaign that missed its start is held.
func MissedWords(late time.Duration, l Language) string {
	return fmt.Sprintf(words{
		"it would have started %d h %02d min late: look at it, then start it", "começaria com %d h %02d min de atraso: verifique e depois inicie",
		"empezaría con %d h %02d min de atraso: revísela y luego iníciela",
	}.in(l), int(late.Hours()), int(late.Minutes())%60)
}
