package arauto

import (
	"unicode"
	"unicode/utf8"
)

// FieldKey is the same for every two keys of custom fields that are one when case is ignored, as Fields.Get does.
func FieldKey(key string) string {
	for i := range len(key) {
		if c := key[i]; c >= utf8.RuneSelf || 'a' <= c && c <= 'z' {
			return string(foldRunes(key))
		}
	}
	return key
}

// foldRunes takes the least of the letters that differ from each in case only.
func foldRunes(key string) []rune {
	runes := []rune(key)
	for i, r := range runes {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		runes[i] = least
	}
	return runes
}

// FieldKeys gathers keys of custom fields, each as it was first met and in that order.
type FieldKeys struct {
	List []string
	met  map[string]bool
}

// Add adds the keys of f that are new.
func (k *FieldKeys) Add(f Fields) {
	if k.met == nil {
		k.met = map[string]bool{}
	}
	for _, field := range f {
		if k.met[field.Key] {
			continue
		}
		k.met[field.Key] = true
		if folded := "\x00" + FieldKey(field.Key); !k.met[folded] {
			k.met[folded] = true
			k.List = append(k.List, field.Key)
		}
	}
}
