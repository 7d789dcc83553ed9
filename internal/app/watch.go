package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type demoCampaign struct {
	State  string           `json:"state"`
	Total  int64            `json:"total"`
	Counts map[string]int64 `json:"counts"`
}

// watch shows the campaign until it is completed and the people have reacted: a bar on a terminal, a
// line every few seconds elsewhere.
func (d *demo) watch(ctx context.Context, campaign string) (demoCampaign, error) {
	var c demoCampaign
	began := time.Now()
	live := terminal(d.out)
	said := time.Time{}
	for {
		if err := d.api.call(ctx, http.MethodGet, "/api/v1/campaigns/"+campaign, nil, &c); err != nil {
			return c, err
		}
		over := c.State == "completed" && d.meta.Summary().Webhooks.Pending == 0
		if live {
			fmt.Fprint(d.out, "\r\033[K"+bar(c, time.Since(began)))
		} else if over || time.Since(said) > 3*time.Second {
			d.say("%s", bar(c, time.Since(began)))
			said = time.Now()
		}
		if over {
			break
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return c, err
		}
	}
	if live {
		fmt.Fprintln(d.out)
	}
	return d.settled(ctx, campaign, c)
}

// settled waits until what Meta's last webhooks said is in the report: two looks that agree.
func (d *demo) settled(ctx context.Context, campaign string, c demoCampaign) (demoCampaign, error) {
	for range 20 {
		if err := sleep(ctx, 300*time.Millisecond); err != nil {
			return c, err
		}
		var again demoCampaign
		if err := d.api.call(ctx, http.MethodGet, "/api/v1/campaigns/"+campaign, nil, &again); err != nil {
			return c, err
		}
		if fmt.Sprint(again.Counts) == fmt.Sprint(c.Counts) {
			return again, nil
		}
		c = again
	}
	return c, nil
}

func bar(c demoCampaign, took time.Duration) string {
	const width = 30
	tried := c.Total - c.Counts["pending"]
	full := 0
	if c.Total > 0 {
		full = int(tried * width / c.Total)
	}
	return fmt.Sprintf("[%s%s] %d of %d tried, %d delivered or further, %d replied, %.0f s", strings.Repeat("#", full), strings.Repeat(".", width-full),
		tried, c.Total, c.Counts["delivered"]+c.Counts["read"]+c.Counts["replied"], c.Counts["replied"], took.Seconds())
}

// terminal reports whether w is a screen that somebody looks at.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// farewell says what came of it and gives each kind of user a line to paste.
func (d *demo) farewell(campaign string, c demoCampaign, closed int64) {
	sum := d.meta.Summary()
	d.say("Done, by state:")
	for _, state := range []string{"pending", "sending", "unknown", "sent", "delivered", "read", "replied", "failed", "suppressed", "cancelled"} {
		if n := c.Counts[state]; n > 0 {
			d.say("  %-10s %6d", state, n)
		}
	}
	d.say("pretend Meta: %d messages, %d people twice\n", sum.Accepted, sum.Twice)
	d.say("%d of %d people who came by ads and posts were answered and closed by three scripted agents; %d purchases were told to Meta so far.\n", closed, demoClickers, len(d.meta.Conversions()))
	report := d.api.base + "/api/v1/reports/campaign/subscribers?campaigns[]=" + campaign
	d.say("Analyst, the report:\n%s\n", paste(fmt.Sprintf("curl -g -H 'Authorization: Bearer %s' '%s&state=completed&_limit=3'", d.api.token, report)))
	d.say("Analyst, what the ads brought:\n%s\n", paste(d.clickLine()))
	d.say("Analyst, everything as CSV with Python:\n%s\n", paste(fmt.Sprintf("ARAUTO_TOKEN=%s python3 examples/bi-export/export.py %s report.csv", d.api.token, d.api.base)))
	d.say("Manager, on the command line:\n%s\n", paste(
		fmt.Sprintf("export ARAUTO_URL=%s ARAUTO_TOKEN=%s", d.api.base, d.api.token),
		fmt.Sprintf("bin/arauto campaign show %s", campaign)))
	d.say("Developer, the API's pages:\n%s\n", paste(d.api.base+"/api/v1/docs"))
	d.say("Still serving. Ctrl-C stops.")
}
