package sandbox

import (
	"context"
	"encoding/json"
	"errors"
)

func doInbound(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in Inbound
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	id, err := s.Say(in)
	return map[string]string{"id": id}, err
}

func doCrowd(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in Crowd
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	first, last, err := s.Gather(in)
	return map[string]string{"first": first, "last": last}, err
}

func doWebhook(ctx context.Context, s *Sandbox, body []byte) (any, error) {
	var in struct {
		URL    string `json:"url"`
		Verify bool   `json:"verify"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if in.Verify {
		if err := s.VerifyWebhook(ctx, in.URL); err != nil {
			return nil, unavailable{err}
		}
	}
	s.SetWebhook(in.URL)
	return map[string]string{"url": in.URL}, nil
}

func doDelivery(_ context.Context, s *Sandbox, body []byte) (any, error) {
	d := s.Delivery()
	if err := readControl(body, &d); err != nil {
		return nil, err
	}
	return d, s.SetDelivery(d)
}

func doScript(_ context.Context, s *Sandbox, body []byte) (any, error) {
	in, err := ParseScript(body)
	if err != nil {
		return nil, err
	}
	return map[string]int{"rules": len(in.Rules), "steps": len(in.Steps)}, s.SetScript(in)
}

func doLimits(_ context.Context, s *Sandbox, body []byte) (any, error) {
	l := s.Limits()
	if err := readControl(body, &l); err != nil {
		return nil, err
	}
	return l, s.SetLimits(l)
}

func doNumber(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in NumberChange
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if err := s.ChangeNumber(in); err != nil {
		return nil, err
	}
	n, _ := s.number(in.ID)
	return s.numberObject(n), nil
}

func doTemplate(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in TemplateChange
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if err := s.ChangeTemplate(in); err != nil {
		return nil, err
	}
	t, _, _ := s.templates.find(in.Name, in.Language)
	return t, nil
}

// An AccountChange is what Meta does to the whole WABA.
type AccountChange struct {
	Event string          `json:"event"`           // of account_update: ACCOUNT_RESTRICTION, DISABLED_UPDATE, …; "" tells nothing
	Value json.RawMessage `json:"value,omitempty"` // in place of {"event": Event}
	Code  *int            `json:"code,omitempty"`  // every message is refused with it from now on; 0 ends that
}

type accountValue struct {
	Event string `json:"event"`
}

// ChangeAccount does it. It returns an error if c says nothing.
func (s *Sandbox) ChangeAccount(c AccountChange) error {
	if c.Event == "" && c.Code == nil && len(c.Value) == 0 {
		return errors.New("give event, value or code")
	}
	switch {
	case c.Code == nil:
	case *c.Code == 0:
		s.account.Store(nil)
	default:
		s.account.Store(refuse(*c.Code, "the whole WABA is refused"))
	}
	switch {
	case len(c.Value) > 0:
		s.announce("account_update", c.Value)
	case c.Event != "":
		s.announce("account_update", accountValue{c.Event})
	}
	return nil
}

func doAccount(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in AccountChange
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	return map[string]bool{"done": true}, s.ChangeAccount(in)
}

// Tell sends a webhook of any field with any value. It returns an error if value is
// not JSON.
func (s *Sandbox) Tell(field string, value json.RawMessage) error {
	if field == "" || !json.Valid(value) {
		return errors.New("give field, and value as JSON")
	}
	s.announce(field, value)
	return nil
}

func doEvent(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in struct {
		Field string          `json:"field"`
		Value json.RawMessage `json:"value"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	return map[string]bool{"done": true}, s.Tell(in.Field, in.Value)
}

func doRelease(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in Release
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	n, err := s.Release(in)
	return map[string]int{"released": n}, err
}

func doReset(_ context.Context, s *Sandbox, body []byte) (any, error) {
	var in struct {
		Seed int64 `json:"seed"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	s.Reset(in.Seed)
	return map[string]int64{"seed": s.seed.Load()}, nil
}
