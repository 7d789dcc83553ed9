package api_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"arauto"
	"arauto/internal/api"
)

// fakeOthers are the interfaces that are not the store's.
type fakeOthers struct {
	started []string
	sent    []arauto.Message
	refuse  error
}

func (o *fakeOthers) Sync(context.Context, arauto.Actor, int64, int64) (added, changed int, err error) {
	return 2, 1, o.refuse
}

func (o *fakeOthers) SyncNumber(_ context.Context, _ arauto.Actor, s arauto.Sender) (arauto.Sender, error) {
	s.Rate = 1000
	return s, nil
}

func (o *fakeOthers) Start(_ context.Context, _ arauto.Actor, account, campaign int64, name string, file io.Reader, how api.ImportOptions) (arauto.Job, error) {
	body, err := io.ReadAll(file)
	if err != nil {
		return arauto.Job{}, err
	}
	o.started = append(o.started, fmt.Sprintf("%d/%d %q %q %v", account, campaign, name, body, how.Columns))
	return arauto.Job{ID: 1, UUID: jobUUID, Campaign: campaign, Kind: arauto.JobImport, State: arauto.JobQueued}, nil
}

func (o *fakeOthers) Preview(_ context.Context, account, campaign int64, name string, file io.Reader, how api.ImportOptions) (api.ImportPreview, error) {
	body, err := io.ReadAll(file)
	if err != nil {
		return api.ImportPreview{}, err
	}
	o.started = append(o.started, fmt.Sprintf("preview %d/%d %q %q %+v", account, campaign, name, body, how))
	return api.ImportPreview{
		Format: "csv", Separator: ";", Encoding: "utf-8", Sheets: []string{}, Columns: []api.ImportColumn{{Header: "fone", Target: "phone"}},
		Rows: []api.ImportPreviewRow{{Row: 2, Cells: []string{"1"}, Verdict: "refused", Reason: "phone is too short"}}, Counts: api.ImportPreviewCounts{Refused: 1},
	}, nil
}

func (o *fakeOthers) Rejects(context.Context, int64, arauto.Job) (io.ReadCloser, string, string, error) {
	return io.NopCloser(strings.NewReader("nome,telefone\n")), "contatos-rejects.csv", "text/csv; charset=utf-8", nil
}

func (o *fakeOthers) TestSend(_ context.Context, _ arauto.Actor, _ arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	o.sent = append(o.sent, m)
	return arauto.Receipt{ProviderID: "wamid.1", WAID: m.To.Digits()}, o.refuse
}

// fakePhones reads E.164, and anything else of ten digits or more as Brazilian.
type fakePhones struct{}

func (fakePhones) Parse(country, raw string) (arauto.Phone, error) {
	if p, ok := arauto.ParseE164(raw); ok {
		return p, nil
	}
	if p := arauto.Phone("+55" + raw); country == "BR" && len(raw) >= 10 && p.Valid() {
		return p, nil
	}
	return "", arauto.Errorf(arauto.KindInvalid, "phone", "%q is not a phone number", raw)
}

func (p fakePhones) Search(country, raw string) []arauto.Phone {
	phone, err := p.Parse(country, raw)
	if err != nil {
		return nil
	}
	return []arauto.Phone{phone}
}
