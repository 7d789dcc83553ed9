package whatsapp

import (
	"cmp"
	"slices"

	"arauto"
)

// Codes is the error table for people: what every code of Meta's asks of the engine, and its words.
type Codes struct{}

// Table lists every rule, by code.
func (Codes) Table() []arauto.CodeRule {
	list := make([]arauto.CodeRule, 0, len(verdicts)+1)
	for code, v := range verdicts {
		list = append(list, rule(code, code, v))
	}
	v, _ := verdictOf(firstPermission)
	list = append(list, rule(firstPermission, lastPermission, v))
	slices.SortFunc(list, func(a, b arauto.CodeRule) int { return cmp.Compare(a.First, b.First) })
	return list
}

// Explain is the rule of one code; known is false, and the words are those of a code that is not known,
// where the table has none.
func (Codes) Explain(code int) (r arauto.CodeRule, known bool) {
	v, known := verdictOf(code)
	switch {
	case !known:
		v = verdict{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail}
		return rule(code, code, v), false
	case code >= firstPermission && code <= lastPermission:
		return rule(firstPermission, lastPermission, v), true
	}
	return rule(code, code, v), true
}

func rule(first, last int, v verdict) arauto.CodeRule {
	said, known := codeWords[first]
	if !known {
		said = unknownWords
	}
	r := arauto.CodeRule{
		First: first, Last: last, Reason: v.Reason, Scope: v.Scope, Action: v.Action, After: v.After, What: said.what.words(), Next: said.next.words(),
	}
	if v.Action == arauto.ActionRetry {
		r.Tries = cmp.Or(v.Tries, arauto.RetryBudget)
	}
	return r
}

func (p phrase) words() arauto.Words {
	return arauto.Words{arauto.English: p.en, arauto.Portuguese: p.pt, arauto.Spanish: p.es}
}
