package ccai

import (
	"strconv"
	"time"

	"arauto"
	"arauto/internal/compat/wire"
)

// The five keys of a contact that this vendor documents; every other key is a custom field.
const (
	keyName     = "name"
	keyEmail    = "email"
	keyPhone    = "phone_number"
	keyOutbound = "outbound_number"
	keyExternal = "external_unique_id"
)

// appendFive begins an object with the five documented keys, "" for what is absent.
func appendFive(dst []byte, c *arauto.Contact) []byte {
	dst = append(dst, `{"name":`...)
	dst = wire.AppendString(dst, c.Name)
	dst = append(dst, `,"email":`...)
	dst = wire.AppendString(dst, c.Email)
	dst = append(dst, `,"phone_number":`...)
	dst = wire.AppendString(dst, c.PhoneRaw)
	dst = append(dst, `,"outbound_number":`...)
	dst = wire.AppendString(dst, c.Outbound)
	dst = append(dst, `,"external_unique_id":`...)
	return wire.AppendString(dst, c.External)
}

// appendShort is a contact in lists: the documented five, then what clients need to change it later.
func appendShort(dst []byte, c *arauto.Contact) []byte {
	dst = appendFive(dst, c)
	dst = append(dst, `,"id":`...)
	dst = strconv.AppendInt(dst, c.ID, 10)
	dst = append(dst, `,"status":`...)
	dst = wire.AppendString(dst, c.Dial.Label())
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, c.InsertedAt)
	dst = append(dst, `,"updated_at":`...)
	dst = appendTime(dst, c.UpdatedAt)
	return append(dst, '}')
}

// appendLong is a contact that was changed or removed.
func appendLong(dst []byte, c *arauto.Contact) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, c.ID, 10)
	dst = append(dst, `,"name":`...)
	dst = wire.AppendString(dst, c.Name)
	dst = append(dst, `,"campaign_id":`...)
	dst = strconv.AppendInt(dst, c.Campaign, 10)
	// Nobody and nothing is assigned while no call is under way, and during one a contact is not removed.
	dst = append(dst, `,"assigned_call_id":`...)
	call := int64(0)
	if c.Dial.Live() {
		call = c.Attempt
	}
	dst = appendNumber(dst, call)
	dst = append(dst, `,"assigned_participant_id":null,"outbound_number":`...)
	dst = wire.AppendText(dst, c.Outbound)
	dst = append(dst, `,"priority":`...)
	dst = appendNumber(dst, int64(c.Priority))
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, c.InsertedAt)
	dst = append(dst, `,"updated_at":`...)
	dst = appendTime(dst, c.UpdatedAt)
	dst = append(dst, `,"status":`...)
	dst = wire.AppendString(dst, c.Dial.Label())
	dst = append(dst, `,"user_custom_metadata":{"NAME (REQUIRED)":`...)
	dst = wire.AppendString(dst, c.Name)
	dst = append(dst, `,"PHONE (REQUIRED)":`...)
	dst = wire.AppendString(dst, c.PhoneRaw)
	dst = append(dst, `,"EMAIL (REQUIRED)":`...)
	dst = wire.AppendString(dst, c.Email)
	for _, f := range c.Fields {
		dst = append(dst, ',')
		dst = wire.AppendString(dst, f.Key)
		dst = append(dst, ':')
		dst = wire.AppendString(dst, f.Value)
	}
	return append(dst, `}}`...)
}

// appendNumber is a number, or null for 0.
func appendNumber(dst []byte, n int64) []byte {
	if n == 0 {
		return append(dst, `null`...)
	}
	return strconv.AppendInt(dst, n, 10)
}

// appendTime is a moment in UTC, always with three decimals; null when there is none.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, `null`...)
	}
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}
