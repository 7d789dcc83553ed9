package evolux

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/compat/compattest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A wireRow is a row as encoding/json would write it.
type wireRow struct {
	CampaignName            *string         `json:"campaign_name"`
	ConversationFieldValues json.RawMessage `json:"conversation_field_values"`
	ConversationUUID        *string         `json:"conversation_uuid"`
	ErrorMessage            *string         `json:"error_message"`
	Name                    *string         `json:"name"`
	PhoneNumber             *string         `json:"phone_number"`
	RepliedAt               *string         `json:"replied_at"`
	ReplyAction             *string         `json:"reply_action"`
	ReplyText               *string         `json:"reply_text"`
	SentAt                  *string         `json:"sent_at"`
	State                   string          `json:"state"`
	Template                *string         `json:"template"`
}

func TestRowEqualsEncodingJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "São João & <filhos>", "\"aspas\" \\ \n\t\x01\x7f", "\xff quebrado"}))
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "set") {
			return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms"))
		}
		return time.Time{}
	})
	rapid.Check(t, func(t *rapid.T) {
		fields := arauto.Fields{{Key: text.Draw(t, "key"), Value: text.Draw(t, "value")}}
		r := arauto.ContactRow{
			Contact: arauto.Contact{
				Conversation: text.Draw(t, "conversation"), Name: text.Draw(t, "name"), Phone: arauto.Phone(text.Draw(t, "phone")),
				State:  rapid.SampledFrom(arauto.ContactStates()).Draw(t, "state"),
				Reason: arauto.Reason(text.Draw(t, "reason")), Code: rapid.IntRange(0, 3).Draw(t, "code"), Detail: text.Draw(t, "detail"),
				ReplyAction: text.Draw(t, "action"), ReplyText: text.Draw(t, "text"),
				SentAt: moment.Draw(t, "sent"), RepliedAt: moment.Draw(t, "replied"),
			},
			RawFields:    string(fields.AppendJSON(nil)),
			CampaignName: text.Draw(t, "campaign"), TemplateName: text.Draw(t, "template"), Scheduled: moment.Draw(t, "scheduled"),
		}
		got := appendRow(nil, &r, now, arauto.Portuguese)

		shown := project(&r, now)
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(wireRow{
			CampaignName: ptr(r.CampaignName), ConversationFieldValues: json.RawMessage(r.RawFields), ConversationUUID: ptr(r.Conversation),
			ErrorMessage: ptr(shown.explain(&r, arauto.Portuguese)), Name: ptr(r.Name), PhoneNumber: ptr(string(r.Phone)),
			RepliedAt: ptrTime(r.RepliedAt), ReplyAction: ptr(r.ReplyAction), ReplyText: ptr(r.ReplyText),
			SentAt: ptrTime(r.SentAt), State: string(shown.shown), Template: ptr(r.TemplateName),
		}); err != nil {
			t.Fatal(err)
		}
		// encoding/json escapes these two wherever they stand; JSON does not ask for it.
		same := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029")
		if diff := cmp.Diff(strings.TrimSuffix(same.Replace(want.String()), "\n"), same.Replace(string(got))); diff != "" {
			t.Fatalf("(-encoding/json +ours):\n%s", diff)
		}
	})
}

func ptr(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func ptrTime(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	return ptr(at.UTC().Format("2006-01-02T15:04:05") + "+00:00")
}

func TestRowCostsNoAllocation(t *testing.T) {
	rows := given().rows
	r := &rows[2]
	buf := make([]byte, 0, 4<<10)
	if n := testing.AllocsPerRun(100, func() { buf = appendRow(buf[:0], r, now, arauto.Portuguese) }); n != 0 {
		t.Errorf("a plain row costs %v allocations", n)
	}
}

func BenchmarkRow(b *testing.B) {
	rows := given().rows
	buf := make([]byte, 0, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		buf = buf[:0]
		for i := range rows {
			buf = appendRow(buf, &rows[i], now, arauto.Portuguese)
		}
		b.SetBytes(int64(len(buf)))
	}
}

func TestWriteErrorEscapes(t *testing.T) {
	body := compattest.Exchange(t, given().serve(t), "GET /%22%0A%3Cx%3E HTTP/1.1\nHost: arauto.example\n\n")
	if _, body, _ = strings.Cut(body, "\n\n"); !json.Valid([]byte(body)) {
		t.Errorf("not JSON: %s", body)
	}
	if want := fmt.Sprintf("%q", "\"\n<x>"); !strings.Contains(body, want[1:len(want)-1]) {
		t.Errorf("%s does not hold %s", body, want)
	}
}
