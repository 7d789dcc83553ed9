package arauto

import "time"

// packColombia is Ley 2300 de 2023 («Dejen de fregar»), in force since 10 October 2023. It protects consumers
// from collection (arts. 1 to 4) and, by art. 5, from advertising by text message, application, e-mail and
// call: the hours, and no more than one contact a day by one channel a week, are the same for both.
//
// It knows no category of message that would tell collection from the contacts the law lets through at any
// time (what the person asked for, confirmations and alerts of operations): a campaign of those says so in
// its policy (PackExemption).
var packColombia = Pack{
	Name: "colombia", Version: 1, Countries: []string{"CO"}, Title: "Colombia",
	Rules: []PackRule{{
		Title: "Ley 2300", Source: "Ley 2300 de 2023, arts. 3 y 5", Certainty: ByReport,
		Windows:  Windows{{Days: Workdays, From: 7 * 60, To: 19 * 60}, {Days: Saturday, From: 8 * 60, To: 15 * 60}},
		Holidays: true,
		// Art. 3: once there was direct contact, not more than once on the same day, nor by several channels in
		// the same week. Whether a message was seen is not known: every one counts.
		Caps: []Cap{{Limit: 1, Days: 1}}, OneChannel: true,
	}},
	feasts: []feast{
		// Ley 51 de 1983 («Ley Emiliani»): those marked monday move to it.
		{name: "Año Nuevo", month: time.January, day: 1},
		{name: "Día de los Reyes Magos", month: time.January, day: 6, monday: true},
		{name: "Día de San José", month: time.March, day: 19, monday: true},
		{name: "Jueves Santo", easter: -3},
		{name: "Viernes Santo", easter: -2},
		{name: "Día del Trabajo", month: time.May, day: 1},
		{name: "Ascensión del Señor", easter: 43}, // the Monday after the sixth Thursday
		{name: "Corpus Christi", easter: 64},
		{name: "Sagrado Corazón", easter: 71},
		{name: "San Pedro y San Pablo", month: time.June, day: 29, monday: true},
		{name: "Día de la Independencia", month: time.July, day: 20},
		{name: "Batalla de Boyacá", month: time.August, day: 7},
		{name: "Asunción de la Virgen", month: time.August, day: 15, monday: true},
		{name: "Día de la Raza", month: time.October, day: 12, monday: true},
		{name: "Todos los Santos", month: time.November, day: 1, monday: true},
		{name: "Independencia de Cartagena", month: time.November, day: 11, monday: true},
		{name: "Inmaculada Concepción", month: time.December, day: 8},
		{name: "Navidad", month: time.December, day: 25},
	},
}
