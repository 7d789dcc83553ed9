package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// SetWebhook makes webhooks go to address from now on, those that wait included; ""
// discards them.
func (s *Sandbox) SetWebhook(address string) { s.webhook.Store(&address) }

// VerifyWebhook asks address for the challenge as Meta does when a webhook is
// subscribed, with Config.VerifyToken. It does not set the webhook.
func (s *Sandbox) VerifyWebhook(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("the webhook's address must be a full URL")
	}
	challenge := strconv.FormatUint(roll(s.seed.Load(), "challenge", address).next()>>32, 10)
	q := u.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.challenge", challenge)
	q.Set("hub.verify_token", s.cfg.VerifyToken)
	u.RawQuery = q.Encode()

	ctx, cancel := context.WithTimeout(ctx, s.cfg.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("make verification request: %w", err)
	}
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return fmt.Errorf("verify webhook: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("read verification: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(answer) != challenge {
		return fmt.Errorf("verify webhook: answered %d without the challenge; check the verify token", resp.StatusCode)
	}
	return nil
}
