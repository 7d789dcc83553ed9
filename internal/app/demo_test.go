package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// demoFile is what the demo says of itself to programs.
type demoFile struct {
	BaseURL   string `json:"base_url"`
	Account   string
	Token     string
	Campaigns []string `json:"whatsapp_campaigns"`
	Voice     []int64  `json:"voice_campaigns"`
	Sandbox   struct {
		GraphURL string `json:"graph_url"`
	}
	Webhook struct {
		URL           string
		AppSecret     string `json:"app_secret"`
		VerifyToken   string `json:"verify_token"`
		PhoneNumberID string `json:"phone_number_id"`
		WABAID        string `json:"waba_id"`
	}
}

// TestDemo is what somebody sees who has just built the program.
func TestDemo(t *testing.T) {
	t.Parallel() // it mostly waits
	const seed, most = 1, 60 * time.Second
	dir, address := filepath.Join(t.TempDir(), "demo"), freeAddress(t)
	args := []string{"demo", "--listen", address, "--data", dir, "--seed", fmt.Sprint(seed)}
	if testing.Short() {
		args = append(args, "--contacts", "400")
	}
	program(t) // building it is not the demo's time
	began := time.Now()
	p := start(t, args...)
	var told demoFile
	until(t, 20*time.Second, "demo.json is there", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
		return err == nil && json.Unmarshal(text, &told) == nil
	})
	checkDemoFile(t, told, address, filepath.Join(dir, "demo.json"))
	api := client{told.BaseURL, told.Token}
	id := demoCampaign(t, api, told.Campaigns[0])
	var voice campaign
	if api.do(t, "GET", fmt.Sprintf("/api/v1/campaigns/%d", told.Voice[0]), nil, &voice); voice.Total != 12 || voice.State != "draft" {
		t.Errorf("the voice campaign %+v", voice)
	}
	done := api.settled(t, id, told.Sandbox.GraphURL, most)
	took := time.Since(began)
	if took > most {
		t.Errorf("it took %s", took)
	}

	rows := subscribers(t, api, told.Campaigns[0])
	byState := map[string]int{}
	for _, r := range rows {
		byState[r.State]++
	}
	t.Logf("%.1f s from the start to the last webhook; %d contacts: %v", took.Seconds(), len(rows), byState)
	if int64(len(rows)) != done.Total || len(rows) == 0 {
		t.Errorf("the report shows %d people, the campaign has %d", len(rows), done.Total)
	}
	checkFates(t, rows, ledger(t, told.Sandbox.GraphURL), seed)
	if sum := summary(t, told.Sandbox.GraphURL); sum.Twice != 0 || sum.AfterOptOut != 0 || sum.Webhooks.Failed != 0 || sum.Webhooks.Discarded != 0 {
		t.Errorf("the sandbox says %+v", sum)
	}
	pasteLines(t, p)
	checkClicks(t, api)
	export(t, told, len(rows))

	p.stop(t, 20*time.Second)
	t.Run("a second start in the same directory", func(t *testing.T) {
		again := start(t, append(args, "--contacts", "20")...)
		until(t, 20*time.Second, "another campaign has completed", func() bool { return strings.Contains(again.out.String(), "Still serving") })
		again.stop(t, 20*time.Second)
	})
}

// checkClicks: everybody who came by an ad or a post was answered and closed, with the same codes in every demo, and the
// purchases that Meta can be told of are told once.
func checkClicks(t *testing.T, api client) {
	t.Helper()
	var page struct {
		Data []struct {
			SourceType string `json:"source_type"`
			Clicks     int
			Handled    int
			Outcomes   []struct {
				Code          string
				Conversations int
			}
		}
	}
	api.do(t, "GET", "/api/v1/reports/ads?from="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), nil, &page)
	clicks, handled, codes := map[string]int{}, 0, map[string]int{}
	for _, s := range page.Data {
		clicks[s.SourceType] += s.Clicks
		handled += s.Handled
		for _, o := range s.Outcomes {
			codes[o.Code] += o.Conversations
		}
	}
	if fmt.Sprint(clicks, handled, codes) != "map[ad:20 post:4] 24 map[ORCAMENTO:8 SEM-INTERESSE:8 VENDA:8]" {
		t.Errorf("ads brought %v, %d handled, %v", clicks, handled, codes)
	}
	var told struct{ Data []struct{ State string } }
	until(t, 20*time.Second, "Meta is told of purchases", func() bool {
		states := map[string]int{}
		api.do(t, "GET", "/api/v1/conversions?limit=100", nil, &told)
		for _, c := range told.Data {
			states[c.State]++
		}
		return states["sent"]+states["skipped"] == 8 && states["skipped"] > 0
	})
}

