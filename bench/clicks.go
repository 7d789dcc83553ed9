package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"arauto"
	"arauto/internal/store"
)

// ClicksConfig is one `bench clicks`.
type ClicksConfig struct {
	Engine   string
	Clicks   int    // stored before measuring
	Dir      string // of SQLite: where they are, or are put and left; "" = a place that is deleted
	Database string // postgres://…, likewise
	Rounds   int
	Check    bool // a missed figure is an error
}

const (
	// monthClicks are the clicks of each 30 days: as many as one answer may have.
	monthClicks = 60_000
	month       = 30 * 24 * time.Hour
)

// clicksFrom is when the first of them came.
func clicksFrom() time.Time { return time.Date(2020, 1, 1, 3, 0, 0, 0, time.UTC) }

// Clicks stores clicks of many months, then reads one month of 60,000 of them through the vendor's report, in turn with
// one plain statement that reads the same rows, and watches the server's memory.
func Clicks(ctx context.Context, c ClicksConfig, out io.Writer) error {
	p, err := openPlaceAt(ctx, c)
	if err != nil {
		return err
	}
	defer p.close()
	account, err := loadClicks(ctx, p.store, c.Clicks, out)
	if err != nil {
		return err
	}
	value, err := benchToken(ctx, p.store, account)
	if err != nil {
		return err
	}
	server, base, err := serveFrom(ctx, p)
	if err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	v := &verdict{out: out}
	m := &clicksRun{store: p.store, account: account, base: base, token: value, pid: server.Process.Pid, months: max(1, c.Clicks/monthClicks)}
	if err := m.measure(ctx, c.Rounds, v); err != nil {
		return err
	}
	if c.Check {
		return v.err()
	}
	return nil
}

