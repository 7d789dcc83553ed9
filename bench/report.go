package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"arauto"
	"arauto/internal/store"
)

// ReportConfig is one `bench report`.
type ReportConfig struct {
	Engine   string
	Contacts int
	Check    bool // a missed figure is an error
}

// campaigns that the contacts are spread over; the first has four fifths of them.
const reportCampaigns = 5

// Report stores many contacts, then compares pages at the top of the report with pages far down, with
// and without a campaign filter, and watches the server's memory while 60,000 rows stream out of it.
func Report(ctx context.Context, c ReportConfig, out io.Writer) error {
	p, err := openPlace(ctx, c.Engine)
	if err != nil {
		return err
	}
	defer p.close()
	w, err := newWorld(ctx, p.store, "http://127.0.0.1:1", 80)
	if err != nil {
		return err
	}
	list, err := fillReport(ctx, p.store, w, c.Contacts, out)
	if err != nil {
		return err
	}
	v := &verdict{out: out}
	if err := pages(ctx, p.store, w.account.ID, list, c.Contacts, v); err != nil {
		return err
	}
	if err := streaming(ctx, p, w, v); err != nil {
		return err
	}
	if c.Check {
		return v.err()
	}
	return nil
}

// fillReport spreads n contacts over the campaigns: the first in one piece, since depth is measured in it.
func fillReport(ctx context.Context, s *store.Store, w world, n int, out io.Writer) ([]arauto.Campaign, error) {
	var list []arauto.Campaign
	began := time.Now()
	for i := range reportCampaigns {
		c, err := w.campaign(ctx, s, fmt.Sprintf("Campanha %d", i+1))
		if err != nil {
			return nil, err
		}
		size, from := n/5*4, 0
		if i > 0 {
			size, from = n/20, n/5*4+(i-1)*(n/20)
		}
		if err := fill(ctx, s, c, from, size, nil); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	took := time.Since(began)
	fmt.Fprintf(out, "%d contacts stored in %.0f s (%.0f/s)\n", n, took.Seconds(), float64(n)/took.Seconds())
	return list, nil
}

const (
	pageSize = 50
	samples  = 300
	stride   = 11 // between two pages that are read: no page is read twice
)

// pages reads pages of 50 near the top and 80 % of the way down, in turn, as a client's cursor would.
func pages(ctx context.Context, s *store.Store, account int64, list []arauto.Campaign, n int, v *verdict) error {
	for _, f := range []struct {
		name    string
		filter  arauto.ContactFilter
		shallow int64
		deep    int64
	}{
		{"no filter", arauto.ContactFilter{}, int64(n), int64(n) / 5},
		{"one campaign", arauto.ContactFilter{Campaigns: []int64{list[0].ID}}, int64(n) / 5 * 4, int64(n)/5*4 - int64(float64(n)*0.78)},
	} {
		var shallow, deep []float64
		for i := range int64(samples) {
			for _, at := range []struct {
				from int64
				into *[]float64
			}{{f.shallow - i*stride, &shallow}, {f.deep - i*stride, &deep}} {
				began := time.Now()
				rows, err := s.ContactRows(ctx, account, f.filter, at.from, pageSize)
				if err != nil {
					return err
				}
				*at.into = append(*at.into, float64(time.Since(began).Microseconds())/1000)
				if len(rows) != pageSize {
					return fmt.Errorf("a page below %d has %d rows", at.from, len(rows))
				}
			}
		}
		fmt.Fprintf(v.out, "%s: page of 50 at depth 0 median %.3f ms, far down median %.3f ms\n", f.name, median(shallow), median(deep))
		v.atMost(f.name+": median far down / at the top", median(deep)/median(shallow), 2)
		v.atMost(f.name+": 95th percentile far down, ms", quantile(deep, 0.95), 5)
	}
	return nil
}

func quantile(list []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1))]
}

// streaming serves the database from another process and reads 60,000 rows through the vendor's report.
func streaming(ctx context.Context, p *place, w world, v *verdict) error {
	value, err := arauto.NewTokenValue(rand.Reader)
	if err != nil {
		return err
	}
	if _, err := p.store.CreateToken(ctx, w.actor, now(), arauto.Token{
		Account: w.account.ID, Name: "bench", Prefix: arauto.TokenPrefixOf(value),
		Hash: arauto.HashToken(value), Scopes: []arauto.TokenScope{arauto.TokenReports},
	}); err != nil {
		return err
	}
	if err := p.store.Close(); err != nil {
		return err
	}
	p.store = nil
	server, base, err := serveFrom(ctx, p)
	if err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	idle, err := resident(server.Process.Pid)
	if err != nil {
		return err
	}
	began := time.Now()
	rows, peak, err := readReport(ctx, base, value, 60_000, server.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Fprintf(v.out, "%d rows streamed in %.2f s; resident %.0f MB idle, %.0f MB at most\n", rows, time.Since(began).Seconds(), idle, peak)
	v.atMost("resident above idle while 60,000 rows stream, MB", peak-idle, 64)
	return nil
}

func serveFrom(ctx context.Context, p *place) (*exec.Cmd, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	address := l.Addr().String()
	l.Close()
	args := []string{"serve", "--listen", address, "--data", p.dir, "--log-level", "error"}
	if store.IsPostgres(p.address) {
		args = append(args, "--database", p.address)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	base := "http://" + address
	for range 200 {
		if resp, err := http.Get(base + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				time.Sleep(2 * time.Second) // until it is idle
				return cmd, base, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	return nil, "", fmt.Errorf("the server did not become ready")
}

// readReport follows next until it has n rows, and watches how much memory the server holds.
func readReport(ctx context.Context, base, token string, n, pid int) (rows int, peak float64, err error) {
	next := "/api/v1/reports/campaign/subscribers?_limit=10000&timezone=" + url.QueryEscape("America/Sao_Paulo")
	stop := make(chan struct{})
	highest := make(chan float64)
	go func() {
		var most float64
		for {
			if mb, err := resident(pid); err == nil {
				most = max(most, mb)
			}
			select {
			case <-stop:
				highest <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	defer func() { close(stop); peak = <-highest }()
	for rows < n && next != "" {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+next, nil)
		if err != nil {
			return rows, 0, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return rows, 0, err
		}
		var page struct {
			Data       []struct{}
			Pagination struct{ Next string }
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return rows, 0, fmt.Errorf("the report answered %s (%w)", resp.Status, err)
		}
		rows, next = rows+len(page.Data), page.Pagination.Next
	}
	if rows < n {
		return rows, 0, fmt.Errorf("the report has %d rows, not %d", rows, n)
	}
	return rows, 0, nil
}

// resident is a process's resident memory in MB.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("resident memory is read from /proc, which %s does not have: %w", runtime.GOOS, err)
	}
	for line := range strings.Lines(string(text)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")), 64)
			return n / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS for process %d", pid)
}
