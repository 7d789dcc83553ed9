package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"arauto"
)

// A dialler is a client of the outbound dialer's vendor: HTTP Basic, its own paths.
type dialler struct {
	client
	user     string
	account  arauto.Account
	campaign arauto.Campaign
	contacts string // the address of the campaign's contacts
}

// newDialler is an account with a running voice campaign.
func newDialler(t *testing.T, n *inside, slug string) dialler {
	t.Helper()
	d := dialler{user: slug}
	d.client, d.account = n.account(t, slug)
	who, now := arauto.Actor{Account: d.account.ID, Name: "test"}, time.Now().UTC()
	d.account.Rules.OutboundDialerRate = 1000
	if _, err := n.Store().UpdateAccount(t.Context(), who, now, d.account); err != nil {
		t.Fatal(err)
	}
	queue, err := n.Store().CreateQueue(t.Context(), who, now, arauto.Queue{Account: d.account.ID, Name: "Cobrança"})
	if err != nil {
		t.Fatal(err)
	}
	voice := arauto.NewVoice(arauto.DialPredictive)
	voice.CallerIDs = []arauto.Phone{"+551140001234"}
	d.campaign, err = n.Store().CreateCampaign(t.Context(), who, now, arauto.Campaign{
		Account: d.account.ID, Name: "Carnês", Channel: arauto.ChannelVoice, Standing: true, Queue: queue.ID, Voice: voice,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Store().ChangeCampaign(t.Context(), who, now, d.account.ID, d.campaign.ID, arauto.CampaignStart, ""); err != nil {
		t.Fatal(err)
	}
	d.contacts = fmt.Sprintf("/apps/api/v1/outbound_dialer/campaigns/%d/contacts", d.campaign.ID)
	return d
}

// say is the status, headers and body of the answer to one request.
func (d dialler) say(t *testing.T, method, path, kind, body string) (int, http.Header, string) {
	t.Helper()
	own := base64.StdEncoding.EncodeToString([]byte(d.user + ":" + d.token))
	status, text, header := exchange(t, method, d.base+path, as{"Authorization": "Basic " + own, "Content-Type": kind}, strings.NewReader(body))
	return status, header, string(text)
}

// json expects a status and reads the answer.
func (d dialler) json(t *testing.T, status int, method, path, body string, out any) string {
	t.Helper()
	got, _, text := d.say(t, method, path, "application/json", body)
	if got != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, got, text, status)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return text
}

// upload imports a file and is what became of the job.
func (d dialler) upload(t *testing.T, file string) (job struct {
	ID                                       int64
	Status, Type, ErrorDetails, ErrorMessage string
},
) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "contatos.json")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, file)
	form.Close()
	status, header, text := d.say(t, "POST", d.contacts+"/import", form.FormDataContentType(), b.String())
	if status != http.StatusAccepted || text != "" || header.Get("Location") != d.contacts+"/jobs/"+header.Get("X-Job-Id") {
		t.Fatalf("import: %d %v %s", status, header, text)
	}
	until(t, 10*time.Second, "the import has ended", func() bool {
		var raw map[string]any
		d.json(t, 200, "GET", header.Get("Location"), "", &raw)
		job.Status, job.Type = fmt.Sprint(raw["status"]), fmt.Sprint(raw["type"])
		job.ErrorDetails, job.ErrorMessage = fmt.Sprint(raw["error_details"]), fmt.Sprint(raw["error_message"])
		return job.Status != "in_progress"
	})
	return job
}

type dialled struct {
	ID           int64
	Name, Status string
	Phone        string `json:"phone_number"`
	External     string `json:"external_unique_id"`
}

