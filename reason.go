package arauto

// Reason is why a contact failed or was held back: ours, closed, with words for people. The provider's
// own code and words stay beside it in Contact.Code and Contact.Detail.
type Reason string

const (
	ReasonNotOnWhatsApp    Reason = "not_on_whatsapp"
	ReasonInvalidPhone     Reason = "invalid_phone"
	ReasonNotAllowed       Reason = "not_on_allowed_list"
	ReasonStoppedMarketing Reason = "stopped_marketing"
	ReasonMarketingCap     Reason = "marketing_cap"
	ReasonExperiment       Reason = "experiment"
	ReasonBlocked          Reason = "blocked_by_person"
	ReasonWindowClosed     Reason = "window_closed"
	ReasonTemplateMissing  Reason = "template_missing"
	ReasonTemplatePaused   Reason = "template_paused"
	ReasonTemplateDisabled Reason = "template_disabled"
	ReasonTemplateMismatch Reason = "template_mismatch"
	ReasonTemplateTooLong  Reason = "template_too_long"
	ReasonPolicy           Reason = "policy"
	ReasonMedia            Reason = "media"
	ReasonMissingValue     Reason = "missing_value"
	ReasonCountry          Reason = "country_not_allowed"
	ReasonTooFast          Reason = "too_fast"
	ReasonSenderTrouble    Reason = "sender_trouble"
	ReasonAccountTrouble   Reason = "account_trouble"
	ReasonProviderTrouble  Reason = "provider_trouble"
	ReasonRefused          Reason = "refused"
	ReasonNoAnswer         Reason = "no_answer"
	ReasonInterrupted      Reason = "interrupted"
	ReasonSuppressed       Reason = "suppressed"
	ReasonOptedOut         Reason = "opted_out"
	ReasonCancelled        Reason = "campaign_cancelled"
	ReasonExpired          Reason = "expired"
	ReasonTooManyAttempts  Reason = "too_many_attempts"
	ReasonCampaignState    Reason = "campaign_not_running"
	ReasonNotYet           Reason = "not_yet"
	ReasonJustContacted    Reason = "just_contacted"
	ReasonSettled          Reason = "already_settled"
	ReasonFlow             Reason = "flow"
	ReasonMarketingRoute   Reason = "marketing_route"
	ReasonMaintenance      Reason = "maintenance"
	ReasonOpenConversation Reason = "open_conversation"
	ReasonPortfolioBudget  Reason = "portfolio_budget"
	ReasonHeld             Reason = "held_by_provider"
	ReasonHeldPaused       Reason = "paused_by_provider"
	ReasonRampUp           Reason = "ramp_up"
	ReasonOutsideWindow    Reason = "outside_window"
	ReasonHoliday          Reason = "holiday"
	ReasonFrequencyCap     Reason = "frequency_cap"
	ReasonUSMarketing      Reason = "us_marketing"
	ReasonNeedsPhone       Reason = "needs_phone"
	ReasonRestored         Reason = "restored"
	ReasonMergedDuplicate  Reason = "merged_duplicate"
	ReasonCeiling          Reason = "cost_ceiling"
	ReasonHeldBack         Reason = "held_back"
	ReasonNotPickedUp      Reason = "not_picked_up"
	ReasonNotReached       Reason = "not_reached"
	ReasonVoicemail        Reason = "voicemail"
	ReasonCarrierError     Reason = "carrier_error"
	ReasonDialerError      Reason = "dialer_error"
	ReasonInvalidOutbound  Reason = "invalid_outbound_number"
	ReasonBlockedNumber    Reason = "blocked_number"
	ReasonSkipped          Reason = "closed_by_agent"
)

// Language is one that Arauto speaks to people in.
type Language string

const (
	Portuguese Language = "pt"
	Spanish    Language = "es"
	English    Language = "en"
)

type words struct{ en, pt, es string }

func (w words) in(l Language) string {
	switch l {
	case Portuguese:
		return w.pt
	case Spanish:
		return w.es
	}
	return w.en
}

