package whatsapp

// Next steps, for people who run campaigns. Several codes share one.
var (
	nextToken = phrase{
		"Make a new system-user token at Meta, store it in the sender and resume it",
		"Gere um novo token de usuário do sistema na Meta, guarde-o no remetente e retome-o",
		"Genere un nuevo token de usuario del sistema en Meta, guárdelo en el remitente y reanúdelo",
	}
	nextPermission = phrase{
		"Give the token's system user the account and whatsapp_business_messaging, then resume the sender",
		"Dê ao usuário do sistema do token a conta e whatsapp_business_messaging e retome o remetente",
		"Dé al usuario del sistema del token la cuenta y whatsapp_business_messaging, y reanude el remitente",
	}
	nextIDs = phrase{
		"Compare the sender's number id and Graph version with the app's dashboard, correct them and resume it",
		"Compare o id do número e a versão do Graph do remetente com o painel do app, corrija e retome-o",
		"Compare el id del número y la versión de Graph del remitente con el panel de la app, corríjalos y reanúdelo",
	}
	nextRegister = phrase{
		"Register the number at Meta, then resume the sender",
		"Registre o número na Meta e retome o remetente",
		"Registre el número en Meta y reanude el remitente",
	}
	nextDisplayName = phrase{
		"Have the display name approved at Meta, then resume the sender",
		"Aguarde a aprovação do nome de exibição na Meta e retome o remetente",
		"Espere la aprobación del nombre visible en Meta y reanude el remitente",
	}
	nextSpam = phrase{
		"Look at the number's quality at Meta and at who is written to; resume the sender when it has recovered",
		"Veja a qualidade do número na Meta e a quem se escreve; retome o remetente quando ela se recuperar",
		"Revise la calidad del número en Meta y a quién se escribe; reanude el remitente cuando se recupere",
	}
	nextAppeal = phrase{
		"Open Meta's account quality page, ask for a review, and resume the account once Meta lifts it",
		"Abra a página de qualidade da conta na Meta, peça uma revisão e retome a conta quando a Meta liberar",
		"Abra la página de calidad de la cuenta en Meta, pida una revisión y reanude la cuenta cuando Meta la libere",
	}
	nextPayment = phrase{
		"Settle the payment method at Meta, then resume the account",
		"Regularize o meio de pagamento na Meta e retome a conta",
		"Regularice el medio de pago en Meta y reanude la cuenta",
	}
	nextMarketingAPI = phrase{
		"Allow marketing over Cloud API again in the account's settings at Meta, then resume the campaign",
		"Permita de novo o marketing pela Cloud API nas configurações da conta na Meta e retome a campanha",
		"Permita de nuevo el marketing por Cloud API en los ajustes de la cuenta en Meta y reanude la campaña",
	}
	nextReclassify = phrase{
		"Nothing now: it tries again by itself; correct the categories of the templates that Meta names",
		"Nada agora: tenta de novo sozinho; corrija as categorias dos templates que a Meta indica",
		"Nada por ahora: se reintenta solo; corrija las categorías de las plantillas que Meta señala",
	}
	nextWaits = phrase{
		"Nothing: it goes on by itself after a rest",
		"Nada: continua sozinho depois de um descanso",
		"Nada: continúa solo después de un descanso",
	}
	nextSlower = phrase{
		"Nothing: it sends more slowly by itself; ask Meta for more throughput if that is too slow",
		"Nada: o envio desacelera sozinho; peça mais vazão à Meta se ficar lento demais",
		"Nada: el envío se desacelera solo; pida más capacidad a Meta si resulta lento",
	}
	nextRetries = phrase{
		"Nothing: the contact is tried again by itself a few times",
		"Nada: o contato é tentado de novo algumas vezes",
		"Nada: el contacto se reintenta solo algunas veces",
	}
	nextQuiet = phrase{
		"Nothing: after a quiet time without word of the message the contact is tried again, three times at most",
		"Nada: após um tempo sem notícia da mensagem o contato é tentado de novo, no máximo três vezes",
		"Nada: tras un tiempo sin noticias del mensaje el contacto se reintenta, tres veces como máximo",
	}
	nextLeave = phrase{
		"Leave the person in peace: another message would not arrive either",
		"Deixe a pessoa em paz: outra mensagem também não chegaria",
		"Deje a la persona en paz: otro mensaje tampoco llegaría",
	}
	nextNumber = phrase{
		"Check the number, or reach the person another way",
		"Confira o número ou fale com a pessoa por outro meio",
		"Revise el número o contacte a la persona por otro medio",
	}
	nextCountry = phrase{
		"Ask Meta why the country is closed, lift the country in the account, then try its contacts again",
		"Pergunte à Meta por que o país está bloqueado, libere o país na conta e tente os contatos de novo",
		"Pregunte a Meta por qué el país está cerrado, libere el país en la cuenta y reintente sus contactos",
	}
	nextOtherNumber = phrase{
		"Remove the sender's own number from the list",
		"Retire da lista o número do próprio remetente",
		"Quite de la lista el número del propio remitente",
	}
	nextAllowed = phrase{
		"Add the person to the test number's recipients at Meta, or send from a live number",
		"Inclua a pessoa nos destinatários do número de teste na Meta ou envie de um número real",
		"Agregue a la persona a los destinatarios del número de prueba en Meta o envíe desde un número real",
	}
	nextTemplateOnly = phrase{
		"Send a template: the person has to write before free text is possible",
		"Envie um template: a pessoa precisa escrever antes de se poder usar texto livre",
		"Envíe una plantilla: la persona debe escribir antes de poder usar texto libre",
	}
	nextCap = phrase{
		"Wait: an earlier try prolongs it; a campaign may allow one more try after 24 hours",
		"Espere: tentar antes prolonga o bloqueio; uma campanha pode permitir mais uma tentativa após 24 horas",
		"Espere: intentar antes lo prolonga; una campaña puede permitir un intento más después de 24 horas",
	}
	nextStopped = phrase{
		"Nothing: the person is on the do-not-contact list for marketing until they change their mind",
		"Nada: a pessoa fica na lista de não perturbe de marketing até mudar de ideia",
		"Nada: la persona queda en la lista de no contactar para marketing hasta que cambie de opinión",
	}
	nextPhone = phrase{
		"Give the contact a phone number: this message cannot go to a username",
		"Informe um telefone para o contato: esta mensagem não pode ir a um nome de usuário",
		"Indique un teléfono para el contacto: este mensaje no puede ir a un nombre de usuario",
	}
	nextIdentity = phrase{
		"Confirm with the person that the number is still theirs, then try again",
		"Confirme com a pessoa que o número ainda é dela e tente de novo",
		"Confirme con la persona que el número sigue siendo suyo y reintente",
	}
	nextReport = phrase{
		"Compare the mapping and the contact's values with the template; report it to your operator if they fit",
		"Compare o mapeamento e os valores do contato com o template; avise seu operador se estiverem certos",
		"Compare el mapeo y los valores del contacto con la plantilla; avise a su operador si coinciden",
	}
	nextMedia = phrase{
		"Check that the media link opens without a login and that size and format are allowed, then try again",
		"Confira se o link da mídia abre sem login e se tamanho e formato são aceitos e tente de novo",
		"Revise que el enlace del archivo abra sin inicio de sesión y que tamaño y formato se admitan, y reintente",
	}
	nextMapping = phrase{
		"Correct the campaign's mapping or the contact's values, resume if it was paused, and try those contacts again",
		"Corrija o mapeamento da campanha ou os valores do contato, retome se foi pausada e tente esses contatos de novo",
		"Corrija el mapeo de la campaña o los valores del contacto, reanude si quedó en pausa y reintente esos contactos",
	}
	nextApprove = phrase{
		"Have the template approved in this language at Meta: the campaign then goes on by itself",
		"Obtenha a aprovação do template neste idioma na Meta: a campanha então continua sozinha",
		"Consiga la aprobación de la plantilla en este idioma en Meta: la campaña continúa entonces sola",
	}
	nextShorten = phrase{
		"Shorten the contact's values or the template's text, then try again",
		"Encurte os valores do contato ou o texto do template e tente de novo",
		"Acorte los valores del contacto o el texto de la plantilla y reintente",
	}
	nextContent = phrase{
		"Change the content, or use another template, then resume the campaign",
		"Mude o conteúdo ou use outro template e retome a campanha",
		"Cambie el contenido o use otra plantilla y reanude la campaña",
	}
	nextUnpause = phrase{
		"Nothing: the campaign goes on by itself once Meta unpauses the template; write to fewer people who did not ask",
		"Nada: a campanha continua sozinha quando a Meta reativar o template; escreva menos a quem não pediu",
		"Nada: la campaña continúa sola cuando Meta reactive la plantilla; escriba menos a quien no lo pidió",
	}
	nextReplace = phrase{
		"Make another template, put it into the campaign and resume it",
		"Crie outro template, coloque-o na campanha e retome-a",
		"Cree otra plantilla, póngala en la campaña y reanúdela",
	}
	nextFlow = phrase{
		"Mend the flow at Meta, then resume the campaign",
		"Corrija o fluxo na Meta e retome a campanha",
		"Corrija el flujo en Meta y reanude la campaña",
	}
	nextCategory = phrase{
		"Use a marketing template in this campaign, then resume it",
		"Use um template de marketing nesta campanha e retome-a",
		"Use una plantilla de marketing en esta campaña y reanúdela",
	}
	nextOnboard = phrase{
		"Finish the account's onboarding to marketing messages at Meta, then resume the campaign",
		"Conclua a adesão da conta às mensagens de marketing na Meta e retome a campanha",
		"Complete la adhesión de la cuenta a los mensajes de marketing en Meta y reanude la campaña",
	}
	nextDropped = phrase{
		"Look at the template's quality: where many were dropped, change the message before going on",
		"Veja a qualidade do template: se muitas foram descartadas, mude a mensagem antes de continuar",
		"Revise la calidad de la plantilla: si se descartaron muchos, cambie el mensaje antes de seguir",
	}
	nextUnknown = phrase{
		"Look the code up at Meta and tell your operator: the table may need a row",
		"Consulte o código na Meta e avise seu operador: a tabela pode precisar de uma linha",
		"Consulte el código en Meta y avise a su operador: la tabla puede necesitar una fila",
	}
)