// TestCCAI: what an existing client does, from end to end.
func TestCCAI(t *testing.T) {
	t.Parallel()
	n := newInside(t)
	d := newDialler(t, n, "loja")

	var added struct {
		Valid   []dialled `json:"valid_contacts"`
		Invalid []struct {
			dialled
			Errors []string
		} `json:"invalid_contacts"`
	}
	d.json(t, 200, "POST", d.contacts, `{"name":"string","email":"customer@somedomain.com","phone_number":"+1 111-111-1111","outbound_number":"+55 11 4000-1234","external_unique_id":"UID_123456"}`, &added)
	if len(added.Valid) != 1 || len(added.Invalid) != 0 || added.Valid[0].Phone != "+1 111-111-1111" || added.Valid[0].Status != "Upcoming" {
		t.Fatalf("added %+v", added)
	}
	first := added.Valid[0]
	due, err := n.Store().DueDials(t.Context(), time.Now().UTC(), d.account.ID, d.campaign.ID, 10)
	if err != nil || len(due) != 1 || due[0].ID != first.ID {
		t.Errorf("due at once: %+v %v", due, err)
	}
	d.json(t, 200, "POST", d.contacts, `{"name":"Outra","phone_number":"+11111111111"}`, &added)
	if want := fmt.Sprintf("duplicate_phone_number: contact %d", first.ID); len(added.Valid) != 0 || len(added.Invalid) != 1 || !strings.HasPrefix(added.Invalid[0].Errors[0], want) {
		t.Errorf("the same phone again: %+v", added)
	}
	d.json(t, 200, "POST", d.contacts, `{"name":"Fora","phone_number":"(11) 98888-0001","outbound_number":"+1 760-867-5309"}`, &added)
	if len(added.Valid) != 1 || added.Valid[0].Status != "Invalid Outbound Number" {
		t.Errorf("an outbound number of nobody's: %+v", added)
	}

	d.imports(t)

	var list []dialled
	d.json(t, 200, "GET", d.contacts, "", &list)
	if len(list) != 4 || list[0] != first || list[3].Status != "Invalid Number" || list[3].Phone != "ramal 12" {
		t.Fatalf("listed %+v", list)
	}
	_, header, page := d.say(t, "GET", d.contacts+"?page=2&per_page=3", "", "")
	if header.Get("X-Total") != "4" || !strings.Contains(page, "ramal 12") || strings.Contains(page, "UID_123456") {
		t.Errorf("page 2: %v %s", header, page)
	}
	contact := strings.TrimSuffix(d.contacts, "s")
	long := d.json(t, 200, "PATCH", contact, fmt.Sprintf(`{"contact_id":%d,"name":"Bob Smith","loja":"Centro"}`, first.ID), nil)
	if !strings.Contains(long, `"user_custom_metadata":{"NAME (REQUIRED)":"Bob Smith","PHONE (REQUIRED)":"+1 111-111-1111","EMAIL (REQUIRED)":"customer@somedomain.com","loja":"Centro"}`) {
		t.Errorf("changed: %s", long)
	}
	d.json(t, 409, "PATCH", contact, fmt.Sprintf(`{"contact_id":%d,"phone_number":"11 98888-0001"}`, first.ID), nil)
	d.json(t, 404, "DELETE", contact, fmt.Sprintf(`{"contact_id":"%d","phone_number":"11 98888-0001","external_unique_id":""}`, first.ID), nil)
	d.json(t, 200, "DELETE", contact, fmt.Sprintf(`{"contact_id":"%d","phone_number":"","external_unique_id":null,}`, first.ID), nil)
	d.json(t, 404, "DELETE", contact, fmt.Sprintf(`{"contact_id":%d}`, first.ID), nil)
	d.json(t, 200, "POST", d.contacts, `{"name":"De volta","phone_number":"+1 111-111-1111"}`, &added)
	if len(added.Valid) != 1 || added.Valid[0].ID == first.ID {
		t.Errorf("added again: %+v", added)
	}
	d.reads(t)
}