var reasons = map[Reason]words{
	ReasonNotOnWhatsApp:    {"The number cannot be reached on WhatsApp", "O número não pode ser alcançado no WhatsApp", "El número no se puede alcanzar en WhatsApp"},
	ReasonInvalidPhone:     {"The phone number is not valid", "O número de telefone não é válido", "El número de teléfono no es válido"},
	ReasonNotAllowed:       {"This test number may only message the recipients listed for it at Meta", "Este número de teste só pode enviar mensagens aos destinatários listados na Meta", "Este número de prueba solo puede enviar mensajes a los destinatarios registrados en Meta"},
	ReasonStoppedMarketing: {"The person stopped marketing messages from this business", "A pessoa parou as mensagens de marketing desta empresa", "La persona detuvo los mensajes de marketing de esta empresa"},
	ReasonMarketingCap:     {"Meta limits marketing messages to this person for now", "A Meta limita por ora as mensagens de marketing para esta pessoa", "Meta limita por ahora los mensajes de marketing a esta persona"},
	ReasonExperiment:       {"Meta holds this person out of marketing in an experiment", "A Meta mantém esta pessoa fora do marketing em um experimento", "Meta mantiene a esta persona fuera del marketing en un experimento"},
	ReasonBlocked:          {"The business and the person are blocked from each other", "A empresa e a pessoa estão bloqueadas entre si", "La empresa y la persona están bloqueadas entre sí"},
	ReasonWindowClosed:     {"More than 24 hours since the person wrote: only a template can be sent", "Mais de 24 horas desde a última mensagem da pessoa: só um template pode ser enviado", "Más de 24 horas desde que la persona escribió: solo se puede enviar una plantilla"},
	ReasonTemplateMissing:  {"The template does not exist in this language or is not approved", "O template não existe neste idioma ou não está aprovado", "La plantilla no existe en este idioma o no está aprobada"},
	ReasonTemplatePaused:   {"Meta paused the template for its quality", "A Meta pausou o template por sua qualidade", "Meta pausó la plantilla por su calidad"},
	ReasonTemplateDisabled: {"Meta disabled the template for its quality", "A Meta desativou o template por sua qualidade", "Meta desactivó la plantilla por su calidad"},
	ReasonTemplateMismatch: {"The parameters do not fit the template", "Os parâmetros não correspondem ao template", "Los parámetros no corresponden a la plantilla"},
	ReasonTemplateTooLong:  {"The text is too long once the template is filled", "O texto fica longo demais com o template preenchido", "El texto es demasiado largo con la plantilla completa"},
	ReasonPolicy:           {"Meta refuses the content under its policies", "A Meta recusa o conteúdo por suas políticas", "Meta rechaza el contenido por sus políticas"},
	ReasonMedia:            {"The media file could not be used by Meta", "O arquivo de mídia não pôde ser usado pela Meta", "Meta no pudo usar el archivo multimedia"},
	ReasonMissingValue:     {"The contact has no value for a template parameter", "O contato não tem valor para um parâmetro do template", "El contacto no tiene valor para un parámetro de la plantilla"},
	ReasonCountry:          {"This business may not message people in that country", "Esta empresa não pode enviar mensagens para esse país", "Esta empresa no puede enviar mensajes a ese país"},
	ReasonTooFast:          {"Too many messages in a short time", "Mensagens demais em pouco tempo", "Demasiados mensajes en poco tiempo"},
	ReasonSenderTrouble:    {"The WhatsApp number cannot send: check it at Meta", "O número de WhatsApp não pode enviar: verifique-o na Meta", "El número de WhatsApp no puede enviar: revíselo en Meta"},
	ReasonAccountTrouble:   {"The WhatsApp Business Account cannot send: check it at Meta", "A conta do WhatsApp Business não pode enviar: verifique-a na Meta", "La cuenta de WhatsApp Business no puede enviar: revísela en Meta"},
	ReasonProviderTrouble:  {"Meta had a temporary fault", "A Meta teve uma falha temporária", "Meta tuvo una falla temporal"},
	ReasonRefused:          {"Meta refused the message", "A Meta recusou a mensagem", "Meta rechazó el mensaje"},
	ReasonNoAnswer:         {"Meta did not answer: the message may have been sent", "A Meta não respondeu: a mensagem pode ter sido enviada", "Meta no respondió: el mensaje puede haberse enviado"},
	ReasonInterrupted:      {"Arauto stopped before the answer was recorded: the message may have been sent", "O Arauto parou antes de registrar a resposta: a mensagem pode ter sido enviada", "Arauto se detuvo antes de registrar la respuesta: el mensaje puede haberse enviado"},
	ReasonSuppressed:       {"The person is on the do-not-contact list", "A pessoa está na lista de não perturbe", "La persona está en la lista de no contactar"},
	ReasonOptedOut:         {"The person asked not to be contacted", "A pessoa pediu para não ser contatada", "La persona pidió no ser contactada"},
	ReasonCancelled:        {"The campaign was cancelled before the message was sent", "A campanha foi cancelada antes do envio da mensagem", "La campaña se canceló antes de enviar el mensaje"},
	ReasonExpired:          {"The time for this message ran out before it was sent", "O prazo desta mensagem acabou antes do envio", "El plazo de este mensaje terminó antes del envío"},
	ReasonTooManyAttempts:  {"Every attempt met a temporary fault", "Todas as tentativas encontraram uma falha temporária", "Todos los intentos encontraron una falla temporal"},
	ReasonCampaignState:    {"The campaign is not running", "A campanha não está em execução", "La campaña no está en ejecución"},
	ReasonNotYet:           {"It is not its time yet", "Ainda não é a hora", "Todavía no es la hora"},
	ReasonJustContacted:    {"The person was contacted a moment ago", "A pessoa foi contatada há instantes", "La persona fue contactada hace un momento"},
	ReasonOpenConversation: {"The person is already in an open conversation", "A pessoa já está em uma conversa aberta", "La persona ya está en una conversación abierta"},
	ReasonHeldBack:         {"A person holds this contact back", "Uma pessoa está segurando este contato", "Una persona retiene este contacto"},
	ReasonMergedDuplicate:  {"The person is in this campaign already, under another number or name", "A pessoa já está nesta campanha, com outro número ou nome", "La persona ya está en esta campaña, con otro número o nombre"},
	ReasonCeiling:          {"The campaign's cost has reached its ceiling", "O custo da campanha chegou ao teto", "El costo de la campaña llegó a su tope"},
	ReasonPortfolioBudget:  {"The portfolio has reached as many people as Meta allows it in 24 hours", "O portfólio já alcançou o número de pessoas que a Meta permite em 24 horas", "El portafolio ya alcanzó a tantas personas como Meta permite en 24 horas"},
	ReasonHeld:             {"Meta took the message and holds it back for now: it will be sent, or dropped", "A Meta aceitou a mensagem e a retém por ora: será enviada ou descartada", "Meta aceptó el mensaje y lo retiene por ahora: se enviará o se descartará"},
	ReasonHeldPaused:       {"Meta took the message and holds it back because the template was paused", "A Meta aceitou a mensagem e a retém porque o template foi pausado", "Meta aceptó el mensaje y lo retiene porque la plantilla fue pausada"},
	ReasonRampUp:           {"The number is being warmed up and has sent what it may today", "O número está em aquecimento e já enviou o que pode hoje", "El número está en calentamiento y ya envió lo que puede hoy"},
	ReasonOutsideWindow:    {"It is outside the hours in which the person may be contacted", "Está fora do horário em que a pessoa pode ser contatada", "Está fuera del horario en que la persona puede ser contactada"},
	ReasonHoliday:          {"It is a holiday where the person is", "É feriado onde a pessoa está", "Es feriado donde está la persona"},
	ReasonFrequencyCap:     {"The person was contacted as often as is allowed for now", "A pessoa já foi contatada tantas vezes quantas se permite por ora", "La persona ya fue contactada tantas veces como se permite por ahora"},
	ReasonUSMarketing:      {"Meta delivers no marketing to United States numbers", "A Meta não entrega marketing a números dos Estados Unidos", "Meta no entrega marketing a números de Estados Unidos"},
	ReasonNeedsPhone:       {"Meta sends this kind of message to a phone number only, and none is known", "A Meta envia este tipo de mensagem só a um número de telefone, e nenhum é conhecido", "Meta envía este tipo de mensaje solo a un número de teléfono, y no se conoce ninguno"},
	ReasonRestored:         {"The campaign comes from a backup: what it sent since is not known", "A campanha vem de um backup: o que enviou depois não é conhecido", "La campaña viene de una copia: no se sabe qué envió después"},
	ReasonSettled:          {"The contact was already worked", "O contato já foi trabalhado", "El contacto ya fue trabajado"},
	ReasonFlow:             {"The flow behind the template's button cannot be used now", "O fluxo do botão do template não pode ser usado agora", "El flujo del botón de la plantilla no se puede usar ahora"},
	ReasonMarketingRoute:   {"Meta wants these messages sent through its marketing API, or not yet", "A Meta quer estas mensagens pela sua API de marketing, ou ainda não", "Meta quiere estos mensajes por su API de marketing, o todavía no"},
	ReasonNotPickedUp:      {"Nobody picked up the phone", "Ninguém atendeu o telefone", "Nadie contestó el teléfono"},
	ReasonNotReached:       {"The call did not reach the phone", "A ligação não chegou ao telefone", "La llamada no llegó al teléfono"},
	ReasonVoicemail:        {"An answering machine took the call", "Uma caixa postal atendeu a ligação", "Un buzón de voz contestó la llamada"},
	ReasonCarrierError:     {"The carrier could not place the call", "A operadora não conseguiu completar a ligação", "La operadora no pudo completar la llamada"},
	ReasonDialerError:      {"The dialer failed during the call", "O discador falhou durante a ligação", "El marcador falló durante la llamada"},
	ReasonInvalidOutbound:  {"The outbound number is not one of the campaign's", "O número de saída não é um dos da campanha", "El número de salida no es uno de los de la campaña"},
	ReasonBlockedNumber:    {"This campaign may not call numbers in that country", "Esta campanha não pode ligar para números desse país", "Esta campaña no puede llamar a números de ese país"},
	ReasonSkipped:          {"An agent closed this contact without calling", "Um agente encerrou este contato sem ligar", "Un agente cerró este contacto sin llamar"},
	ReasonMaintenance:      {"Meta is upgrading the number's throughput", "A Meta está ampliando a vazão do número", "Meta está ampliando la capacidad del número"},
}

// Reasons lists every reason that has words, in no particular order.
func Reasons() []Reason {
	list := make([]Reason, 0, len(reasons))
	for r := range reasons {
		list = append(list, r)
	}
	return list
}

// Words says r to a person. A reason that is not known is returned as it is; "" gives "".
func (r Reason) Words(l Language) string {
	w, ok := reasons[r]
	if !ok {
		return string(r)
	}
	return w.in(l)
}

// Personal reports whether r lies with the person, or with their number, rather than with what is sent
// or what it is sent from: the next person need not meet it.
func (r Reason) Personal() bool {
	switch r {
	case ReasonNotOnWhatsApp, ReasonInvalidPhone, ReasonStoppedMarketing, ReasonMarketingCap,
		ReasonExperiment, ReasonBlocked, ReasonSuppressed, ReasonOptedOut:
		return true
	}
	return false
}

// Retryable reports whether a person may have contacts that failed for r tried again: false where
// another try would go against the person's wish, or meet the same refusal and count against the sender.
// It does not say whether an earlier message may have left: that is for the contact's state to say.
func (r Reason) Retryable() bool {
	return !r.Personal() && r != ReasonPolicy && r != ReasonMergedDuplicate
}
