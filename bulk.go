package arauto

// A Bulk is one decision on many contacts of a campaign: who is meant, and what is to happen to them. It is stored as
// Selection is.
type Bulk struct {
	Who      Selection
	Decision Decision
	// Reopen lets a completed campaign run again for those who are put back.
	Reopen bool
	By     Actor // who asked for it
}

// Check is nil for a bulk that can be done.
func (b Bulk) Check() error {
	if err := b.Decision.Check(); err != nil {
		return err
	}
	for _, s := range b.Who.States {
		if s != ContactUnknown && s != ContactFailed {
			return Errorf(KindInvalid, "states", "there is nothing to decide on contacts that are %s", s)
		}
	}
	if len(b.Who.States) == 0 {
		return Errorf(KindInvalid, "states", "say whom the decision is about")
	}
	if b.Decision == DecideAgain {
		return b.Who.CheckRetry()
	}
	return nil
}

// A Chunk is what one transaction of a bulk did.
type Chunk struct {
	Last    int64 // the highest contact id looked at
	Looked  int
	Changed int
	Refused int  // meant, but not to be touched: another try is forbidden, or somebody else was faster
	End     bool // there is nobody behind Last
}

// An Audience is whom to put into a campaign: those that Who picks among another campaign's contacts.
type Audience struct {
	From int64
	Who  Selection
}

// An AudiencePreview is whom an audience would add.
type AudiencePreview struct {
	Looked     int64 // contacts of the other campaign that were looked at
	Complete   bool  // false: there are more than were looked at
	Picked     int64 // that the filter picks
	Already    int64 // of those, in the campaign already
	Suppressed int64 // of the others, those that must not be contacted: they would be added and held back
}