// imports: all of a file or nothing.
func (d dialler) imports(t *testing.T) {
	t.Helper()
	person := func(name, phone string) string {
		return fmt.Sprintf(`{"name":%q,"email":"","phone_number":%q,"outbound_number":"","external_unique_id":"","contrato":7}`, name, phone)
	}
	if job := d.upload(t, "["+person("Ana", "+55 11 98888-0002")+","+person("Rui", "ramal 12")+"]"); job.Status != "completed" || job.Type != "Jobs::Bulk::Campaign::ParentJob" {
		t.Errorf("import: %+v", job)
	}
	for name, file := range map[string]string{
		"a phone that is there":     "[" + person("Bia", "+55 11 98888-0003") + "," + person("Ana", "011 98888-0002") + "]",
		"a phone twice in the file": "[" + person("Bia", "+55 11 98888-0003") + "," + person("Bia 2", "(11) 98888-0003") + "]",
	} {
		if job := d.upload(t, file); job.Status != "failed" || job.Type != "Jobs::Bulk::Campaign::StartImport" || job.ErrorMessage != "Internal Error" ||
			job.ErrorDetails != "NativePowerDial::ContactService::DuplicateContactPhoneOnCampaign" {
			t.Errorf("%s: %+v", name, job)
		}
	}
	if job := d.upload(t, "[ ]"); job.Status != "completed" {
		t.Errorf("a list of nobody: %+v", job)
	}
	for name, file := range map[string]string{
		"no array": person("Bia", "+55 11 98888-0003"), "a phone that is a number": `[{"name":"Bia","phone_number":5511988880003}]`, "another key": `[{"name":"Bia","phone":"+55 11 98888-0003"}]`, "no JSON": "name,phone\nBia,+5511988880003\n", "cut off": "[" + person("Bia", "+55 11 98888-0003") + ",",
		"no name": "[" + person("", "+55 11 98888-0003") + "]", "no phone": "[" + person("Bia", "") + "," + person("Caio", "+55 11 98888-0004") + "]", "nothing": "",
		"nested": `[{"name":"Bia","phone_number":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}]`, "a number": "[7]",
		"a long text": `[{"name":"` + strings.Repeat("x", 10<<20) + `","phone_number":"+55 11 98888-0003"}]`, "a NUL": `[{"name":"B\u0000ia","phone_number":"+55 11 98888-0003"}]`,
	} {
		job := d.upload(t, file)
		if job.Status != "failed" || job.ErrorDetails != "Arauto::Import::InvalidFile" || len(job.ErrorMessage) < 10 {
			t.Errorf("%s: %+v", name, job)
		}
	}
}

