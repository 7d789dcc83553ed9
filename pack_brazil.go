package arauto

import "time"

// packBrazil: no federal law sets hours. The country-wide rule is what Anatel ordered the large telecoms
// in 2019 and what courts and others since took as measure: Monday to Friday 9 to 21, Saturday 10 to 16, at
// most three contacts a day; for others it is a custom. States have laws of their own, which come on top.
// Block lists (Não me Perturbe; Não me Ligue in São Paulo, Lei 13.226/2008, since 2021 also for WhatsApp and
// SMS; the lists of PR, RS, SC, MG, PE, MS and others) are no hours: load them as suppressions.
var packBrazil = Pack{
	Name: "brazil", Version: 1, Countries: []string{"BR"}, Title: "Brasil",
	Rules: []PackRule{
		{
			Marketing: true, Holidays: true, Title: "Anatel 2019", Source: "Anatel, 13/06/2019 (Não me Perturbe)", Certainty: ByCode,
			Windows: Windows{{Days: Workdays, From: 9 * 60, To: 21 * 60}, {Days: Saturday, From: 10 * 60, To: 16 * 60}},
			Caps:    []Cap{{Limit: 3, Days: 1}},
		},
		{
			// The one that names WhatsApp and SMS; offers and collection.
			Regions: []string{"CE"}, Holidays: true, Title: "Ceará, Lei 16.836", Source: "Ceará, Lei 16.836/2019", Certainty: ByReport,
			Windows: Windows{{Days: Workdays, From: 8 * 60, To: 18 * 60}},
		},
		{
			// Offers and collection.
			Regions: []string{"ES"}, Holidays: true, Title: "Espírito Santo, Lei 10.626", Source: "Espírito Santo, Lei 10.626/2017", Certainty: ByReport,
			Windows: Windows{{Days: Workdays, From: 8 * 60, To: 19 * 60}},
		},
		{
			Regions: []string{"MG"}, Marketing: true, Holidays: true, Title: "Minas Gerais, Lei 19.095", Source: "Minas Gerais, Lei 19.095/2010, art. 6º", Certainty: ByLaw,
			Windows: Windows{{Days: Workdays | Saturday, From: 8 * 60, To: 21 * 60}},
		},
		{
			Regions: []string{"PE"}, Marketing: true, Holidays: true, Title: "Pernambuco, Lei 16.559", Certainty: ByReport,
			Source:  "Pernambuco, Lei 16.559/2019 (art. 81-A), as Lei 16.361/2018 had it",
			Windows: Windows{{Days: Workdays, From: 8 * 60, To: 20 * 60}, {Days: Saturday, From: 9 * 60, To: 15 * 60}},
		},
		{
			Regions: []string{"RJ"}, Marketing: true, Holidays: true, Title: "Rio de Janeiro, Lei 7.853", Source: "Rio de Janeiro, Lei 4.896/2006, as Lei 7.853/2018 has it", Certainty: ByReport,
			Windows: Windows{{Days: Workdays, From: 8 * 60, To: 18 * 60}},
		},
	},
	feasts: []feast{
		// Leis 662/1949, 6.802/1980, 9.093/1995, 10.607/2002, 14.759/2023.
		{name: "Confraternização Universal", month: time.January, day: 1},
		{name: "Sexta-feira Santa", easter: -2},
		{name: "Tiradentes", month: time.April, day: 21},
		{name: "Dia do Trabalho", month: time.May, day: 1},
		{name: "Independência do Brasil", month: time.September, day: 7},
		{name: "Nossa Senhora Aparecida", month: time.October, day: 12},
		{name: "Finados", month: time.November, day: 2},
		{name: "Proclamação da República", month: time.November, day: 15},
		{name: "Dia da Consciência Negra", month: time.November, day: 20, from: 2024},
		{name: "Natal", month: time.December, day: 25},
		// No holidays by federal law, and yet nobody works: kept so as to be safe.
		{name: "Carnaval", easter: -48},
		{name: "Carnaval", easter: -47},
		{name: "Corpus Christi", easter: 60},
		// Each state's own day (Lei 9.093/1995, art. 1º II): one a state, where it is known.
		{name: "Data Magna do Acre", month: time.June, day: 15, region: "AC"},
		{name: "Emancipação Política de Alagoas", month: time.September, day: 16, region: "AL"},
		{name: "Criação do Território do Amapá", month: time.September, day: 13, region: "AP"},
		{name: "Elevação do Amazonas a Província", month: time.September, day: 5, region: "AM"},
		{name: "Independência da Bahia", month: time.July, day: 2, region: "BA"},
		{name: "Data Magna do Ceará", month: time.March, day: 25, region: "CE"},
		{name: "Dia do Evangélico", month: time.November, day: 30, region: "DF"},
		{name: "Nossa Senhora da Penha", easter: 8, region: "ES"},
		{name: "Adesão do Maranhão", month: time.July, day: 28, region: "MA"},
		{name: "Criação do Estado", month: time.October, day: 11, region: "MS"},
		{name: "Adesão do Pará", month: time.August, day: 15, region: "PA"},
		{name: "Fundação da Paraíba", month: time.August, day: 5, region: "PB"},
		{name: "Data Magna de Pernambuco", month: time.March, day: 6, region: "PE"},
		{name: "Dia do Piauí", month: time.October, day: 19, region: "PI"},
		{name: "Dia de São Jorge", month: time.April, day: 23, region: "RJ"},
		{name: "Mártires de Cunhaú e Uruaçu", month: time.October, day: 3, region: "RN"},
		{name: "Revolução Farroupilha", month: time.September, day: 20, region: "RS"},
		{name: "Criação do Estado", month: time.January, day: 4, region: "RO"},
		{name: "Criação do Estado", month: time.October, day: 5, region: "RR"},
		{name: "Revolução Constitucionalista", month: time.July, day: 9, region: "SP"},
		{name: "Emancipação Política de Sergipe", month: time.July, day: 8, region: "SE"},
		{name: "Criação do Estado", month: time.October, day: 5, region: "TO"},
	},
}