// loadClicks makes the account and its clicks, or finds those that an earlier run left.
func loadClicks(ctx context.Context, s *store.Store, n int, out io.Writer) (int64, error) {
	account, err := s.AccountBySlug(ctx, "bench")
	if arauto.KindOf(err) == arauto.KindNotFound {
		account, err = s.CreateAccount(ctx, arauto.Actor{Name: "bench"}, now(), arauto.Account{Slug: "bench", Name: "Bench", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	}
	if err != nil {
		return 0, err
	}
	span, err := s.ClickSpan(ctx, account.ID, time.UnixMilli(0), now().AddDate(100, 0, 0), 1<<30)
	if err != nil {
		return 0, err
	}
	began, had := time.Now(), int(span.UpTo)
	const chunk = 5000
	for done := had; done < n; done += chunk {
		list := make([]arauto.ClickRow, min(chunk, n-done))
		for i := range list {
			list[i] = benchClick(account.ID, done+i)
		}
		if err := s.LoadClicks(ctx, account.ID, list); err != nil {
			return 0, err
		}
	}
	if took := time.Since(began); n > had {
		fmt.Fprintf(out, "%d clicks stored in %.0f s (%.0f/s)\n", n-had, took.Seconds(), float64(n-had)/took.Seconds())
	}
	return account.ID, nil
}

// benchClick is the nth click: of some hundred ads and posts, nine of ten taken by one of fifty agents.
func benchClick(account int64, n int) arauto.ClickRow {
	id, source, clid := int64(n+1), strconv.Itoa(120_210_000_000_000_000+n%137), "ARAk"+strconv.FormatInt(int64(n)*7919, 36)
	address := "https://scontent.xx.fbcdn.net/v/t45.1600-4/" + source + "_n.jpg?stp=dst-jpg&_nc_cat=" + strconv.Itoa(n%110) + "&oh=00_AYBv" + clid + "&oe=674F1A2B"
	r := arauto.Referral{
		SourceType: arauto.SourceAd, SourceID: &source, SourceURL: "https://fb.me/" + strconv.FormatInt(int64(n%137)*104729, 36), Headline: "Promoção de verão",
		Body: "Fale com a gente no WhatsApp", MediaType: "image", ImageURL: address, Clid: &clid, Raw: `{"source_id":"` + source + `","ctwa_clid":"` + clid + `"}`,
	}
	if n%5 == 0 {
		r.SourceType = arauto.SourcePost
	}
	row := arauto.ClickRow{
		Click: arauto.Click{
			ID: id, Account: account, Conversation: id, Message: id, Sender: 1, Person: id, Referral: r, First: true, Opened: true,
			At: clicksFrom().Add(time.Duration(n/monthClicks)*month + time.Duration(n%monthClicks)*(month/monthClicks)),
		},
		PersonKey: strconv.Itoa(5511_000_000_000 + n), RoutingPoint: 1, Queue: 1,
	}
	if n%10 != 0 {
		row.Agent = int64(1 + n%50)
	}
	return row
}

func benchToken(ctx context.Context, s *store.Store, account int64) (string, error) {
	value, err := arauto.NewTokenValue(rand.Reader)
	if err != nil {
		return "", err
	}
	_, err = s.CreateToken(ctx, arauto.System(account), now(), arauto.Token{
		Account: account, Name: "bench", Prefix: arauto.TokenPrefixOf(value), Hash: arauto.HashToken(value), Scopes: []arauto.TokenScope{arauto.TokenReports},
	})
	return value, err
}

// clicksRun reads a month in both ways.
type clicksRun struct {
	store      *store.Store
	account    int64
	base       string
	token      string
	pid        int
	months     int
	idle, peak float64
}

// measure reads another month in every round, each first one way and then the other, in turn: what the first reading
// leaves warm helps both alike.
func (m *clicksRun) measure(ctx context.Context, rounds int, v *verdict) error {
	var err error
	if m.idle, err = resident(m.pid); err != nil {
		return err
	}
	var raw, report []float64
	var size int
	for i := range rounds {
		nth := (m.months/2 + i) % m.months
		from := clicksFrom().Add(time.Duration(nth) * month)
		both := []func() error{
			func() error {
				began := time.Now()
				n, err := m.store.ScanClicks(ctx, m.account, from, from.Add(month-time.Millisecond))
				raw = append(raw, time.Since(began).Seconds())
				if err == nil && n != monthClicks {
					err = fmt.Errorf("a month has %d rows, not %d", n, monthClicks)
				}
				return err
			},
			func() (err error) {
				began := time.Now()
				size, err = m.report(ctx, from)
				report = append(report, time.Since(began).Seconds())
				return err
			},
		}
		if i%2 == 1 {
			slices.Reverse(both)
		}
		for _, read := range both {
			if err := read(); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(v.out, "%d rows, %.1f MB: raw %.2f s, chat_14 %.2f s (medians of %d); resident %.0f MB idle, %.0f MB at most\n",
		monthClicks, float64(size)/(1<<20), median(raw), median(report), rounds, m.idle, m.peak)
	v.atMost("chat_14 of a month / reading the same rows raw", median(report)/median(raw), 3)
	v.atMost("resident above idle while it streams, MB", m.peak-m.idle, 64)
	return nil
}

// report asks for a month as the vendor's clients do, and checks that it is whole.
func (m *clicksRun) report(ctx context.Context, from time.Time) (size int, err error) {
	watch, end := context.WithCancel(ctx)
	watched := make(chan float64)
	go func() { watched <- highest(watch, m.pid) }()
	defer func() { end(); m.peak = max(m.peak, <-watched) }()
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		return 0, err
	}
	const digits = "20060102150405"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/api/v2/reports_manager.php?api=chat_14&date_ini="+from.In(zone).Format(digits)+
		"&date_end="+from.Add(month-time.Second).In(zone).Format(digits), nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("wolkvox-token", m.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if n := bytes.Count(body, []byte(`"chat_id":`)); n != monthClicks || !bytes.HasSuffix(body, []byte("]}")) {
		return 0, fmt.Errorf("the report answered %s with %d rows, not %d: %.200s", resp.Status, n, monthClicks, body)
	}
	return len(body), nil
}

// highest is the most memory that a process holds until ctx ends, in MB.
func highest(ctx context.Context, pid int) (most float64) {
	for {
		if mb, err := resident(pid); err == nil {
			most = max(most, mb)
		}
		select {
		case <-ctx.Done():
			return most
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// openPlaceAt is openPlace where the clicks are kept.
func openPlaceAt(ctx context.Context, c ClicksConfig) (p *place, err error) {
	switch {
	case c.Engine == EnginePostgres && c.Database != "":
		p = &place{address: c.Database}
		if p.dir, err = os.MkdirTemp("", "arauto-bench-"); err != nil {
			return p, err
		}
	case c.Engine == EngineSQLite && c.Dir != "":
		p = &place{dir: c.Dir, address: filepath.Join(c.Dir, "arauto.db"), kept: true}
	default:
		return openPlace(ctx, c.Engine)
	}
	if err := p.open(ctx); err != nil {
		p.close()
		return p, err
	}
	return p, nil
}