// reads is the Manager API, and who comes in.
func (d dialler) reads(t *testing.T) {
	t.Helper()
	var campaigns []struct {
		ID     int64
		Status string
		Queue  struct{ Name string }
		Stats  map[string]int `json:"contact_stats"`
	}
	d.json(t, 200, "GET", "/manager/api/v1/outbound_dialer/campaigns", "", &campaigns)
	if len(campaigns) != 1 || campaigns[0].ID != d.campaign.ID || campaigns[0].Status != "dialing" || campaigns[0].Queue.Name != "Cobrança" {
		t.Fatalf("campaigns: %+v", campaigns)
	}
	stats := campaigns[0].Stats
	if len(stats) != 23 || stats["Upcoming"] != 2 || stats["Invalid Number"] != 1 || stats["Invalid Outbound Number"] != 1 || stats["Contacts"] != 4 || stats["Completed"] != 2 {
		t.Errorf("stats: %v", stats)
	}
	d.user = "admin" // the token's name
	d.json(t, 200, "GET", fmt.Sprintf("/manager/api/v1/outbound_dialer/campaigns/%d", d.campaign.ID), "", nil)
	for _, wrong := range []dialler{{client: d.client, user: "somebody"}, {client: client{d.base, "arauto_wrong"}, user: d.user}, {client: client{d.base, ""}}} {
		status, header, text := wrong.say(t, "GET", d.contacts, "", "")
		if status != 401 || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ") || !strings.HasPrefix(text, `{"message":"`) {
			t.Errorf("%q with %q: %d %v %s", wrong.user, wrong.token, status, header, text)
		}
	}
}

// TestCCAI_Isolation: a stranger with every scope sees and changes nothing of another account's campaign, whichever of
// the routes they try; and every route is tried.
func TestCCAI_Isolation(t *testing.T) {
	t.Parallel()
	n := newInside(t)
	victim, stranger := newDialler(t, n, "loja-a"), newDialler(t, n, "loja-b")
	victim.json(t, 200, "POST", victim.contacts, `{"name":"`+marked+`","phone_number":"+55 11 98888-0001","external_unique_id":"X"}`, nil)
	// A second campaign of the victim has a number that the stranger has none under.
	who := arauto.Actor{Account: victim.account.ID, Name: "test"}
	other, err := n.Store().CreateCampaign(t.Context(), who, time.Now().UTC(), arauto.Campaign{Account: victim.account.ID, Name: marked, Channel: arauto.ChannelVoice, Standing: true, Voice: victim.campaign.Voice})
	if err != nil {
		t.Fatal(err)
	}
	victim.contacts = fmt.Sprintf("/apps/api/v1/outbound_dialer/campaigns/%d/contacts", other.ID)
	victim.json(t, 200, "POST", victim.contacts, `{"name":"`+marked+`","phone_number":"+55 11 98888-0001","external_unique_id":"X"}`, nil)
	job := victim.upload(t, `[{"name":"`+marked+`","phone_number":"+55 11 98888-0002"}]`)
	if job.Status != "completed" {
		t.Fatalf("import: %+v", job)
	}
	before := victim.json(t, 200, "GET", victim.contacts, "", nil)
	tried := 0
	for _, route := range n.Routes() {
		if route.Surface != "ccai" || !strings.Contains(route.Path, "{campaign}") {
			continue
		}
		tried++
		path := strings.NewReplacer("{campaign}", fmt.Sprint(other.ID), "{job}", "1").Replace(route.Path)
		for _, body := range []string{`{"name":"Ana","phone_number":"+55 11 97777-0001"}`, `{"contact_id":2,"name":"x"}`, `{"external_unique_id":"X"}`, `{"phone_number":"+55 11 98888-0001"}`} {
			if status, _, text := stranger.say(t, route.Method, path, "application/json", body); status != http.StatusNotFound || strings.Contains(text, marked) {
				t.Errorf("%s %s: %d %s", route.Method, path, status, text)
			}
		}
		narrow := stranger
		narrow.token = ""
		if status, _, _ := narrow.say(t, route.Method, path, "application/json", ""); status != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d", route.Method, path, status)
		}
	}
	if tried != 7 {
		t.Errorf("%d routes were tried", tried)
	}
	if _, _, text := stranger.say(t, "GET", "/manager/api/v1/outbound_dialer/campaigns", "", ""); strings.Contains(text, marked) {
		t.Errorf("listed: %s", text)
	}
	if after := victim.json(t, 200, "GET", victim.contacts, "", nil); after != before {
		t.Errorf("changed: %s", after)
	}
}

// TestCCAI_Rate: ten requests a second for the account, whichever token and call; what an administrator sets holds.
func TestCCAI_Rate(t *testing.T) {
	t.Parallel()
	n := newInside(t)
	d := newDialler(t, n, "loja")
	d.do(t, "PATCH", "/api/v1/account", object{"rules": object{"outbound_dialer_rate": 0}}, nil)
	limited := 0
	for i := range 30 {
		path := d.contacts
		if i%2 == 1 {
			path = "/manager/api/v1/outbound_dialer/campaigns"
		}
		status, header, text := d.say(t, "GET", path, "", "")
		if status == http.StatusTooManyRequests {
			limited++
			if header.Get("Retry-After") == "" || !strings.HasPrefix(text, `{"message":"`) {
				t.Errorf("429: %v %s", header, text)
			}
		}
	}
	if limited == 0 {
		t.Error("thirty requests in a row were all answered")
	}
	d.do(t, "PATCH", "/api/v1/account", object{"rules": object{"outbound_dialer_rate": 1000}}, nil)
	answered := 0
	until(t, 3*time.Second, "sixty are answered within three seconds", func() bool {
		for range 3 {
			if status, _, _ := d.say(t, "GET", d.contacts, "", ""); status == http.StatusOK {
				answered++
			}
		}
		return answered >= 60
	})
}
