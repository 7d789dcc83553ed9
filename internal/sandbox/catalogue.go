package sandbox

// catalogue is what a new sandbox has on its WABA: both parameter formats, the
// header kinds, opt-out and URL buttons, two languages of one name, and two
// templates that cannot be sent.
func catalogue() []Template {
	return []Template{
		{
			Name: "oferta_boas_vindas", Language: "pt_BR", Category: "MARKETING", QualityScore: QualityScore{"GREEN"},
			Components: []Component{
				{Type: "HEADER", Format: "TEXT", Text: "Olá, {{1}}!", Example: &Example{HeaderText: []string{"Ana"}}},
				{Type: "BODY", Text: "Que bom ter você por aqui, {{1}}. Separamos {{2}} de desconto na sua próxima compra, só até {{3}}. Quer ver as opções?", Example: &Example{BodyText: [][]string{{"Ana", "15%", "sexta-feira"}}}},
				{Type: "FOOTER", Text: "Loja Arauto"},
				{Type: "BUTTONS", Buttons: []Button{
					{Type: "QUICK_REPLY", Text: "Quero ver"},
					{Type: "QUICK_REPLY", Text: "Agora não"},
					{Type: "QUICK_REPLY", Text: "Parar promoções"},
				}},
			},
		},
		{
			Name: "oferta_boas_vindas", Language: "es", Category: "MARKETING", QualityScore: QualityScore{"GREEN"},
			Components: []Component{
				{Type: "HEADER", Format: "TEXT", Text: "¡Hola, {{1}}!", Example: &Example{HeaderText: []string{"Lucía"}}},
				{Type: "BODY", Text: "Nos alegra tenerte aquí, {{1}}. Guardamos {{2}} de descuento para tu próxima compra, hasta el {{3}}. ¿Quieres ver las opciones?", Example: &Example{BodyText: [][]string{{"Lucía", "15%", "viernes"}}}},
				{Type: "BUTTONS", Buttons: []Button{
					{Type: "QUICK_REPLY", Text: "Quiero ver"},
					{Type: "QUICK_REPLY", Text: "No recibir promociones"},
				}},
			},
		},
		{
			Name: "lancamento_colecao", Language: "pt_BR", Category: "MARKETING", ParameterFormat: "NAMED", QualityScore: QualityScore{"YELLOW"},
			Components: []Component{
				{Type: "HEADER", Format: "IMAGE", Example: &Example{HeaderHandle: []string{"4::aW1hZ2UvanBlZw"}}},
				{Type: "BODY", Text: "Oi, {{nome}}! A coleção {{colecao}} chegou à loja {{loja}} e você pode reservar antes de todo mundo.", Example: &Example{BodyNamed: []NamedValue{{"nome", "Ana"}, {"colecao", "Outono"}, {"loja", "Centro"}}}},
				{Type: "FOOTER", Text: "Para não receber mais, toque abaixo"},
				{Type: "BUTTONS", Buttons: []Button{
					{Type: "QUICK_REPLY", Text: "Reservar"},
					{Type: "URL", Text: "Ver coleção", URL: "https://loja.example/colecao/{{1}}", Example: []string{"https://loja.example/colecao/outono"}},
					{Type: "QUICK_REPLY", Text: "Parar promoções"},
				}},
			},
		},
		{
			Name: "segunda_via_boleto", Language: "pt_BR", Category: "UTILITY", QualityScore: QualityScore{"GREEN"},
			Components: []Component{
				{Type: "HEADER", Format: "DOCUMENT", Example: &Example{HeaderHandle: []string{"4::YXBwbGljYXRpb24vcGRm"}}},
				{Type: "BODY", Text: "{{1}}, segue em anexo a segunda via do seu boleto de {{2}}, com vencimento em {{3}}.", Example: &Example{BodyText: [][]string{{"Ana", "R$ 120,50", "10/12"}}}},
				{Type: "BUTTONS", Buttons: []Button{
					{Type: "QUICK_REPLY", Text: "Já paguei"},
					{Type: "PHONE_NUMBER", Text: "Falar com a gente", Phone: "+551140001234"},
				}},
			},
		},
		{
			Name: "order_shipped", Language: "en_US", Category: "UTILITY", ParameterFormat: "NAMED", QualityScore: QualityScore{"UNKNOWN"},
			Components: []Component{
				{Type: "BODY", Text: "Hi {{first_name}}, your order {{order_number}} is on its way.", Example: &Example{BodyNamed: []NamedValue{{"first_name", "Ann"}, {"order_number", "A-1042"}}}},
				{Type: "BUTTONS", Buttons: []Button{
					{Type: "URL", Text: "Track it", URL: "https://shop.example/track/{{1}}", Example: []string{"https://shop.example/track/A-1042"}},
				}},
			},
		},
		{
			Name: "aviso_simples", Language: "pt_BR", Category: "UTILITY", QualityScore: QualityScore{"GREEN"},
			Components: []Component{
				{Type: "BODY", Text: "Seu cadastro foi atualizado. Se não foi você, responda esta mensagem."},
			},
		},
		{
			Name: "reativacao_cliente", Language: "pt_BR", Category: "MARKETING", Status: "PAUSED", QualityScore: QualityScore{"RED"},
			Components: []Component{
				{Type: "BODY", Text: "Sentimos sua falta, {{1}}! Volte e ganhe um brinde.", Example: &Example{BodyText: [][]string{{"Ana"}}}},
				{Type: "BUTTONS", Buttons: []Button{{Type: "QUICK_REPLY", Text: "Quero voltar"}, {Type: "QUICK_REPLY", Text: "Parar promoções"}}},
			},
		},
		{
			Name: "premio_garantido", Language: "pt_BR", Category: "MARKETING", Status: "REJECTED", RejectedReason: "ABUSIVE_CONTENT",
			Components: []Component{
				{Type: "BODY", Text: "Parabéns, {{1}}, você ganhou um prêmio! Responda com seus dados.", Example: &Example{BodyText: [][]string{{"Ana"}}}},
			},
		},
	}
}