func checkDemoFile(t *testing.T, told demoFile, address, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo.json holds a token and has mode %v (%v)", info.Mode(), err)
	}
	if told.BaseURL != "http://"+address || told.Account != "demo" || told.Token == "" || len(told.Campaigns) != 1 || len(told.Voice) != 1 || told.Sandbox.GraphURL == "" {
		t.Errorf("demo.json says %+v", told)
	}
	meta := sandbox.Config{}.WithDefaults()
	if w := told.Webhook; !strings.HasPrefix(w.URL, told.BaseURL+"/webhooks/whatsapp/") || w.AppSecret != meta.AppSecret || w.VerifyToken == "" ||
		w.PhoneNumberID != meta.PhoneNumberID || w.WABAID != meta.WABAID {
		t.Errorf("demo.json says of the webhook %+v", w)
	}
}

func demoCampaign(t *testing.T, api client, uuid string) int64 {
	t.Helper()
	var c campaign
	api.do(t, "GET", "/api/v1/campaigns/"+uuid, nil, &c)
	return c.ID
}

// subscriber is a row of the vendor's report.
type subscriber struct {
	Name      string
	Phone     string `json:"phone_number"`
	State     string
	SentAt    *string `json:"sent_at"`
	RepliedAt *string `json:"replied_at"`
	Reply     *string `json:"reply_text"`
	Action    *string `json:"reply_action"`
	Error     *string `json:"error_message"`
}

// subscribers follows the report from its first page to its last and sees everybody once.
func subscribers(t *testing.T, api client, uuid string) map[string]subscriber {
	t.Helper()
	all := map[string]subscriber{}
	pages := 0
	for next := "/api/v1/reports/campaign/subscribers?campaigns[]=" + uuid + "&_limit=137"; next != ""; pages++ {
		var page struct {
			Data       []subscriber
			Pagination struct {
				Next  string
				Total int
			}
		}
		api.do(t, "GET", next, nil, &page)
		for _, r := range page.Data {
			who := personOf(r.Phone)
			if _, twice := all[who]; twice {
				t.Fatalf("page %d shows %s again", pages, r.Phone)
			}
			all[who] = r
		}
		if next = page.Pagination.Next; next == "" && page.Pagination.Total != len(all) {
			t.Errorf("%d pages show %d people and say that there are %d", pages+1, len(all), page.Pagination.Total)
		}
	}
	return all
}

// checkFates compares what the report says with what the pretend Meta did to each person.
func checkFates(t *testing.T, rows map[string]subscriber, entries []sandbox.Entry, seed int64) {
	t.Helper()
	asked := map[string]bool{}
	for _, e := range entries {
		if e.Template != "" { // others answer people who came by ads
			asked[personOf(e.To)] = true
		}
	}
	tapped := 0
	for who, r := range rows {
		story := sandbox.Fate(seed, who)
		want := "dnd" // never asked for: held back
		if asked[who] {
			want = reported(story)
		}
		if r.State != want {
			t.Errorf("%s is %s in the report, want %s (%s, asked for: %v)", r.Phone, r.State, want, story.End(), asked[who])
		}
		if (r.RepliedAt != nil) != (r.State == "completed") || (r.Error != nil) != slices.Contains([]string{"error", "dnd"}, r.State) {
			t.Errorf("%s: %+v does not fit together", r.Phone, r)
		}
		if r.State == "completed" && story.Reply != sandbox.ReplyButton && (r.Reply == nil || *r.Reply != story.Text || r.Action != nil) {
			t.Errorf("%s wrote %q, the report says %+v", r.Phone, story.Text, r)
		}
		if r.Action != nil {
			tapped++
		}
	}
	if tapped == 0 {
		t.Error("nobody tapped a button: the report's reply_action was not tested")
	}
	for _, who := range slices.Sorted(maps.Keys(asked)) {
		if _, ok := rows[who]; !ok {
			t.Errorf("%s was written to and is not in the report", who)
		}
	}
}

