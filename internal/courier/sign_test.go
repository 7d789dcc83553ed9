package courier_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/courier"
)

// TestSign holds us against the example that the makers of Standard Webhooks publish with their libraries.
func TestSign(t *testing.T) {
	got, err := courier.Sign([]arauto.Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if _, err := courier.Sign([]arauto.Secret{"whsec_$"}, "id", base, nil); err == nil {
		t.Error("a secret that is none signs")
	}
}

// verify does what docs/guide/webhooks.md tells a receiver to do.
func verify(secret string, h http.Header, body string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}

// TestSign_Rotated: for a day both secrets verify, and then only the new one.
func TestSign_Rotated(t *testing.T) {
	const first, second = "whsec_Zmlyc3Q=", "whsec_c2Vjb25k"
	r := newReceiver(t, 200)
	e := r.endpoint()
	e.Secret = first
	e = e.Rotate(second, base)
	for i, c := range []struct {
		at  time.Time
		old bool
	}{{base.Add(time.Hour), true}, {base.Add(25 * time.Hour), false}} {
		courier.New(private).Post(t.Context(), c.at, e, notices())
		if !verify(second, r.got[i].Header, r.bodies[i]) || verify(first, r.got[i].Header, r.bodies[i]) != c.old || verify("whsec_eA==", r.got[i].Header, r.bodies[i]) {
			t.Errorf("at %v: %s", c.at, r.got[i].Header.Get("webhook-signature"))
		}
		if verify(second, r.got[i].Header, r.bodies[i]+" ") {
			t.Error("another body verifies")
		}
	}
}
