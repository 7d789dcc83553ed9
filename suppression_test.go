package arauto_test

import (
	"strings"
	"testing"
	"time"

	"arauto"

	"pgregory.net/rapid"
)

func TestSuppression_Holds(t *testing.T) {
	past, future := base.Add(-time.Millisecond), base.Add(time.Millisecond)
	for _, scope := range []arauto.SuppressionScope{arauto.SuppressMarketing, arauto.SuppressAll} {
		for _, channel := range []arauto.Channel{"", arauto.ChannelWhatsApp, arauto.ChannelVoice} {
			for _, lifted := range []time.Time{{}, past, future} {
				for expires, over := range map[time.Time]bool{{}: false, past: true, base: true, future: false} {
					for _, asked := range []arauto.Channel{arauto.ChannelWhatsApp, arauto.ChannelVoice} {
						for _, marketing := range []bool{true, false} {
							s := arauto.Suppression{Scope: scope, Channel: channel, LiftedAt: lifted, ExpiresAt: expires}
							covers := (channel == "" || channel == asked) && (scope == arauto.SuppressAll || marketing)
							want := covers && lifted.IsZero() && !over
							if got := s.Holds(asked, marketing, base); got != want {
								t.Errorf("%+v, asked for %s, marketing %v: %v, want %v", s, asked, marketing, got, want)
							}
						}
					}
				}
			}
		}
	}
}

func TestPreferenceIn(t *testing.T) {
	account := arauto.Account{StopWords: arauto.DefaultStopWords(), ResumeWords: arauto.DefaultResumeWords()}
	custom := arauto.Account{StopWords: []string{"Não quero mais", "#SAIR!", "👎", "", "  "}, ResumeWords: []string{"quero", "não quero mais"}}
	tests := []struct {
		account arauto.Account
		text    string
		want    arauto.Preference
	}{
		{account, "SAIR", arauto.PreferenceStop},
		{account, "sair.", arauto.PreferenceStop},
		{account, " Sair! ", arauto.PreferenceStop},
		{account, "\n\u00a0*PARAR*\t", arauto.PreferenceStop},
		{account, "“Párar”…", arauto.PreferenceStop},
		{account, "sa\u0301ir", arauto.PreferenceStop},
		{account, "¡BAJA!", arauto.PreferenceStop},
		{account, "stop 🙏", arauto.PreferenceStop},
		{account, "\u200bStop\u200b", arauto.PreferenceStop},
		{account, "VOLTAR", arauto.PreferenceResume},
		{account, "voltar :)", arauto.PreferenceResume},
		{account, "não quero parar", arauto.PreferenceNone},
		{account, "parar não", arauto.PreferenceNone},
		{account, "sair da dívida", arauto.PreferenceNone},
		{account, "sairei", arauto.PreferenceNone},
		{account, "SAIR1", arauto.PreferenceNone},
		{account, "S A I R", arauto.PreferenceNone},
		{account, "quero voltar", arauto.PreferenceNone},
		{account, "", arauto.PreferenceNone},
		{account, " \n", arauto.PreferenceNone},
		{account, "!!!", arauto.PreferenceNone},
		{account, "🙏", arauto.PreferenceNone},
		{account, strings.Repeat("sair ", 20_000), arauto.PreferenceNone},
		{account, "sair" + strings.Repeat("!", 20_000), arauto.PreferenceStop},
		{custom, "NAO  QUERO\nMAIS.", arauto.PreferenceStop}, // among both: the careful reading
		{custom, "sair", arauto.PreferenceStop},
		{custom, "👎", arauto.PreferenceStop},
		{custom, "👍", arauto.PreferenceNone},
		{custom, "quero", arauto.PreferenceResume},
		{custom, "parar", arauto.PreferenceNone},
		{custom, "", arauto.PreferenceNone},
		{arauto.Account{}, "SAIR", arauto.PreferenceNone},
	}
	for _, tt := range tests {
		if got := tt.account.PreferenceIn(tt.text); got != tt.want {
			t.Errorf("%.40q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// Each word is found however it is dressed, and never with another word beside it.
func TestPreferenceIn_EveryWord(t *testing.T) {
	account := arauto.Account{StopWords: arauto.DefaultStopWords(), ResumeWords: arauto.DefaultResumeWords()}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(append(arauto.DefaultStopWords(), arauto.DefaultResumeWords()...)).Draw(t, "word")
		want := arauto.PreferenceStop
		if word == "VOLTAR" {
			want = arauto.PreferenceResume
		}
		around := rapid.StringOfN(rapid.SampledFrom([]rune(" \t\n.,!?¡¿\"'*_~-()🙏…")), 0, 5, -1)
		dressed := around.Draw(t, "before") + strings.ToLower(word) + around.Draw(t, "after")
		if got := account.PreferenceIn(dressed); got != want {
			t.Fatalf("%q: %q, want %q", dressed, got, want)
		}
		if got := account.PreferenceIn(dressed + " " + rapid.SampledFrom([]string{"não", "de novo", "2"}).Draw(t, "more")); got != arauto.PreferenceNone {
			t.Fatalf("%q and more: %q", dressed, got)
		}
	})
}