// reported is the vendor's word for where a story ends.
func reported(s sandbox.Story) string {
	switch endOf(s) {
	case "failed":
		return "error"
	case "replied":
		return "completed"
	}
	return "sent"
}

// pasteLines tries what the demo offers to paste.
func pasteLines(t *testing.T, p *process) {
	t.Helper()
	until(t, 20*time.Second, "the demo has said everything", func() bool { return strings.Contains(p.out.String(), "Still serving") })
	tried := 0
	dir := t.TempDir()
	for line := range strings.Lines(p.out.String()) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "curl ") || strings.Contains(line, "python3 examples/"):
			tool := strings.Fields(strings.TrimPrefix(line, "ARAUTO_TOKEN="))[0]
			if tool != "curl" {
				tool = "python3"
			}
			if _, err := exec.LookPath(tool); err != nil {
				t.Logf("NOT TESTED: there is no %s", tool)
				continue
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "report.csv", filepath.Join(dir, "report.csv"), 1))
			cmd.Dir = filepath.Join("..", "..")
			out, err := cmd.CombinedOutput()
			fine := strings.Contains(string(out), `"message":"OK"`) || strings.Contains(string(out), `"msg":"24 records were found"`)
			if err != nil || strings.HasPrefix(line, "curl ") && !fine {
				t.Errorf("%s: %v\n%.500s", line, err, out)
			}
		case strings.HasPrefix(line, "bin/arauto "):
			said := p.out.String()
			settings, _, _ := strings.Cut(said[strings.Index(said, "export ARAUTO_URL=")+len("export "):], "\n")
			cmd := exec.CommandContext(t.Context(), program(t), strings.Fields(line)[1:]...)
			cmd.Env = append(withoutSettings(os.Environ()), strings.Fields(settings)...)
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "completed") {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		case strings.HasSuffix(line, "/api/v1/docs") && strings.HasPrefix(line, "http://"):
			if got := status(strings.TrimPrefix(line, "http://")); got != http.StatusOK {
				t.Errorf("%s: %d", line, got)
			}
		default:
			continue
		}
		tried++
	}
	if tried < 5 {
		t.Errorf("only %d lines to paste in\n%s", tried, p.out)
	}
}

// export runs the example that an analyst would.
func export(t *testing.T, told demoFile, people int) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("NOT TESTED: the export without python3")
		return
	}
	file := filepath.Join(t.TempDir(), "assinantes.csv")
	cmd := exec.CommandContext(t.Context(), "python3", filepath.Join("..", "..", "examples", "bi-export", "export.py"), told.BaseURL, file, "--page", "250")
	cmd.Env = append(os.Environ(), "ARAUTO_TOKEN="+told.Token)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("export: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(string(text), "\n") - 1; rows < people {
		t.Errorf("the export has %d lines for %d people", rows, people)
	}
}

func TestDemo_RefusesADirectoryThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	precious := filepath.Join(dir, "arauto.db")
	if err := os.WriteFile(precious, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "demo", "--listen", freeAddress(t), "--data", dir)
	if status := p.wait(t, 20*time.Second); status == 0 || !strings.Contains(p.out.String(), "choose an empty directory") {
		t.Errorf("status %d:\n%s", status, p.out)
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "somebody's" {
		t.Errorf("what was in the directory is now %q (%v)", text, err)
	}
}
