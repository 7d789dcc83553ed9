package arauto_test

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

// delivery is notices 11 to 13 for an active endpoint whose place is 10.
func delivery() arauto.Delivery {
	return arauto.Delivery{
		Endpoint: arauto.Endpoint{ID: 1, State: arauto.EndpointActive, Cursor: 10},
		Notices:  []arauto.Notice{{ID: 11}, {ID: 12}, {ID: 13}}, To: 13,
	}
}

func TestEndpoint_Told(t *testing.T) {
	d := delivery()
	t.Run("taken", func(t *testing.T) {
		e := d.Endpoint
		e.Tries, e.FailingSince, e.NextAt, e.Last, e.LastError = 3, base.Add(-time.Hour), base, 13, "answered 500"
		e = e.Told(d, arauto.Handover{Status: 204}, 0, base)
		if e.Cursor != 13 || e.Tries != 0 || !e.FailingSince.IsZero() || !e.NextAt.IsZero() || e.Last != 0 || e.LastError != "" || !e.DeliveredAt.Equal(base) || e.LastStatus != 204 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("not taken", func(t *testing.T) {
		e := d.Endpoint.Told(d, arauto.Handover{Status: 500, Words: "answered 500"}, 0.5, base)
		if e.Cursor != 10 || e.Last != 13 || e.Tries != 1 || !e.FailingSince.Equal(base) || !e.NextAt.Equal(base.Add(5*time.Second)) || e.LastError != "answered 500" || e.State != arauto.EndpointActive {
			t.Errorf("%+v", e)
		}
	})
	t.Run("a redirect is not taken", func(t *testing.T) {
		if e := d.Endpoint.Told(d, arauto.Handover{Status: 302}, 0, base); e.Cursor != 10 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("gone", func(t *testing.T) {
		if e := d.Endpoint.Told(d, arauto.Handover{Status: 410}, 0, base); e.State != arauto.EndpointDisabled || e.Cursor != 10 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("nothing for it", func(t *testing.T) {
		d := arauto.Delivery{Endpoint: d.Endpoint, To: 400}
		if e := d.Endpoint.Told(d, arauto.Handover{}, 0, base); e.Cursor != 400 || e.Tries != 0 || !e.TriedAt.IsZero() {
			t.Errorf("%+v", e)
		}
	})
	t.Run("disabled meanwhile", func(t *testing.T) {
		e := d.Endpoint.Apply(arauto.EndpointDisable, base)
		if e = e.Told(d, arauto.Handover{Status: 200}, 0, base); e.Cursor != 13 || e.State != arauto.EndpointDisabled {
			t.Errorf("what was taken is told again, or it goes on by itself: %+v", e)
		}
	})
	t.Run("leave me alone", func(t *testing.T) {
		e := d.Endpoint.Told(d, arauto.Handover{Status: 429, After: 10 * time.Minute}, 0, base)
		if !e.NextAt.Equal(base.Add(10 * time.Minute)) {
			t.Errorf("next at %v", e.NextAt)
		}
		if e = d.Endpoint.Told(d, arauto.Handover{Status: 503, After: 40 * time.Hour}, 0, base); !e.NextAt.Equal(base.Add(time.Hour)) {
			t.Errorf("a wish without end: next at %v", e.NextAt)
		}
	})
}

// TestEndpoint_GivenUp: an endpoint that is never reached is tried for three days, ever more rarely, and is dead then.
func TestEndpoint_GivenUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, now := delivery(), base
		e := d.Endpoint
		for e.State == arauto.EndpointActive {
			e = e.Told(d, arauto.Handover{Words: "no answer"}, rapid.Float64Range(0, 0.999).Draw(t, "spread"), now)
			wait := e.NextAt.Sub(now)
			if e.State == arauto.EndpointActive && (wait <= 0 || wait > 18*time.Minute) {
				t.Fatalf("after %d tries it waits %v", e.Tries, wait)
			}
			if e.State == arauto.EndpointActive {
				now = e.NextAt
			}
		}
		if e.State != arauto.EndpointDead || now.Sub(base) != arauto.GiveUpAfter || e.Tries < 200 || e.Tries > 500 || e.Cursor != 10 {
			t.Fatalf("%s after %v and %d tries, at %d", e.State, now.Sub(base), e.Tries, e.Cursor)
		}
		e = e.Apply(arauto.EndpointReplay, now)
		if e.State != arauto.EndpointActive || e.Tries != 0 || !e.FailingSince.IsZero() || !e.NextAt.IsZero() {
			t.Fatalf("it does not begin anew: %+v", e)
		}
	})
}

func TestEndpoint_Secrets(t *testing.T) {
	one, err := arauto.NewEndpointSecret(strings.NewReader(strings.Repeat("1", 32)))
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(one), "whsec_"))
	if err != nil || len(key) != 32 {
		t.Errorf("%d bytes, %v", len(key), err)
	}
	e := arauto.Endpoint{Secret: one}
	if got := e.Secrets(base); !slices.Equal(got, []arauto.Secret{one}) {
		t.Errorf("%d secrets", len(got))
	}
	e = e.Rotate("whsec_Mg==", base)
	if got := e.Secrets(base.Add(24*time.Hour - 1)); !slices.Equal(got, []arauto.Secret{"whsec_Mg==", one}) {
		t.Errorf("within a day: %d secrets", len(got))
	}
	if got := e.Secrets(base.Add(24 * time.Hour)); !slices.Equal(got, []arauto.Secret{"whsec_Mg=="}) {
		t.Errorf("after a day: %d secrets", len(got))
	}
}

func TestToldStates(t *testing.T) {
	for _, from := range arauto.ContactStates() {
		for _, to := range arauto.ContactStates() {
			told, ok := arauto.ToldStates(from, to)
			want := from != to && to != arauto.ContactSending && !(from == arauto.ContactSending && to == arauto.ContactPending)
			if ok != want || told == arauto.ContactSending {
				t.Errorf("%s to %s: told as from %s, %v", from, to, told, ok)
			}
		}
	}
}

func TestNotice_Ref(t *testing.T) {
	n := arauto.Notice{ID: 77, Epoch: 1_700_000_000}
	if id, ok := arauto.ParseNoticeRef(n.Ref()); !ok || id != 77 {
		t.Errorf("%s: %d, %v", n.Ref(), id, ok)
	}
	if other := (arauto.Notice{ID: 77, Epoch: 1_700_000_001}); other.Ref() == n.Ref() {
		t.Error("another life's notice has the same ref")
	}
	for _, bad := range []string{"", "e", "77", "e1", "e1.", "e1.0", "e1.-4", "e1.x", "x1.4", "e$.4"} {
		if id, ok := arauto.ParseNoticeRef(bad); ok {
			t.Errorf("%q is %d", bad, id)
		}
	}
}

func TestPublicAddress(t *testing.T) {
	for what, list := range map[string][]string{
		"this machine":        {"127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "0.1.2.3"},
		"private":             {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"},
		"link-local":          {"169.254.1.1", "fe80::1", "fe80::1%eth0", "fec0::1"},
		"unique local":        {"fc00::1", "fd12:3456::1"},
		"a provider's own":    {"100.64.0.1", "100.127.255.255"},
		"metadata":            {"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"},
		"multicast":           {"224.0.0.1", "239.255.255.255", "ff02::1"},
		"broadcast, reserved": {"255.255.255.255", "240.0.0.1"},
		"documentation, test": {"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1", "3fff::1", "100::1"},
		"IPv4 in disguise":    {"::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "64:ff9b:1::1"},
	} {
		for _, text := range list {
			if arauto.PublicAddress(netip.MustParseAddr(text)) {
				t.Errorf("%s (%s) is taken for public", text, what)
			}
		}
	}
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450:4001::1"} {
		if !arauto.PublicAddress(netip.MustParseAddr(text)) {
			t.Errorf("%s is not taken for public", text)
		}
	}
	if arauto.PublicAddress(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestEndpointURL(t *testing.T) {
	for raw, private := range map[string][2]bool{ // accepted, accepted where private addresses are allowed
		"https://example.com/hook":          {true, true},
		"https://example.com:8443/hook?x=1": {true, true},
		"https://8.8.8.8/hook":              {true, true},
		"http://example.com/hook":           {false, true},
		"https://127.0.0.1/hook":            {false, true},
		"https://[::1]:8443/":               {false, true},
		"https://[::ffff:10.0.0.1]/":        {false, true},
		"https://[fe80::1%25eth0]/":         {false, true},
		"https://169.254.169.254/latest":    {false, true},
		"https://localhost/":                {false, true},
		"https://LOCALHOST./":               {false, true},
		"https://box/":                      {false, true},
		"https://a.localhost/":              {false, true},
		"https://printer.local/":            {false, true},
		"https://metadata.google.internal/": {false, true},
		"https://user:pass@example.com/":    {false, false},
		"https://example.com/#x":            {false, false},
		"ftp://example.com/":                {false, false},
		"example.com/hook":                  {false, false},
		"https://":                          {false, false},
		"https://:443/":                     {false, false},
		"javascript:alert(1)":               {false, false},
		"https://exa mple.com/":             {false, false},
	} {
		for i, allowed := range []bool{false, true} {
			_, err := arauto.EndpointURL(raw, allowed)
			if (err == nil) != private[i] {
				t.Errorf("%s, private allowed %v: %v", raw, allowed, err)
			}
			if err != nil && arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("%s: %v is no invalid", raw, err)
			}
		}
	}
}
