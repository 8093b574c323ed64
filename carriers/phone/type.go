package phone

// Type is the kind of line that a number's prefix says it is.
type Type uint8

// The types of a number. In some countries, the United States among them, mobiles and landlines cannot be told apart.
const (
	Unknown Type = iota
	Mobile
	FixedLine
	FixedLineOrMobile
	TollFree
	PremiumRate
	SharedCost
	VoIP
	Personal
	Pager
	UAN
	Voicemail
)

// String returns the type as the screen and the reports show it.
func (t Type) String() string {
	names := [...]string{"unknown", "mobile", "landline", "mobile or landline", "toll-free", "premium rate", "shared cost", "VoIP",
		"personal", "pager", "company (UAN)", "voicemail"}
	if int(t) >= len(names) {
		return names[Unknown]
	}
	return names[t]
}

// Textable reports whether a number of the type can be expected to take an SMS.
func (t Type) Textable() bool { return t == Mobile || t == FixedLineOrMobile }
