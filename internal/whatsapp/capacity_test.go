package whatsapp_test

import (
	"testing"

	"arauto"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

func TestDecode_CapabilityUpdate(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		want        arauto.Capacity
		kind        arauto.FactKind
	}{
		{"the portfolio's", `{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_business":25}`, arauto.Capacity{People: 2000, PeopleSaid: true}, arauto.FactCapacity},
		{"as a word", `{"max_daily_conversations_per_business":"TIER_10K"}`, arauto.Capacity{People: 10_000, PeopleSaid: true}, arauto.FactCapacity},
		{"no limit", `{"max_daily_conversations_per_business":"TIER_UNLIMITED"}`, arauto.Capacity{PeopleSaid: true}, arauto.FactCapacity},
		{"no limit as a number", `{"max_daily_conversations_per_business":-1}`, arauto.Capacity{PeopleSaid: true}, arauto.FactCapacity},
		{"the number's, before v24.0", `{"max_daily_conversation_per_phone":250}`, arauto.Capacity{People: 250, PeopleSaid: true}, arauto.FactCapacity},
		{"the portfolio's before the number's", `{"max_daily_conversation_per_phone":250,"max_daily_conversations_per_business":2000}`, arauto.Capacity{People: 2000, PeopleSaid: true}, arauto.FactCapacity},
		{"something else", `{"max_daily_conversations_per_business":{}}`, arauto.Capacity{}, arauto.FactOther},
		{"not said", `{"max_phone_numbers_per_business":25}`, arauto.Capacity{}, arauto.FactOther},
	} {
		t.Run(tc.name, func(t *testing.T) {
			facts, err := whatsapp.Decode([]byte(`{"object":"whatsapp_business_account","entry":[{"id":"8001","time":1700000000,"changes":[{"field":"business_capability_update","value":` + tc.value + `}]}]}`))
			if err != nil || len(facts) != 1 {
				t.Fatalf("%v, %v", facts, err)
			}
			if f := facts[0]; f.Kind != tc.kind || f.Capacity != tc.want || f.WABA != "8001" {
				t.Fatalf("%+v", f)
			}
		})
	}
}

func TestCapacity_OfTheSandbox(t *testing.T) {
	for _, tc := range []struct {
		tier string
		want arauto.Capacity
	}{
		{"TIER_250", arauto.Capacity{Rate: 80, People: 250, PeopleSaid: true}},
		{"TIER_2K", arauto.Capacity{Rate: 80, People: 2000, PeopleSaid: true}},
		{"TIER_UNLIMITED", arauto.Capacity{Rate: 80, PeopleSaid: true}},
	} {
		sb := sandbox.New(sandbox.Config{AccessToken: token, Tidy: true, Tier: tc.tier})
		c := whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(sb)})
		got, err := c.Capacity(t.Context(), sender("http://sandbox.invalid"))
		if err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v", tc.tier, got, err)
		}
	}
}
