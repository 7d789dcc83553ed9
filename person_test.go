package arauto

import "testing"

func TestContactState_Contacted(t *testing.T) {
	want := map[ContactState]bool{
		ContactSending: true, ContactUnknown: true, ContactSent: true, ContactDelivered: true, ContactRead: true, ContactReplied: true,
	}
	for _, s := range ContactStates() {
		if s.Contacted() != want[s] {
			t.Errorf("%s: %v", s, s.Contacted())
		}
	}
}
