package app

import (
	"context"
	"fmt"
	"net/http"
)

// voice makes a campaign of calls for a team called Vendas, with people in it: ready to be looked at, and to be
// worked by clients of the outbound dialer's API. No call is placed.
func (d *demo) voice(ctx context.Context) (id int64, err error) {
	var made struct {
		ID int64 `json:"id"`
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/queues", object{"name": "Vendas"}, &made); err != nil {
		return 0, err
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/campaigns", object{
		"name": "Renovação por telefone", "channel": "voice", "queue_id": made.ID,
		"voice": object{
			"mode": "predictive", "external_campaign_id": "RENOVACAO-2026", "target_number_to_process": len(called),
			"redials": []object{{"on": "voicemail", "max": 1, "interval_minutes": 240}},
		},
	}, &made); err != nil {
		return 0, err
	}
	contacts := make([]object, len(called))
	for i, name := range called {
		contacts[i] = object{
			"name": name, "phone": fmt.Sprintf("+55119%08d", 81_000_000+i*1_117), "email": fmt.Sprintf("cliente%d@example.com", i+1),
			"external_id": fmt.Sprintf("CLI-%04d", i+1), "fields": object{"plano": []string{"Essencial", "Completo"}[i%2]},
		}
		if i%4 == 0 {
			contacts[i]["priority"] = 50
		}
	}
	return made.ID, d.api.call(ctx, http.MethodPost, fmt.Sprintf("/api/v1/campaigns/%d/contacts", made.ID), contacts, nil)
}

// called are the people of the demo's voice campaign.
var called = [...]string{
	"Ana Souza", "João Araújo", "Conceição Lima", "José Peçanha", "Íris Gonçalves", "Antônio Muñoz", "Luíza Prado", "Otávio Reis",
	"Marta Nunes", "Rui Sá", "Célia Dantas", "Beto Farias",
}
