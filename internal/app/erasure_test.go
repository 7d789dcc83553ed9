package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto/internal/sandbox"
	"arauto/internal/store"
)

// What there is of somebody who will be forgotten: nobody else in these tests has any of it.
const (
	goneName  = "Zuleica Quaresma"
	goneWords = "meu gato chama Bartolomeu"
	goneField = "Rua das Jabuticabas 77"
	goneID    = "matricula-998877"
	gonePhone = "5511987660123"
)

// goneTraces are the bytes that must not be found, in plain and as PostgreSQL writes bytes.
func goneTraces() []string {
	list := []string{"Zuleica", "Quaresma", "Bartolomeu", "Jabuticabas", goneID, "87660123", "98766-0123"}
	for _, s := range list[:len(list):len(list)] {
		list = append(list, hex.EncodeToString([]byte(s)))
	}
	return list
}

// everywhere puts a person wherever a person can be.
func everywhere(t *testing.T, n *inside, o *office) campaign {
	t.Helper()
	var told struct{ ID int64 }
	o.api.do(t, "POST", "/api/v1/endpoints", object{"url": "http://127.0.0.1:1/"}, &told)
	csv := "name,phone,external_id,endereco\n" + goneName + ",+" + gonePhone + "," + goneID + "," + goneField + "\nAna Souza,+5511980000077,x-1,Rua B\n" +
		"Zuleica,not a phone 11 98766-0123,,\n"
	c := o.api.newCampaign(t, o.business, "primeira")
	o.api.importCSV(t, c.ID, csv)
	o.api.importCSV(t, o.api.newCampaign(t, o.business, "nunca").ID, csv) // a draft: they wait in it
	o.api.start(t, c.ID)
	until(t, 20*time.Second, "the campaign has completed", func() bool { return o.api.campaign(t, c.ID).State == "completed" })
	taken := o.taken()[personOf(gonePhone)]
	o.status(t, taken, "read", true)
	o.write(t, taken, "wamid.of-hers", object{"type": "text", "text": object{"body": goneWords}, "context": object{"id": taken.ID}})
	o.write(t, o.taken()[personOf("5511980000077")], "wamid.of-anas", object{"type": "text", "text": object{"body": "a Ana fica"}})
	o.becomes(t, c.ID, personOf(gonePhone), "replied")
	o.sendFiles(t, taken)
	o.api.do(t, "POST", "/api/v1/suppressions", object{"phones": []string{"(11) 98766-0123"}, "scope": "marketing", "evidence": "carta de " + goneName}, nil)
	deleted := o.api.newCampaign(t, o.business, "duas")
	status, text, _ := n.call(t, as{"Authorization": "Bearer " + o.api.token, "Idempotency-Key": "k1"}, "POST", fmt.Sprintf("/api/v1/campaigns/%d/contacts", deleted.ID),
		[]object{{"phone": "+" + gonePhone, "name": goneName, "external_id": goneID}, {"phone": "12" + gonePhone + "34", "name": goneName}})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	o.api.do(t, "GET", "/api/v1/people/%2B"+gonePhone, nil, &struct{}{})
	var tokens struct{ Data []struct{ ID int64 } }
	o.api.do(t, "GET", "/api/v1/tokens", nil, &tokens)
	until(t, 10*time.Second, "the path is remembered with the token", func() bool {
		_, text := o.api.ask(t, "GET", fmt.Sprintf("/api/v1/tokens/%d/requests", tokens.Data[0].ID), nil)
		return strings.Contains(string(text), gonePhone)
	})
	return c
}

