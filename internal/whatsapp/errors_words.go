package whatsapp

// phrase is one sentence in every language that Arauto speaks.
type phrase struct{ en, pt, es string }

// said is what a code says to a person: what happened, and the next step.
type said struct{ what, next phrase }

// codeWords has the words of every code in verdicts, and of the range of permissions at its first.
var codeWords = map[int]said{
	0: {phrase{
		"Meta could not tell who is calling: the access token no longer holds",
		"A Meta não reconheceu quem chama: o token de acesso não vale mais",
		"Meta no reconoció a quien llama: el token de acceso ya no es válido",
	}, nextToken},
	3: {phrase{
		"The app lacks a capability for this call",
		"O app não tem uma capacidade que a chamada exige",
		"A la app le falta una capacidad para esta llamada",
	}, nextPermission},
	10: {phrase{
		"The token has no permission for this",
		"O token não tem permissão para isto",
		"El token no tiene permiso para esto",
	}, nextPermission},
	102: {phrase{
		"The session of the access token has ended",
		"A sessão do token de acesso terminou",
		"La sesión del token de acceso terminó",
	}, nextToken},
	190: {phrase{
		"The access token expired or was revoked",
		"O token de acesso expirou ou foi revogado",
		"El token de acceso venció o fue revocado",
	}, nextToken},
	200: {phrase{
		"The token lacks one of the permissions that Meta numbers from 200 to 299",
		"Falta ao token uma das permissões que a Meta numera de 200 a 299",
		"Al token le falta uno de los permisos que Meta numera del 200 al 299",
	}, nextPermission},
	803: {phrase{
		"Meta shows no such number to this token",
		"A Meta não mostra esse número a este token",
		"Meta no muestra ese número a este token",
	}, nextIDs},
	2500: {phrase{
		"The address of the call does not exist at Meta",
		"O endereço da chamada não existe na Meta",
		"La dirección de la llamada no existe en Meta",
	}, nextIDs},
	131005: {phrase{
		"Access to the number was denied",
		"O acesso ao número foi negado",
		"Se negó el acceso al número",
	}, nextPermission},
	131037: {phrase{
		"The number's display name is not approved",
		"O nome de exibição do número não está aprovado",
		"El nombre visible del número no está aprobado",
	}, nextDisplayName},
	131045: {phrase{
		"The number is not registered properly",
		"O número não está registrado corretamente",
		"El número no está bien registrado",
	}, nextRegister},
	131048: {phrase{
		"Meta limits the number because people report its messages as spam",
		"A Meta limita o número porque pessoas denunciam suas mensagens como spam",
		"Meta limita el número porque la gente reporta sus mensajes como spam",
	}, nextSpam},
	133010: {phrase{
		"The number is not registered with the Cloud API",
		"O número não está registrado na Cloud API",
		"El número no está registrado en Cloud API",
	}, nextRegister},
	368: {phrase{
		"Meta blocks the account for now for breaking its policies",
		"A Meta bloqueia a conta por ora por violar suas políticas",
		"Meta bloquea la cuenta por ahora por infringir sus políticas",
	}, nextAppeal},
	131031: {phrase{
		"Meta locked the account",
		"A Meta bloqueou a conta",
		"Meta bloqueó la cuenta",
	}, nextAppeal},
	131042: {phrase{
		"The account has a payment problem",
		"A conta tem um problema de pagamento",
		"La cuenta tiene un problema de pago",
	}, nextPayment},
	131063: {phrase{
		"The account does not allow marketing messages over this API",
		"A conta não permite mensagens de marketing por esta API",
		"La cuenta no permite mensajes de marketing por esta API",
	}, nextMarketingAPI},
	131064: {phrase{
		"Meta holds the account's messages back because templates were put into the wrong category",
		"A Meta retém as mensagens da conta porque templates foram postos na categoria errada",
		"Meta retiene los mensajes de la cuenta porque hay plantillas en la categoría equivocada",
	}, nextReclassify},
	4: {phrase{
		"The app made too many calls to Meta",
		"O app fez chamadas demais à Meta",
		"La app hizo demasiadas llamadas a Meta",
	}, nextWaits},
	80007: {phrase{
		"The account made too many calls to Meta",
		"A conta fez chamadas demais à Meta",
		"La cuenta hizo demasiadas llamadas a Meta",
	}, nextWaits},
	130429: {phrase{
		"The number sends faster than Meta lets it",
		"O número envia mais rápido do que a Meta permite",
		"El número envía más rápido de lo que Meta permite",
	}, nextSlower},
	131056: {phrase{
		"Too many messages from this number to this person in a short time",
		"Mensagens demais deste número para esta pessoa em pouco tempo",
		"Demasiados mensajes de este número a esta persona en poco tiempo",
	}, nextRetries},
	133016: {phrase{
		"The number was registered or verified too often",
		"O número foi registrado ou verificado vezes demais",
		"El número se registró o verificó demasiadas veces",
	}, nextWaits},
	1: {phrase{
		"Meta met a fault of its own and does not say which",
		"A Meta teve uma falha própria e não diz qual",
		"Meta tuvo una falla propia y no dice cuál",
	}, nextQuiet},
	2: {phrase{
		"A service of Meta was unavailable for a moment",
		"Um serviço da Meta ficou indisponível por um momento",
		"Un servicio de Meta no estuvo disponible por un momento",
	}, nextQuiet},
	131000: {phrase{
		"Something went wrong at Meta and it does not say what",
		"Algo deu errado na Meta e ela não diz o quê",
		"Algo salió mal en Meta y no dice qué",
	}, nextQuiet},
	131016: {phrase{
		"The messaging service was overloaded",
		"O serviço de mensagens estava sobrecarregado",
		"El servicio de mensajes estaba sobrecargado",
	}, nextRetries},
	133004: {phrase{
		"The server was unavailable for a moment",
		"O servidor ficou indisponível por um momento",
		"El servidor no estuvo disponible por un momento",
	}, nextRetries},
	131057: {phrase{
		"The number is being moved to a higher throughput",
		"O número está sendo movido para uma vazão maior",
		"El número se está moviendo a una capacidad mayor",
	}, nextWaits},
	130403: {phrase{
		"The business and the person have blocked each other",
		"A empresa e a pessoa se bloquearam",
		"La empresa y la persona se bloquearon",
	}, nextLeave},
	130472: {phrase{
		"Meta keeps this person out of marketing messages in an experiment",
		"A Meta deixa esta pessoa sem mensagens de marketing em um experimento",
		"Meta deja a esta persona sin mensajes de marketing en un experimento",
	}, nextLeave},
	130497: {phrase{
		"The account may not write to people in that country",
		"A conta não pode escrever a pessoas desse país",
		"La cuenta no puede escribir a personas de ese país",
	}, nextCountry},
	131021: {phrase{
		"Sender and recipient are the same number",
		"Remetente e destinatário são o mesmo número",
		"Remitente y destinatario son el mismo número",
	}, nextOtherNumber},
	131026: {phrase{
		"The message cannot be delivered: the number is not on WhatsApp, or the app is too old",
		"A mensagem não pode ser entregue: o número não está no WhatsApp ou o aplicativo é antigo demais",
		"El mensaje no se puede entregar: el número no está en WhatsApp o la aplicación es demasiado antigua",
	}, nextNumber},
	131030: {phrase{
		"The person is not among the test number's recipients",
		"A pessoa não está entre os destinatários do número de teste",
		"La persona no está entre los destinatarios del número de prueba",
	}, nextAllowed},
	131047: {phrase{
		"More than 24 hours have passed since the person wrote",
		"Passaram-se mais de 24 horas desde que a pessoa escreveu",
		"Pasaron más de 24 horas desde que la persona escribió",
	}, nextTemplateOnly},
	131049: {phrase{
		"Meta did not deliver: this person gets enough marketing for now",
		"A Meta não entregou: esta pessoa já recebe marketing suficiente por ora",
		"Meta no entregó: esta persona ya recibe suficiente marketing por ahora",
	}, nextCap},
	131050: {phrase{
		"The person stopped marketing messages from this business",
		"A pessoa parou as mensagens de marketing desta empresa",
		"La persona detuvo los mensajes de marketing de esta empresa",
	}, nextStopped},
	131062: {phrase{
		"This kind of message cannot go to a person known by username only",
		"Este tipo de mensagem não pode ir a quem só se conhece pelo nome de usuário",
		"Este tipo de mensaje no puede ir a quien solo se conoce por nombre de usuario",
	}, nextPhone},
	137000: {phrase{
		"The person's WhatsApp identity changed",
		"A identidade da pessoa no WhatsApp mudou",
		"La identidad de la persona en WhatsApp cambió",
	}, nextIdentity},
	100: {phrase{
		"Meta finds a parameter of the message invalid",
		"A Meta considera inválido um parâmetro da mensagem",
		"Meta considera inválido un parámetro del mensaje",
	}, nextReport},
	131008: {phrase{
		"The message lacks a parameter that Meta requires",
		"Falta à mensagem um parâmetro que a Meta exige",
		"Al mensaje le falta un parámetro que Meta exige",
	}, nextReport},
	131009: {phrase{
		"A parameter of the message has a value that Meta does not take",
		"Um parâmetro da mensagem tem um valor que a Meta não aceita",
		"Un parámetro del mensaje tiene un valor que Meta no acepta",
	}, nextReport},
	131051: {phrase{
		"Meta does not support this type of message",
		"A Meta não aceita este tipo de mensagem",
		"Meta no admite este tipo de mensaje",
	}, nextReport},
	131052: {phrase{
		"A file that the person sent could not be downloaded",
		"Um arquivo que a pessoa enviou não pôde ser baixado",
		"Un archivo que la persona envió no se pudo descargar",
	}, nextMedia},
	131053: {phrase{
		"Meta could not fetch or accept the media file",
		"A Meta não conseguiu buscar ou aceitar o arquivo de mídia",
		"Meta no pudo obtener o aceptar el archivo multimedia",
	}, nextMedia},
	131055: {phrase{
		"Only templates may be sent this way",
		"Só templates podem ser enviados por este caminho",
		"Solo se pueden enviar plantillas por esta vía",
	}, nextTemplateOnly},
	135000: {phrase{
		"Meta refused the message without saying why, or dropped it after holding it back",
		"A Meta recusou a mensagem sem dizer por quê, ou a descartou depois de retê-la",
		"Meta rechazó el mensaje sin decir por qué, o lo descartó después de retenerlo",
	}, nextDropped},
	132000: {phrase{
		"The message has more or fewer parameters than the template",
		"A mensagem tem mais ou menos parâmetros que o template",
		"El mensaje tiene más o menos parámetros que la plantilla",
	}, nextMapping},
	132001: {phrase{
		"The template does not exist in this language or is not approved",
		"O template não existe neste idioma ou não está aprovado",
		"La plantilla no existe en este idioma o no está aprobada",
	}, nextApprove},
	132005: {phrase{
		"The text is too long once the template is filled",
		"O texto fica longo demais com o template preenchido",
		"El texto queda demasiado largo con la plantilla completa",
	}, nextShorten},
	132007: {phrase{
		"Meta refuses the template's content under its policies",
		"A Meta recusa o conteúdo do template por suas políticas",
		"Meta rechaza el contenido de la plantilla por sus políticas",
	}, nextContent},
	132008: {phrase{
		"A parameter's value does not fit the template",
		"O valor de um parâmetro não cabe no template",
		"El valor de un parámetro no corresponde a la plantilla",
	}, nextMapping},
	132012: {phrase{
		"A parameter has another format than the template asks for",
		"Um parâmetro tem outro formato que o pedido pelo template",
		"Un parámetro tiene otro formato que el que pide la plantilla",
	}, nextMapping},
	132015: {phrase{
		"Meta paused the template for its quality",
		"A Meta pausou o template por sua qualidade",
		"Meta pausó la plantilla por su calidad",
	}, nextUnpause},
	132016: {phrase{
		"Meta disabled the template for its quality",
		"A Meta desativou o template por sua qualidade",
		"Meta desactivó la plantilla por su calidad",
	}, nextReplace},
	132018: {phrase{
		"Something is wrong with the template's parameters",
		"Há algo errado com os parâmetros do template",
		"Hay algo mal en los parámetros de la plantilla",
	}, nextMapping},
	132068: {phrase{
		"The flow behind the template's button is blocked",
		"O fluxo do botão do template está bloqueado",
		"El flujo del botón de la plantilla está bloqueado",
	}, nextFlow},
	132069: {phrase{
		"The flow behind the template's button may be sent a few times an hour only",
		"O fluxo do botão do template só pode ser enviado poucas vezes por hora",
		"El flujo del botón de la plantilla solo se puede enviar unas pocas veces por hora",
	}, nextWaits},
	134100: {phrase{
		"Only marketing templates may be sent this way",
		"Só templates de marketing podem ser enviados por este caminho",
		"Solo se pueden enviar plantillas de marketing por esta vía",
	}, nextCategory},
	134101: {phrase{
		"Meta is still preparing the template",
		"A Meta ainda está preparando o template",
		"Meta todavía está preparando la plantilla",
	}, nextWaits},
	134102: {phrase{
		"The template is not available for marketing messages",
		"O template não está disponível para mensagens de marketing",
		"La plantilla no está disponible para mensajes de marketing",
	}, nextOnboard},
}

// unknownWords are those of a code that is in no table.
var unknownWords = said{phrase{
	"Meta refused the message with a code that Arauto does not know",
	"A Meta recusou a mensagem com um código que o Arauto não conhece",
	"Meta rechazó el mensaje con un código que Arauto no conoce",
}, nextUnknown}
