package main

// The words people and products are made of.
var (
	firstNames = []string{
		"Adão", "Aline", "Ângela", "Antônio", "Bárbara", "Beatriz", "Caíque", "Camila", "Cauã", "Cecília", "César", "Cláudia",
		"Conceição", "Débora", "Édson", "Elói", "Érica", "Fabrício", "Flávia", "Francisco", "Gisele", "Gonçalo", "Helena", "Heloísa",
		"Inês", "Íris", "Jandira", "João", "José", "Júlia", "Larissa", "Letícia", "Lívia", "Luís", "Luíza", "Marçal", "Márcia", "Mário",
		"Mônica", "Natália", "Otávio", "Patrícia", "Raí", "Rômulo", "Sebastião", "Simone", "Sônia", "Tainá", "Tomás", "Úrsula",
		"Vânia", "Verônica", "Vinícius", "Zélia", "Íñigo", "Begoña",
	}
	surnames = []string{
		"Abrão", "Alcântara", "Araújo", "Assunção", "Avelã", "Bragança", "Brandão", "Cabaça", "Calção", "Camões", "Conceição", "Corrêa",
		"D'Ávila", "Falcão", "Fagundes", "França", "Galvão", "Gonçalves", "Guimarães", "Hernández", "Ibáñez", "Jordão", "Leitão", "Lourenço",
		"Magalhães", "Maçã", "Mendonça", "Muñoz", "Núñez", "Paixão", "Patrão", "Peña", "Praça", "Queirós", "Rebouças", "Romão", "Sá",
		"Salomão", "Simões", "Sant’Anna", "Tourinho", "Uchôa", "Valadão", "Vasconcelos", "Ximenes", "Zanetti",
	}
	nicknames = []string{"Cacá", "Chicão", "Juca", "Lelê", "Nena", "Tião", "Zezé"}
	profiles  = []string{"Bronze", "Bronze", "Prata", "Prata", "Ouro", "Não classificado", ""}
	products  = []string{
		"Cartão de crédito", "Cartão; anuidade zero", "Consórcio", "Crédito “já aprovado”", "Empréstimo pessoal",
		"Plano família\r\n2 dependentes", "Renegociação – 2ª via", "Seguro \"Residência\"", "Seguro residência", "Título de capitalização",
	}
	// areas are Brazil's, all of them.
	areas = []string{
		"11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "22", "24", "27", "28", "31", "32", "33", "34", "35", "37", "38",
		"41", "42", "43", "44", "45", "46", "47", "48", "49", "51", "53", "54", "55", "61", "62", "63", "64", "65", "66", "67", "68", "69",
		"71", "73", "74", "75", "77", "79", "81", "82", "83", "84", "85", "86", "87", "88", "89", "91", "92", "93", "94", "95", "96", "97", "98", "99",
	}
)