// sheet puts a spreadsheet among the uploads, with the text in one of its parts, compressed.
func sheet(t *testing.T, path, text string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/sharedStrings.xml")
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump counts where traces are: in every table of the database, and in every file of the data directory.
type dump struct{ found map[string]int }

func (d *dump) Begin(store.Image) error { return nil }

func (d *dump) Add(name string, _ int64, body io.Reader) error {
	text, err := io.ReadAll(body)
	d.look("table "+name, text)
	return err
}

func (d *dump) look(where string, text []byte) {
	for _, trace := range goneTraces() {
		if at := bytes.Index(text, []byte(trace)); at >= 0 {
			d.found[fmt.Sprintf("%s: %q", where, text[max(0, at-60):min(len(text), at+60)])]++
		}
	}
}

func found(t *testing.T, data, database string) map[string]int {
	t.Helper()
	d := &dump{map[string]int{}}
	if database != "" {
		if err := store.Backup(t.Context(), database, t.TempDir(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		d.look(path, text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return d.found
}

// TestErasure: a person is put everywhere, forgotten, and then looked for in every table and every file. They
// are not taken in again, and nobody writes to them.
func TestErasure(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testErasure(t, "") })
	if !testing.Short() {
		t.Run("postgres", func(t *testing.T) { testErasure(t, postgres(t)) })
	}
}

func testErasure(t *testing.T, database string) {
	data := t.TempDir()
	n := newInsideAt(t, data, database)
	o := &office{}
	o.meta, o.graph = mute(t, sandbox.Config{})
	api, account := n.account(t, "loja")
	o.api = api
	o.business = o.api.business(t, sandbox.Config{VerifyToken: "shown"}, o.graph, 1000)
	o.hook = n.base + o.webhookPath
	c := everywhere(t, n, o)
	hers, others := filepath.Join(data, "files", fmt.Sprint(account.ID), "uploads", "hers.bin"), filepath.Join(data, "files", fmt.Sprint(account.ID), "uploads", "others.bin")
	sheet(t, hers, "<t>+55 (11) 98766-0123</t>")
	sheet(t, others, "<t>+55 (11) 98766-0124</t>")
	if before := found(t, data, database); len(before) < 10 {
		t.Fatalf("there was little to be forgotten: %v", before)
	}
	counts := o.api.campaign(t, c.ID).Counts
	history(t, o.api)
	file := personFile(t, o)
	var contacts struct{ Job job }
	o.api.do(t, "POST", "/api/v1/exports", object{"format": "csv"}, &contacts)
	until(t, 20*time.Second, "the list is written", func() bool {
		o.api.do(t, "GET", fmt.Sprintf("/api/v1/exports/%d", contacts.Job.ID), nil, &contacts)
		return contacts.Job.State == "completed"
	})
	var j job
	o.api.do(t, "POST", "/api/v1/people/%2B"+gonePhone+"/erase", object{"why": "pedido 12"}, &j)
	until(t, 60*time.Second, "they are forgotten", func() bool {
		o.api.do(t, "GET", fmt.Sprintf("/api/v1/jobs/%d", j.ID), nil, &j)
		return j.State != "queued" && j.State != "running"
	})
	if j.State != "completed" {
		t.Fatalf("the job ended as %+v", j)
	}
	for where := range found(t, data, database) {
		t.Errorf("still there: %s", where)
	}
	if status, text := o.api.ask(t, "GET", file, nil); status != http.StatusNotFound {
		t.Errorf("the file that was written for them: %d %.100s", status, text)
	}
	if left, err := filepath.Glob(filepath.Join(data, "files", fmt.Sprint(account.ID), "exports", "*")); err != nil || len(left) != 1 {
		t.Errorf("exports that are left: %q, %v; want the list without them", left, err)
	}
	if _, text := o.api.ask(t, "GET", fmt.Sprintf("/api/v1/exports/%d/file", contacts.Job.ID), nil); strings.Contains(string(text), gonePhone) || !strings.Contains(string(text), "Ana Souza") {
		t.Errorf("the list that was written before: %s", text)
	}
	if _, err := os.Stat(hers); err == nil {
		t.Error("a spreadsheet that speaks of them is there")
	}
	if _, err := os.Stat(others); err != nil {
		t.Errorf("a spreadsheet that does not speak of them: %v", err)
	}
	if now := o.api.campaign(t, c.ID).Counts; fmt.Sprint(now) != fmt.Sprint(counts) {
		t.Errorf("the campaign counted %v, now %v", counts, now)
	}
	if status, text := o.api.ask(t, "GET", "/api/v1/people/%2B"+gonePhone, nil); status != http.StatusNotFound {
		t.Errorf("they are still shown: %d %s", status, text)
	}
	if status, text := o.api.ask(t, "GET", "/api/v1/contacts?limit=100", nil); !strings.Contains(string(text), "Ana Souza") {
		t.Errorf("somebody else is gone: %d %s", status, text)
	}

	again := o.api.newCampaign(t, o.business, "de novo")
	if in := o.api.importCSV(t, again.ID, "name,phone\n"+goneName+",11 8766-0123\nAna,+5511980000077\n"); in.Accepted != 1 || in.Rejected != 1 {
		t.Errorf("the import took %d in and refused %d", in.Accepted, in.Rejected)
	}
	o.api.start(t, again.ID)
	until(t, 20*time.Second, "the campaign has completed", func() bool { return o.api.campaign(t, again.ID).State == "completed" })
	written := 0
	for e := range o.meta.Entries() {
		if personOf(e.To) == personOf(gonePhone) {
			written++
		}
	}
	if written != 1 {
		t.Errorf("%d messages went to them; one had, before", written)
	}
	if status, text := o.api.ask(t, "GET", "/api/v1/why?phone=%2B"+gonePhone, nil); status == http.StatusOK && !strings.Contains(string(text), "erased") {
		t.Errorf("why does not say it: %s", text)
	}
}

// history reads the person's timeline in pages of every size, and the document they may ask for.
func history(t *testing.T, api client) {
	t.Helper()
	var kinds []string
	for _, size := range []int{1, 2, 100} {
		var got []string
		for next := fmt.Sprintf("/api/v1/people/%%2B%s/timeline?limit=%d", gonePhone, size); next != ""; {
			var page struct {
				Data []struct {
					At, Kind string
					ID       int64
				}
				Next *string
			}
			api.do(t, "GET", next, nil, &page)
			for _, h := range page.Data {
				got = append(got, h.Kind)
			}
			if next = ""; page.Next != nil {
				next = *page.Next
			}
		}
		if kinds != nil && fmt.Sprint(got) != fmt.Sprint(kinds) {
			t.Errorf("pages of %d show %v, others %v", size, got, kinds)
		}
		kinds = got
	}
	for _, want := range []string{"attempt", "message_in", "conversation_opened", "suppressed"} {
		if !strings.Contains(fmt.Sprint(kinds), want) {
			t.Errorf("the timeline lacks %s: %v", want, kinds)
		}
	}
	status, text := api.ask(t, "GET", "/api/v1/people/%2B"+gonePhone+"/export", nil)
	for _, want := range []string{goneName, goneField, goneID, goneWords, "carta de"} {
		if status != http.StatusOK || !json.Valid(text) || !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q: %d %s", want, status, text)
		}
	}
}

// personFile has everything of the person written into a file, holds it against the document that is given at once, and
// returns where it is.
func personFile(t *testing.T, o *office) string {
	t.Helper()
	api := o.api
	var x struct {
		Job     job
		FileURL string `json:"file_url"`
	}
	api.do(t, "POST", "/api/v1/people/%2B"+gonePhone+"/exports", nil, &x)
	until(t, 20*time.Second, "the file is written", func() bool {
		api.do(t, "GET", fmt.Sprintf("/api/v1/person-exports/%d", x.Job.ID), nil, &x)
		return x.Job.State != "queued" && x.Job.State != "running"
	})
	status, text := api.ask(t, "GET", x.FileURL, nil)
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if x.Job.State != "completed" || status != http.StatusOK || err != nil {
		t.Fatalf("job %+v, file %d, %v", x.Job, status, err)
	}
	f, err := archive.Open("person.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var inFile, atOnce map[string]any
	if err := json.NewDecoder(f).Decode(&inFile); err != nil {
		t.Fatal(err)
	}
	api.do(t, "GET", "/api/v1/people/%2B"+gonePhone+"/export", nil, &atOnce)
	filesInArchive(t, o, archive)
	for _, document := range []map[string]any{inFile, atOnce} {
		delete(document, "exported_at")
		for _, f := range document["files"].([]any) {
			delete(f.(map[string]any), "file")
			delete(f.(map[string]any), "left_out")
		}
	}
	if d := cmp.Diff(atOnce, inFile); d != "" || len(inFile["timeline"].([]any)) == 0 {
		t.Errorf("the file says otherwise than the document:\n%s", d)
	}
	rows := len(inFile["timeline"].([]any)) + len(inFile["contacts"].([]any)) + len(inFile["files"].([]any))
	if x.Job.Done != int64(rows) || x.Job.Rejected != 1 {
		t.Errorf("%d rows done, of %d, and %d files are not in it", x.Job.Done, rows, x.Job.Rejected)
	}
	if status, _ := api.ask(t, "GET", fmt.Sprintf("/api/v1/exports/%d/file", x.Job.ID), nil); status != http.StatusNotFound {
		t.Errorf("among the exports of contacts: %d", status)
	}
	return x.FileURL
}
