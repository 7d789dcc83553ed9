package arauto_test

import (
	"math"
	"testing"
	"time"

	"arauto"
)

func TestVoice_Check(t *testing.T) {
	for _, m := range arauto.DialModes() {
		if err := arauto.NewVoice(m).Check(); err != nil {
			t.Errorf("the defaults of %s: %v", m, err)
		}
	}
	for field, spoil := range map[string]func(*arauto.Voice){
		"voice.mode":                     func(v *arauto.Voice) { v.Mode = "manual" },
		"voice.caller_ids[1]":            func(v *arauto.Voice) { v.CallerIDs = []arauto.Phone{"+551140000000", "4000"} },
		"voice.caller_ids[2]":            func(v *arauto.Voice) { v.CallerIDs = []arauto.Phone{"+551140000000", "+551140000001", "+551140000000"} },
		"voice.caller_ids":               func(v *arauto.Voice) { v.CallerIDs = make([]arauto.Phone, arauto.MaxCallerIDs+1) },
		"voice.max_redial_count":         func(v *arauto.Voice) { v.MaxRedials = 21 },
		"voice.redial_interval_minutes":  func(v *arauto.Voice) { v.RedialInterval = time.Second },
		"voice.redials[0].on":            func(v *arauto.Voice) { v.Redials = []arauto.RedialRule{{On: arauto.DialFinished}} },
		"voice.redials[1].on":            func(v *arauto.Voice) { v.Redials = []arauto.RedialRule{{On: "voicemail"}, {On: "voicemail"}} },
		"voice.redials[0].max":           func(v *arauto.Voice) { v.Redials = []arauto.RedialRule{{On: "voicemail", Max: -1}} },
		"voice.max_abandonment_percent":  func(v *arauto.Voice) { v.MaxAbandonment = math.NaN() },
		"voice.overdial_multiplier":      func(v *arauto.Voice) { v.Overdial = 0.5 },
		"voice.max_calls_per_agent":      func(v *arauto.Voice) { v.MaxCallsPerAgent = 0 },
		"voice.target_occupancy_percent": func(v *arauto.Voice) { v.TargetOccupancy = 101 },
		"voice.ring_timeout_seconds":     func(v *arauto.Voice) { v.RingTimeout = time.Second },
		"voice.external_campaign_id":     func(v *arauto.Voice) { v.External = string(make([]byte, 201)) },
		"voice.target_number_to_process": func(v *arauto.Voice) { v.Target = -1 },
	} {
		v := arauto.NewVoice(arauto.DialPredictive)
		spoil(&v)
		if err := v.Check(); fieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestVoice_RedialAt(t *testing.T) {
	v := arauto.NewVoice(arauto.DialProgressive)
	v.MaxRedials = 1
	v.Redials = []arauto.RedialRule{
		{On: arauto.DialVoicemail, Max: 0},
		{On: arauto.DialNotReached, Max: 2, Interval: 10 * time.Minute},
		{On: arauto.DialAbandonedByDialer, Max: 1},
	}
	for _, x := range []struct {
		outcome arauto.Dial
		calls   int
		after   time.Duration // 0 = not again
	}{
		{arauto.DialNotPickedUp, 1, 2 * time.Hour},
		{arauto.DialNotPickedUp, 2, 0},
		{arauto.DialVoicemail, 1, 0},
		{arauto.DialNotReached, 2, 10 * time.Minute},
		{arauto.DialNotReached, 3, 0},
		{arauto.DialAbandonedByDialer, 1, 2 * time.Hour},
		{arauto.DialAbandonedByContact, 1, 0},
		{arauto.DialFinished, 1, 0},
		{arauto.DialDoNotCall, 1, 0},
	} {
		at, again := v.RedialAt(x.outcome, x.calls, base)
		if again != (x.after > 0) || again && !at.Equal(base.Add(x.after)) {
			t.Errorf("%s after call %d: %v %v", x.outcome, x.calls, at, again)
		}
	}
}

func TestCampaign_Voice(t *testing.T) {
	c := arauto.Campaign{Name: "Vendas", Channel: arauto.ChannelVoice, State: arauto.CampaignRunning, Voice: arauto.NewVoice(arauto.DialPredictive)}
	if _, err := c.Apply(arauto.CampaignCancel, "", base); arauto.KindOf(err) != arauto.KindConflict {
		t.Errorf("cancel: %v", err)
	}
	if err := c.Dialable(); arauto.KindOf(err) != arauto.KindConflict {
		t.Errorf("without a queue: %v", err)
	}
	c.Queue = 4
	if err := c.Dialable(); err != nil {
		t.Error(err)
	}
	faster, other := c, c
	faster.Voice.Overdial, faster.Voice.Redials = 2, []arauto.RedialRule{{On: arauto.DialVoicemail}}
	other.Voice.Mode = arauto.DialPreview
	if !faster.SameButPace(c) || other.SameButPace(c) {
		t.Error("what may change while calls are made")
	}
}
