package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"arauto"
	"arauto/internal/sandbox"
)

// A node is a server of its own, as a process.
type node struct {
	*process
	dir, address string
	api          client
}

func serve(t *testing.T, dir string, more ...string) *node {
	t.Helper()
	n := &node{dir: dir, address: freeAddress(t)}
	n.process = start(t, append([]string{"serve", "--listen", n.address, "--data", dir, "--allow-private-graph", "--token-rate", "10000", "--log-level", "warn"}, more...)...)
	n.ready(t, n.address)
	n.api = client{"http://" + n.address, adminToken(t, dir)}
	return n
}

// pretend is a sandbox of its own, as a process.
func pretend(t *testing.T, more ...string) (graph string, meta sandbox.Config) {
	t.Helper()
	meta = sandbox.Config{VerifyToken: "shown"}.WithDefaults()
	address := freeAddress(t)
	start(t, append([]string{"sandbox", "--listen", address, "--verify-token", meta.VerifyToken}, more...)...).listening(t, address)
	return "http://" + address, meta
}

func TestServe_StopWaitsForWhatIsInFlight(t *testing.T) {
	t.Parallel()
	graph, meta := pretend(t, "--latency", "1500ms")
	n := serve(t, t.TempDir(), "--metrics-public")
	b := n.api.business(t, meta, graph, 100)
	c := n.api.newCampaign(t, b, "Parada")
	n.api.importCSV(t, c.ID, people(0, 2000))
	n.api.start(t, c.ID)
	until(t, 20*time.Second, "requests are in flight", func() bool { return n.api.campaign(t, c.ID).Counts["sending"] > 50 })
	n.stop(t, 20*time.Second)

	s := openStore(t, n.dir, "")
	account, err := s.AccountBySlug(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	counts, err := s.Recount(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	got := counts[c.ID]
	if got[arauto.ContactSending] != 0 || got[arauto.ContactUnknown] != 0 || got[arauto.ContactSent] < 50 || got[arauto.ContactPending] == 0 {
		t.Errorf("after the stop: %v", got)
	}
	if taken := summary(t, graph).Accepted; int64(taken) != got[arauto.ContactSent] {
		t.Errorf("%d messages were taken, %d are known", taken, got[arauto.ContactSent])
	}
}

func TestServe_FirstStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := serve(t, dir)
	file := filepath.Join(dir, "admin-token")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(n.out.String(), file) {
		t.Fatalf("%v, mode %v; the program said\n%s", err, info.Mode(), n.out)
	}
	var account struct{ Slug string }
	n.api.do(t, "GET", "/api/v1/account", nil, &account)
	if account.Slug != "main" {
		t.Errorf("the account is %q", account.Slug)
	}

	t.Run("a person logs in with the password it left", func(t *testing.T) {
		password, err := os.ReadFile(filepath.Join(dir, "admin-password"))
		if err != nil {
			t.Fatal(err)
		}
		var me struct{ Scopes []string }
		client{base: n.api.base}.do(t, "POST", "/api/v1/sessions", object{"email": "admin@localhost", "password": strings.TrimSpace(string(password))}, &me)
		if len(me.Scopes) != 1 || me.Scopes[0] != "admin" || strings.Contains(n.out.String(), strings.TrimSpace(string(password))) {
			t.Errorf("may %v; the program said\n%s", me.Scopes, n.out)
		}
	})
	t.Run("a second process on the directory is refused", func(t *testing.T) {
		p := start(t, "serve", "--listen", freeAddress(t), "--data", dir)
		if status := p.wait(t, 10*time.Second); status == 0 || !strings.Contains(p.out.String(), "another Arauto is using "+dir) {
			t.Errorf("status %d:\n%s", status, p.out)
		}
		p = start(t, "token", "create", "--data", dir, "--name", "x")
		if status := p.wait(t, 10*time.Second); status == 0 || !strings.Contains(p.out.String(), "another Arauto is using "+dir) {
			t.Errorf("token create: status %d:\n%s", status, p.out)
		}
	})
	t.Run("a second start makes nothing anew", func(t *testing.T) {
		n.stop(t, 20*time.Second)
		token := adminToken(t, dir)
		again := serve(t, dir)
		if adminToken(t, dir) != token || strings.Contains(again.out.String(), "First start") {
			t.Errorf("the second start said\n%s", again.out)
		}
		again.api.do(t, "GET", "/api/v1/account", nil, nil)
		again.stop(t, 20*time.Second)
	})
	t.Run("who is locked out gets another password", func(t *testing.T) {
		p := start(t, "user", "password", "admin@localhost", "--data", dir)
		if status := p.wait(t, 10*time.Second); status != 0 {
			t.Fatalf("status %d:\n%s", status, p.out)
		}
		lines := strings.Split(strings.TrimSpace(p.out.String()), "\n")
		again := serve(t, dir)
		var me struct{ Scopes []string }
		client{base: again.api.base}.do(t, "POST", "/api/v1/sessions", object{"email": "admin@localhost", "password": lines[len(lines)-1]}, &me)
		if len(me.Scopes) != 0 {
			t.Errorf("with a password that was drawn they may %v before they chose another", me.Scopes)
		}
		again.stop(t, 20*time.Second)
	})
}

func TestServe_Tokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := serve(t, dir)
	n.stop(t, 20*time.Second)
	create := func(args ...string) string {
		p := start(t, append([]string{"token", "create", "--data", dir}, args...)...)
		if status := p.wait(t, 20*time.Second); status != 0 {
			t.Fatalf("token create: status %d:\n%s", status, p.out)
		}
		return strings.TrimSpace(p.out.String())
	}
	reader := create("--name", "leitura", "--scopes", "read")
	lapsed := create("--name", "vencido", "--expires", time.Now().Add(3*time.Second).UTC().Format(time.RFC3339))
	made := time.Now()

	n = serve(t, dir)
	account := func(token string) int {
		status, _ := client{n.api.base, token}.ask(t, "GET", "/api/v1/account", nil)
		return status
	}
	if got := account(reader); got != http.StatusOK {
		t.Errorf("a token made while the server was stopped: %d", got)
	}
	if got, _ := (client{n.api.base, reader}).ask(t, "POST", "/api/v1/campaigns", object{"name": "n"}); got != http.StatusForbidden {
		t.Errorf("a reader creates a campaign: %d", got)
	}
	var fresh struct {
		ID    int64
		Value string
	}
	n.api.do(t, "POST", "/api/v1/tokens", object{"name": "revogado", "scopes": []string{"read"}}, &fresh)
	if got := account(fresh.Value); got != http.StatusOK {
		t.Errorf("a fresh token: %d", got)
	}
	n.api.do(t, "DELETE", fmt.Sprintf("/api/v1/tokens/%d", fresh.ID), nil, nil)
	if got := account(fresh.Value); got != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", got)
	}
	for name, token := range map[string]string{"none": "", "nonsense": "arauto_nonsense", "one letter short": reader[:len(reader)-1]} {
		if got := account(token); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	until(t, 20*time.Second, "the token has expired", func() bool { return time.Since(made) > 4*time.Second })
	if got := account(lapsed); got != http.StatusUnauthorized {
		t.Errorf("an expired token: %d", got)
	}
	var audit struct {
		Data []struct{ Action string }
	}
	n.api.do(t, "GET", "/api/v1/audit", nil, &audit)
	if len(audit.Data) == 0 || !strings.Contains(fmt.Sprint(audit.Data), "token.revoke") {
		t.Errorf("the audit log: %v", audit.Data)
	}
}

