package courier

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// sign is the header webhook-signature: for each secret a version and the base64 of its HMAC-SHA256 over
// id.timestamp.body, separated by spaces.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
func sign(secrets []arauto.Secret, id string, at time.Time, body []byte) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(secret), "whsec_"))
		if err != nil || len(key) == 0 {
			return "", fmt.Errorf("the endpoint's secret cannot be read: rotate it")
		}
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		_, _ = mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}

// deliveryID is the same when the same notices are told again, and then only.
func deliveryID(e arauto.Endpoint, list []arauto.Notice) string {
	first, last := list[0], list[len(list)-1]
	if first.ID == 0 { // a ping
		return "msg_" + e.UUID + "_" + strconv.FormatInt(first.At.UnixMilli(), 10)
	}
	id := "msg_" + e.UUID + "_" + first.Ref()
	if last.ID != first.ID {
		id += "_" + last.Ref()
	}
	// A full stop is what the signature's parts are joined by.
	return strings.ReplaceAll(id, ".", "-")
}

// envelope is a delivery's body.
type envelope struct {
	Type      string  `json:"type"`
	Timestamp string  `json:"timestamp"`
	Data      []event `json:"data"`
}

type event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// bodyOf writes a delivery: type, timestamp and data as Standard Webhooks recommends, and inside data each event
// with the same three and its id.
func bodyOf(list []arauto.Notice) []byte {
	out := envelope{Type: "events", Timestamp: moment(list[len(list)-1].At), Data: make([]event, len(list))}
	for i, n := range list {
		out.Data[i] = event{ID: n.Ref(), Type: string(n.Type), Timestamp: moment(n.At), Data: json.RawMessage(n.Data)}
		if n.ID == 0 {
			out.Data[i].ID = "ping"
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		panic("courier: a notice's data is not JSON: " + err.Error()) // we wrote it ourselves
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
