package api

import (
	"strconv"
	"strings"

	"arauto"
)

// phrase is one sentence in every language that Arauto speaks.
type phrase struct{ en, pt, es string }

func (p phrase) in(l arauto.Language) string {
	switch l {
	case arauto.Portuguese:
		return p.pt
	case arauto.Spanish:
		return p.es
	}
	return p.en
}

// stateWords say what became of a contact that has been worked.
func stateWords(s arauto.ContactState) phrase {
	return map[arauto.ContactState]phrase{
		arauto.ContactPending:    {"Waiting for its turn", "Aguardando a vez", "Esperando su turno"},
		arauto.ContactSending:    {"Being sent right now", "Sendo enviado agora", "Enviándose ahora"},
		arauto.ContactUnknown:    {"It may have been sent: it is not tried again by itself", "Pode ter sido enviado: não é tentado de novo automaticamente", "Puede haberse enviado: no se reintenta automáticamente"},
		arauto.ContactSent:       {"Sent; delivery not reported yet", "Enviado; entrega ainda não informada", "Enviado; entrega aún no informada"},
		arauto.ContactDelivered:  {"Delivered", "Entregue", "Entregado"},
		arauto.ContactRead:       {"Delivered and read", "Entregue e lido", "Entregado y leído"},
		arauto.ContactReplied:    {"The person replied", "A pessoa respondeu", "La persona respondió"},
		arauto.ContactFailed:     {"Failed", "Falhou", "Falló"},
		arauto.ContactSuppressed: {"Held back", "Retido", "Retenido"},
		arauto.ContactCancelled:  {"Given up before sending", "Cancelado antes do envio", "Cancelado antes del envío"},
	}[s]
}

// outcomeWords say what the gate would do.
func outcomeWords(o arauto.Outcome) phrase {
	return map[arauto.Outcome]phrase{
		arauto.Go:       {"May be contacted now", "Pode ser contatado agora", "Se puede contactar ahora"},
		arauto.Wait:     {"Waits", "Aguarda", "Espera"},
		arauto.Suppress: {"Will not be contacted", "Não será contatado", "No será contactado"},
		arauto.Fail:     {"Cannot be contacted", "Não pode ser contatado", "No se puede contactar"},
	}[o]
}

// verdictWords is one sentence about a contact: what, why, and what is known beyond that.
func verdictWords(r arauto.Contact, v arauto.Verdict, l arauto.Language) string {
	if v.Outcome == arauto.Done {
		parts := []string{stateWords(r.State).in(l), r.Reason.Words(l)}
		if r.Detail != "" {
			parts = append(parts, r.Detail)
		}
		return sentence(parts...)
	}
	extra := v.Words
	if v.Reason == arauto.ReasonCampaignState && extra != "" {
		extra = campaignWords(arauto.CampaignState(extra), l)
	}
	return sentence(outcomeWords(v.Outcome).in(l), v.Reason.Words(l), extra)
}

// campaignWords is a campaign's state, or the words of its pause as they are.
func campaignWords(s arauto.CampaignState, l arauto.Language) string {
	p, ok := map[arauto.CampaignState]phrase{
		arauto.CampaignDraft:     {"it is a draft", "é um rascunho", "es un borrador"},
		arauto.CampaignScheduled: {"it is scheduled", "está agendada", "está programada"},
		arauto.CampaignPaused:    {"it is paused", "está pausada", "está en pausa"},
		arauto.CampaignCompleted: {"it is completed", "está concluída", "está completada"},
		arauto.CampaignCancelled: {"it was cancelled", "foi cancelada", "fue cancelada"},
		arauto.CampaignArchived:  {"it is archived", "está arquivada", "está archivada"},
	}[s]
	if !ok {
		return string(s)
	}
	return p.in(l)
}

// sentence joins what is there: "Failed: The number is not valid (131026)".
func sentence(parts ...string) string {
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	switch len(said) {
	case 0:
		return ""
	case 1:
		return said[0] + "."
	case 2:
		return said[0] + ": " + said[1] + "."
	}
	return said[0] + ": " + said[1] + " (" + strings.Join(said[2:], "; ") + ")."
}

// grouped writes n as people of l do: 1,840 and 1.840.
func grouped(n int64, l arauto.Language) string {
	separator := "."
	if l == arauto.English {
		separator = ","
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}