// TestServe_FullDisk: a database that cannot be written to makes errors, not a crash, and nobody is
// written to meanwhile; it is well again when there is room.
func TestServe_FullDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("NOT TESTED: a full disk: mounting a small file system takes root on Linux")
	}
	disk := t.TempDir()
	if err := mountSmall(disk, 96<<20); err != nil {
		t.Skipf("NOT TESTED: a full disk: %v", err) // not every container may mount, CI's included
	}
	t.Cleanup(func() { syscall.Unmount(disk, 2) }) // detach: whatever still holds it
	graph, meta := pretend(t)
	n := serve(t, filepath.Join(disk, "data"))
	b := n.api.business(t, meta, graph, 300)
	c := n.api.newCampaign(t, b, "Disco cheio")
	n.api.importCSV(t, c.ID, people(0, 1500))
	n.api.start(t, c.ID)
	until(t, 20*time.Second, "messages go out", func() bool { return summary(t, graph).Accepted > 100 })

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	until(t, 20*time.Second, "the server says that it is not ready", func() bool { return status(n.address+"/readyz") == http.StatusServiceUnavailable })
	if got, text := n.api.ask(t, "POST", "/api/v1/campaigns", object{"name": "n"}); got < 500 {
		t.Errorf("a campaign is created on a full disk: %d %s", got, text)
	}
	if got := status(n.address + "/healthz"); got != http.StatusOK {
		t.Errorf("the process is alive, /healthz says %d", got)
	}
	time.Sleep(500 * time.Millisecond) // what was in flight lands
	before := summary(t, graph).Accepted
	time.Sleep(time.Second)
	if after := summary(t, graph).Accepted; after != before {
		t.Errorf("%d messages went out whose intent cannot be durable", after-before)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	until(t, 30*time.Second, "the server is ready again", func() bool { return status(n.address+"/readyz") == http.StatusOK })
	until(t, 60*time.Second, "the campaign completes", func() bool { return n.api.campaign(t, c.ID).State == "completed" })
	if sum := summary(t, graph); sum.Twice != 0 {
		t.Errorf("%d people were written to twice", sum.Twice)
	}
	t.Logf("counts %v", n.api.campaign(t, c.ID).Counts)
	n.stop(t, 20*time.Second)
}

// fill writes until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
}
