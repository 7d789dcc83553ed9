// Package storetest is the suite of tests that both databases must pass, one file per noun. It knows the
// store's exported methods and nothing of SQL.
package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/store"
)

// Run puts an engine through the suite. open returns an empty store; it may skip the test.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *store.Store)
	}{
		{"account", testAccount},
		{"token", testToken},
		{"user", testUser},
		{"session", testSession},
		{"guess", testGuess},
		{"audit", testAudit},
		{"erased", testErased},
		{"idempotency", testIdempotency},
		{"business", testBusiness},
		{"sender", testSender},
		{"template", testTemplate},
		{"suppression", testSuppression},
		{"suppress", testSuppress},
		{"job", testJob},
		{"import", testImport},
		{"voice campaign", testVoiceCampaign},
		{"contacts to dial", testDialContacts},
		{"due dials", testDueDials},
		{"import to dial", testDialImport},
		{"dial moves", testDialMoves},
		{"who is not dialled any more", testDialErased},
		{"search", testSearch},
		{"names of custom fields", testCampaignFields},
		{"names of many writers", testCampaignFieldsWriters},
		{"stage", testStage},
		{"intake", testIntake},
		{"lease", testLease},
		{"facts", testFacts},
		{"webhook", testWebhook},
		{"settle", testSettle},
		{"retry", testRetry},
		{"selection", testSelect},
		{"conversation", testConversation},
		{"open conversation", testOpenConversation},
		{"queue", testQueue},
		{"desk", testDesk},
		{"together", testTogether},
		{"past attachments", testPastAttachments},
		{"desk closing", testDeskClosing},
		{"desk replies", testDeskReplies},
		{"desk pace", testDeskPace},
		{"desk race", testDeskRace},
		{"desk: the erased", testDeskErased},
		{"desk files", testDeskFiles},
		{"files of a person", testPersonFiles},
		{"click", testClick},
		{"click span", testClickSpan},
		{"click sources", testSources},
		{"conversion", testConversion},
		{"admission", testAdmission},
		{"admission of the dead", testAdmissionCrash},
		{"rules", testRules},
		{"person", testPerson},
		{"people by id", testUserIDs},
		{"rates", testRates},
		{"cost", testCost},
		{"ceiling", testCeiling},
		{"pause scopes", testPauseScopes},
		{"pause causes", testPauseCause},
		{"pause of a WABA", testPauseWABA},
		{"pause for a template", testPauseTemplate},
		{"pause for an account", testPauseAccount},
		{"pause for an error of no message", testPauseTrouble},
		{"failures", testFailures},
		{"marketing cap", testMarketingCap},
		{"marketing cap of what ended", testMarketingCapEnded},
		{"stopped countries", testStoppedCountry},
		{"reach", testReach},
		{"reach begins", testReachBegins},
		{"ramp-up", testRampUp},
		{"record again", testRecordAgain},
		{"capacity", testCapacity},
		{"notice", testNotice},
		{"notices add up", testNoticeFromTheStart},
		{"notices of many writers", testNoticeWriters},
		{"endpoint", testEndpoint},
		{"delivery", testDelivery},
		{"strangers see nothing", testIsolation},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// base is when every test begins. Fixed, so that a test that fails fails again.
func base() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

func newAccount(t *testing.T, s *store.Store, slug string) arauto.Account {
	t.Helper()
	a, err := s.CreateAccount(t.Context(), arauto.Actor{Name: "cli"}, base(), arauto.Account{
		Slug: slug, Name: "Loja " + slug, Country: "BR",
		TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese,
	})
	ok(t, err)
	return a
}

// business is one of each of Meta's tree.
type business struct {
	app    arauto.App
	waba   arauto.WABA
	sender arauto.Sender
}

func newBusiness(t *testing.T, s *store.Store, account int64) business {
	t.Helper()
	var b business
	var err error
	b.app, err = s.CreateApp(t.Context(), arauto.System(account), base(), arauto.App{Account: account, MetaID: fmt.Sprint(7000 + account), Name: "app", Secret: "s3cret", VerifyToken: "v3rify"})
	ok(t, err)
	b.waba, err = s.SaveWABA(t.Context(), arauto.System(account), base(), arauto.WABA{Account: account, App: b.app.ID, MetaID: "8001", Name: "waba"}, "9001")
	ok(t, err)
	b.sender, err = s.CreateSender(t.Context(), arauto.System(account), base(), arauto.Sender{
		Account: account, WABA: b.waba.ID, Name: "vendas",
		PhoneNumberID: "6001", DisplayPhone: "+5511987654321", Token: "EAAG",
	})
	ok(t, err)
	return b
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks an error's kind and the field it names.
func refused(t *testing.T, err error, kind arauto.Kind, field string) {
	t.Helper()
	var e *arauto.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a %s of %q", err, kind, field)
	}
	if e.Kind != kind || e.Field != field {
		t.Fatalf("got a %s of %q (%v), want a %s of %q", e.Kind, e.Field, err, kind, field)
	}
	if e.Message == "" {
		t.Fatalf("a %s without words", kind)
	}
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}
