package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

func TestConversations_Read(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for id := int64(1); id <= 3; id++ {
			for account := int64(1); account <= 2; account++ {
				s.must(t, `INSERT INTO conversation (account_id, id, uuid, sender_id, person_id, person_key, contact_id, campaign_id, state, opened_at, last_at, closed_at)
					VALUES ($1, $2, $3, 4, 5, $4, 6, 7, 'unrouted', $5, $5, 0)`,
					account, id, fmt.Sprintf("uuid-%d", id), fmt.Sprintf("55%d", id), ms(at))
				s.must(t, `INSERT INTO message (account_id, id, conversation_id, provider_id, provider_key, context, kind, body, action, at)
					VALUES ($1, $2, 2, 'wamid.1', $2, 'wamid.0', 'button', 'Quero', 'sim', $3)`, account, id, ms(at))
			}
		}
		want := arauto.Conversation{
			ID: 2, UUID: "uuid-2", Account: 1, Sender: 4, Person: 5, PersonKey: "552", Contact: 6, Campaign: 7,
			State: arauto.ConversationUnrouted, OpenedAt: at, LastAt: at,
		}
		got, err := s.ConversationByUUID(t.Context(), 1, "uuid-2")
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("by UUID: %v\n%s", err, d)
		}
		if _, err := s.ConversationByUUID(t.Context(), 3, "uuid-2"); arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("as a stranger: %v", err)
		}
		newest, err := s.Conversations(t.Context(), 1, 0, 1)
		if err != nil || len(newest) != 1 || newest[0].ID != 3 {
			t.Errorf("newest: %+v, %v", newest, err)
		}
		rest, err := s.Conversations(t.Context(), 1, 3, 10)
		if err != nil || len(rest) != 2 || rest[0].ID != 2 || rest[1].ID != 1 {
			t.Errorf("the next page: %+v, %v", rest, err)
		}
		messages, err := s.Messages(t.Context(), 1, 2, 1, 1)
		first := arauto.InboundMessage{ID: 2, Account: 1, Conversation: 2, ProviderID: "wamid.1", Context: "wamid.0", Kind: "button", Text: "Quero", Action: "sim", At: at}
		if d := cmp.Diff([]arauto.InboundMessage{first}, messages); d != "" || err != nil {
			t.Errorf("messages: %v\n%s", err, d)
		}
		if strange, err := s.Messages(t.Context(), 3, 2, 0, 10); len(strange) != 0 || err != nil {
			t.Errorf("messages as a stranger: %+v, %v", strange, err)
		}
	})
}
