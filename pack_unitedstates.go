package arauto

import "time"

// packUnitedStates is the Telephone Consumer Protection Act's quiet hours with the states' stricter ones. All of it
// speaks of marketing ("telephone solicitation"). Meta delivers no WhatsApp marketing to United States area codes
// at all, which the gate knows without this pack: the pack is for the other channels, and for the day that
// changes. The area code says where a number was given out, not where its owner is.
var packUnitedStates = Pack{
	Name: "united-states", Version: 1, Countries: []string{"US", "PR", "GU", "VI", "AS", "MP"}, Title: "United States",
	Rules: []PackRule{
		solicitation("TCPA", "47 CFR 64.1200(c)(1)", ByLaw, Windows{{EveryDay, 8 * 60, 21 * 60}}),
		solicitation("Alabama", "Code of Ala. § 8-19A-14", ByReport, Windows{{Workdays | Saturday, 8 * 60, 20 * 60}}, "AL").onHolidays(),
		solicitation("Connecticut", "Conn. Gen. Stat. § 42-288a", ByReport, Windows{{EveryDay, 9 * 60, 20 * 60}}, "CT"),
		solicitation("Florida FTSA", "Fla. Stat. § 501.616(6)", ByReport, Windows{{EveryDay, 8 * 60, 20 * 60}}, "FL").atMost(3, 24),
		solicitation("Kentucky", "KRS 367.46955", ByReport, Windows{{EveryDay, 10 * 60, 21 * 60}}, "KY"),
		solicitation("Louisiana", "La. R.S. 45:844.11 ff.", ByReport, Windows{{Workdays | Saturday, 8 * 60, 20 * 60}}, "LA").onHolidays(),
		solicitation("Maryland", "Md. Com. Law § 14-4501 ff.", ByReport, Windows{{EveryDay, 8 * 60, 20 * 60}}, "MD").atMost(3, 24),
		solicitation("Massachusetts", "M.G.L. c. 159C § 3", ByReport, Windows{{EveryDay, 8 * 60, 20 * 60}}, "MA"),
		solicitation("Michigan, Minnesota, New Mexico", "MCL 445.111a, Minn. Stat. § 325E.30, N.M. Stat. § 57-12-22", ByReport, Windows{{EveryDay, 9 * 60, 21 * 60}}, "MI", "MN", "NM"),
		solicitation("Mississippi", "Miss. Code § 77-3-723", ByReport, Windows{{Workdays | Saturday, 8 * 60, 20 * 60}}, "MS"),
		solicitation("Nevada", "NRS 599B", ByReport, Windows{{EveryDay, 9 * 60, 20 * 60}}, "NV"),
		solicitation("Oklahoma", "Okla. Stat. tit. 15, § 775C.4", ByReport, Windows{{EveryDay, 8 * 60, 20 * 60}}, "OK").atMost(3, 24),
		solicitation("Rhode Island", "R.I. Gen. Laws § 5-61-3.6", ByReport, Windows{{Workdays, 9 * 60, 18 * 60}, {Saturday, 10 * 60, 17 * 60}}, "RI").onHolidays(),
		solicitation("Texas", "Tex. Bus. & Com. Code § 301.051", ByReport, Windows{{Workdays | Saturday, 9 * 60, 21 * 60}, {Sunday, 12 * 60, 21 * 60}}, "TX"),
		solicitation("Utah", "Utah Code § 13-25a-103", ByReport, Windows{{Workdays | Saturday, 8 * 60, 21 * 60}}, "UT").onHolidays(),
		solicitation("Washington", "RCW 80.36.390", ByReport, Windows{{EveryDay, 8 * 60, 20 * 60}}, "WA"),
	},
	feasts: []feast{
		// 5 U.S.C. 6103. The states' laws above mean their own lists, which differ in a day or two.
		{name: "New Year's Day", month: time.January, day: 1, nearest: true},
		{name: "Martin Luther King Jr. Day", month: time.January, nth: 3, weekday: time.Monday},
		{name: "Washington's Birthday", month: time.February, nth: 3, weekday: time.Monday},
		{name: "Memorial Day", month: time.May, nth: -1, weekday: time.Monday},
		{name: "Juneteenth", month: time.June, day: 19, nearest: true, from: 2021},
		{name: "Independence Day", month: time.July, day: 4, nearest: true},
		{name: "Labor Day", month: time.September, nth: 1, weekday: time.Monday},
		{name: "Columbus Day", month: time.October, nth: 2, weekday: time.Monday},
		{name: "Veterans Day", month: time.November, day: 11, nearest: true},
		{name: "Thanksgiving Day", month: time.November, nth: 4, weekday: time.Thursday},
		{name: "Christmas Day", month: time.December, day: 25, nearest: true},
	},
}

// solicitation is a rule about marketing in those states.
func solicitation(title, source string, c Certainty, w Windows, states ...string) PackRule {
	return PackRule{Marketing: true, Title: title, Source: source, Certainty: c, Windows: w, Regions: states}
}

func (r PackRule) onHolidays() PackRule {
	r.Holidays = true
	return r
}

func (r PackRule) atMost(limit, hours int) PackRule {
	r.Caps = []Cap{{Limit: limit, Hours: hours}}
	return r
}
