package arauto

import (
	"slices"
	"strings"
	"time"
)

// A RoutingPoint is a door that conversations come in by. It leads to a queue.
type RoutingPoint struct {
	ID      int64
	UUID    string
	Account int64
	Queue   int64

	Name string

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Check is nil for a routing point that can be kept.
func (p RoutingPoint) Check() error { return checkName("name", p.Name) }

// A RoutingRule leads a conversation to a routing point.
type RoutingRule struct {
	ID      int64
	Account int64
	Point   int64

	Kind  RuleKind
	Value string // see RuleKind

	CreatedAt time.Time
}

// RuleKind is what a rule looks at.
type RuleKind string

const (
	RuleButton   RuleKind = "button"   // the button that was tapped: its label or payload
	RuleSource   RuleKind = "source"   // the id of the ad or post
	RuleCampaign RuleKind = "campaign" // the number of the campaign that was answered
	RuleKeyword  RuleKind = "keyword"  // a word, or words, in what the person wrote first
	RuleSender   RuleKind = "sender"   // the number of the sender that was written to
	RuleDefault  RuleKind = "default"  // everything else; no value
)

// RuleKinds lists every kind, in the order in which they are asked: what says most about what the person
// wants comes first.
func RuleKinds() []RuleKind {
	return []RuleKind{RuleButton, RuleSource, RuleCampaign, RuleKeyword, RuleSender, RuleDefault}
}

// MaxRules is how many rules an account may have: all are looked at for every conversation.
const MaxRules = 1000

// MaxRuleValue is how long a rule's value may be.
const MaxRuleValue = 256

// Tidy is r as it is kept: words are folded, so that case and accents do not matter. The error is invalid.
func (r RoutingRule) Tidy() (RoutingRule, error) {
	if !slices.Contains(RuleKinds(), r.Kind) {
		return r, Errorf(KindInvalid, "kind", "%q is no kind of rule; use button, source, campaign, keyword, sender or default", r.Kind)
	}
	r.Value = strings.TrimSpace(r.Value)
	switch r.Kind {
	case RuleButton, RuleKeyword:
		r.Value = bareWords(r.Value)
	case RuleDefault:
		if r.Value != "" {
			return r, Errorf(KindInvalid, "value", "the default takes no value: it is what no other rule fits")
		}
		return r, nil
	}
	if r.Value == "" || len(r.Value) > MaxRuleValue {
		return r, Errorf(KindInvalid, "value", "say which %s, in at most %d characters", r.Kind, MaxRuleValue)
	}
	return r, nil
}

// An Arrival is what is known of a conversation when it is opened.
type Arrival struct {
	Button   string // label or payload
	Source   string
	Campaign string // number; "" = none
	Text     string
	Sender   string
}

// Route is the rule that decides where an arrival goes; false when none fits. Of two keywords in one text the
// longer decides, then the older.
func Route(rules []RoutingRule, in Arrival) (RoutingRule, bool) {
	text := " " + bareText(in.Text) + " "
	button := bareWords(in.Button)
	best, rank := RoutingRule{}, len(RuleKinds())
	for _, r := range rules {
		at := slices.Index(RuleKinds(), r.Kind)
		if at < 0 || at > rank || !r.fits(in, button, text) {
			continue
		}
		if at < rank || len(r.Value) > len(best.Value) || len(r.Value) == len(best.Value) && r.ID < best.ID {
			best, rank = r, at
		}
	}
	return best, rank < len(RuleKinds())
}

func (r RoutingRule) fits(in Arrival, button, text string) bool {
	switch r.Kind {
	case RuleButton:
		return button != "" && r.Value == button
	case RuleSource:
		return in.Source != "" && r.Value == in.Source
	case RuleCampaign:
		return in.Campaign != "" && r.Value == in.Campaign
	case RuleKeyword:
		return r.Value != "" && strings.Contains(text, " "+r.Value+" ")
	case RuleSender:
		return in.Sender != "" && r.Value == in.Sender
	}
	return r.Kind == RuleDefault
}

// bareText is a text's words, folded, with single spaces between them and without what stands around each.
func bareText(text string) string {
	fields := strings.Fields(Fold(text))
	for i, f := range fields {
		fields[i] = bareWords(f)
	}
	return strings.Join(fields, " ")
}
