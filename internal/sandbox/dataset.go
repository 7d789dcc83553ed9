package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Told is one event of the Conversions API as it was taken, with how often the same click's event had come before: like
// Meta's, this end takes whatever it is sent.
type Told struct {
	At       time.Time       `json:"at"`
	Dataset  string          `json:"dataset"`
	Name     string          `json:"event_name"`
	Clid     string          `json:"ctwa_clid"`
	Repeated int             `json:"repeated,omitempty"`
	Event    json.RawMessage `json:"event"` // as it came
}

// tellings are the events that were taken.
type tellings struct {
	mu   sync.Mutex
	list []Told
}

func (t *tellings) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = nil
}

func (t *tellings) add(list []Told) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, told := range list {
		for _, before := range t.list {
			if before.Clid == told.Clid && before.Name == told.Name {
				told.Repeated++
			}
		}
		t.list = append(t.list, told)
	}
}

// Conversions are the events that were told, in order.
func (s *Sandbox) Conversions() []Told {
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	return slices.Clone(s.told.list)
}

// dataset is where the WABA's events go: a function of its id.
func (s *Sandbox) dataset() string {
	return strconv.FormatUint(700_000_000_000_000+roll(0, "dataset", s.cfg.WABAID).next()%1e12, 10)
}

// conversionNames are the events that Meta knows of conversations.
var conversionNames = []string{
	"Purchase", "LeadSubmitted", "QualifiedLead", "InitiateCheckout", "AddToCart", "ViewContent", "OrderCreated", "OrderShipped", "OrderDelivered",
	"OrderCanceled", "OrderReturned", "CartAbandoned", "RatingProvided", "ReviewProvided",
}

const (
	maxEvents = 1000
	eventLife = 7 * 24 * time.Hour
)

type toldEvent struct {
	Name    string `json:"event_name"`
	Time    int64  `json:"event_time"`
	Source  string `json:"action_source"`
	Channel string `json:"messaging_channel"`
	User    struct {
		WABA string `json:"whatsapp_business_account_id"`
		Clid string `json:"ctwa_clid"`
	} `json:"user_data"`
	Custom struct {
		Currency string      `json:"currency"`
		Value    json.Number `json:"value"`
	} `json:"custom_data"`
}

// postEvents takes the events of POST /{dataset}/events, all or none.
func (s *Sandbox) postEvents(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Data []json.RawMessage `json:"data"`
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil || len(body.Data) == 0 || len(body.Data) > maxEvents {
		s.writeError(w, refuse(100, "data must be a list of 1 to %d events", maxEvents))
		return
	}
	now := time.Now().UTC()
	var list []Told
	for _, raw := range body.Data {
		told, e := s.readEvent(raw, now)
		if e != nil {
			s.writeError(w, e)
			return
		}
		list = append(list, told)
	}
	s.told.add(list)
	writeJSON(w, http.StatusOK, map[string]any{"events_received": len(list), "messages": []string{}, "fbtrace_id": "A" + strconv.FormatInt(s.traces.Add(1), 36)})
}

func (s *Sandbox) readEvent(raw json.RawMessage, now time.Time) (Told, *graphError) {
	var v toldEvent
	if err := json.Unmarshal(raw, &v); err != nil {
		return Told{}, refuse(100, "an event is not what it should be: %v", err)
	}
	at := time.Unix(v.Time, 0)
	switch {
	case !slices.Contains(conversionNames, v.Name):
		return Told{}, refuse(100, "event_name %q is not known for messaging", clip(v.Name, 40))
	case v.Source != "business_messaging" || v.Channel != "whatsapp":
		return Told{}, refuse(100, "action_source must be business_messaging and messaging_channel whatsapp")
	case v.User.WABA != s.cfg.WABAID:
		return Told{}, refuse(100, "whatsapp_business_account_id is not the dataset's")
	case v.User.Clid == "":
		return Told{}, refuse(100, "ctwa_clid is required")
	case at.After(now.Add(time.Minute)) || now.Sub(at) > eventLife:
		return Told{}, refuse(100, "event_time must be within the last 7 days")
	case v.Name == "Purchase" && (v.Custom.Currency == "" || v.Custom.Value == ""):
		return Told{}, refuse(100, "a Purchase needs currency and value")
	}
	return Told{At: now, Dataset: s.dataset(), Name: v.Name, Clid: v.User.Clid, Event: raw}, nil
}
