package carriers

// Class is the kind of an error, the same for all vendors: their codes become a class in one table per type, and
// everything else switches on the class.
type Class string

// The classes. What each one means for dispatch stands in the table behind [Class.Traits].
const (
	ClassNone                 Class = ""
	ClassRecipientInvalid     Class = "recipient_invalid"
	ClassRecipientOptedOut    Class = "recipient_opted_out"
	ClassRecipientBlocked     Class = "recipient_blocked"
	ClassRecipientUnreachable Class = "recipient_unreachable"
	ClassContentRejected      Class = "content_rejected"
	ClassSenderRejected       Class = "sender_rejected"
	ClassRouteUnavailable     Class = "route_unavailable"
	ClassAccountAuth          Class = "account_auth"
	ClassAccountSuspended     Class = "account_suspended"
	ClassAccountBalance       Class = "account_balance"
	ClassThrottled            Class = "throttled"
	ClassQuotaExhausted       Class = "quota_exhausted"
	ClassCarrierTransient     Class = "carrier_transient"
	ClassAmbiguous            Class = "ambiguous"
	ClassExpired              Class = "expired"
	ClassRequestInvalid       Class = "request_invalid"
	ClassNoRoute              Class = "no_route"
	ClassUnknown              Class = "unknown"
)

// Party is who can do something about an error.
type Party string

// The parties.
const (
	PartyRecipient Party = "recipient"
	PartySender    Party = "sender"
	PartyCarrier   Party = "carrier"
	PartySmsctl    Party = "smsctl"
)

// Reach is how far an error speaks: about this message only, or about everything like it on this carrier.
type Reach uint8

// The reaches, narrow to wide.
const (
	ReachMessage Reach = iota // this message; another carrier would say the same
	ReachAttempt              // this attempt on this carrier
	ReachSender               // this carrier and sender in this country
	ReachCountry              // this carrier in this country
	ReachAccount              // this carrier altogether
)

// Traits is what dispatch, reports and exit codes need to know about a class.
type Traits struct {
	Class      Class
	Party      Party
	Reach      Reach
	RetrySame  bool   // the same carrier may take it later
	RetryOther bool   // another carrier may take it
	Actionable bool   // `campaign retry` would help once the cause is mended
	Title      string // words for people
	Advice     string // one sentence
}

//nolint:gochecknoglobals // a table that nothing writes to
var traits = []Traits{
	{ClassRecipientInvalid, PartyRecipient, ReachMessage, false, false, false, "number invalid",
		"The number does not exist or takes no SMS: remove it from the list."},
	{ClassRecipientOptedOut, PartyRecipient, ReachMessage, false, false, false, "opted out at the carrier",
		"The person told the carrier to stop: the number is on the opt-out list now."},
	{ClassRecipientBlocked, PartyRecipient, ReachMessage, false, false, false, "blocked by the recipient's network",
		"The handset or its network bars these messages; nothing on your side changes that."},
	{ClassRecipientUnreachable, PartyRecipient, ReachMessage, false, false, false, "unreachable handset",
		"The phone was off, roaming or full until the message expired; a later campaign may reach it."},
	{ClassContentRejected, PartySender, ReachMessage, false, false, true, "content filtered",
		"A spam filter or template rule refused the text: change the wording or register the template."},
	{ClassSenderRejected, PartySender, ReachSender, false, true, true, "sender not allowed",
		"Register the sender with the carrier for this country, or use one it accepts."},
	{ClassRouteUnavailable, PartyCarrier, ReachCountry, false, true, true, "no route to the country",
		"Enable the country in the carrier's console, or add a carrier that covers it."},
	{ClassAccountAuth, PartySmsctl, ReachAccount, false, true, true, "credentials refused",
		"Check the carrier's credentials in the config and what they may do."},
	{ClassAccountSuspended, PartySmsctl, ReachAccount, false, true, true, "account suspended",
		"Ask the carrier why the account is suspended."},
	{ClassAccountBalance, PartySmsctl, ReachAccount, false, true, true, "out of credit",
		"Top up the account at the carrier."},
	{ClassThrottled, PartyCarrier, ReachAttempt, true, true, true, "throttled",
		"Lower max_per_second for this carrier or ask it for a higher rate."},
	{ClassQuotaExhausted, PartyCarrier, ReachAccount, false, true, true, "quota exhausted",
		"The daily or monthly quota is used up: wait for its reset or ask the carrier for more."},
	{ClassCarrierTransient, PartyCarrier, ReachAttempt, true, true, true, "carrier error",
		"The carrier had a fault and took nothing: retry later."},
	{ClassAmbiguous, PartyCarrier, ReachAttempt, false, false, true, "outcome not known",
		"No answer came: `campaign reconcile` asks the carrier what became of it."},
	{ClassExpired, PartyCarrier, ReachMessage, false, false, true, "expired",
		"The validity ended first: send again with a longer --validity."},
	{ClassRequestInvalid, PartySmsctl, ReachAttempt, false, true, true, "request refused as malformed",
		"The carrier did not understand the request: check its configuration."},
	{ClassNoRoute, PartySmsctl, ReachMessage, false, false, true, "no carrier may take it",
		"Add a carrier for this country and message type, or lift a restriction."},
	{ClassUnknown, PartyCarrier, ReachAttempt, false, true, true, "carrier rejected",
		"The carrier's code is not in the table: look it up and add it under `codes:`."},
}

// Classes returns the table, in the order in which people read it.
func Classes() []Traits { return append([]Traits(nil), traits...) }

// Traits looks a class up; a class that is not in the table has the traits of ClassUnknown.
func (c Class) Traits() Traits {
	for i := range traits {
		if traits[i].Class == c {
			return traits[i]
		}
	}
	return traits[len(traits)-1]
}

// Known says whether c is one of the table's classes.
func (c Class) Known() bool { return c == ClassUnknown || c.Traits().Class != ClassUnknown }
