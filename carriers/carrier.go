package carriers

import (
	"context"
	"log/slog"
	"time"
)

// Carrier hands messages to one configured account. Implementations are safe for concurrent use.
type Carrier interface {
	// Info describes the carrier; it is constant after New and cheap to call.
	Info() Info

	// Submit hands one message over. It is called once per committed attempt and must never send it twice by
	// itself. It returns when the carrier has answered, the configured timeout has passed or ctx ends; whatever
	// happened is in the Result: there is no error beside it. A ctx that ends after the first byte was written
	// gives Unknown, not No.
	Submit(ctx context.Context, m Message) Result

	// Close ends sessions and idle connections. No Submit is running or follows.
	Close(ctx context.Context) error
}

// Poller is a carrier that can be asked what became of a message it accepted.
type Poller interface {
	// Poll returns the present state, which need not be final. An error says that nothing was learned.
	Poll(ctx context.Context, a Submitted) (Receipt, error)
}

// Looker is a carrier that can be asked, after a lost answer, whether it took a message.
type Looker interface {
	// Lookup searches by what the vendor can search by. Absent must be proof, else the verdict is Undecided.
	Lookup(ctx context.Context, a Submitted) (Finding, error)
}

// Receiver is a carrier whose receipts come by HTTP. Verification comes first: a request whose signature does not hold
// returns [ErrSignature], an unreadable one [ErrPayload].
type Receiver interface {
	Receipts(c Callback) ([]Receipt, Reply, error)
}

// Session is a carrier with a connection of its own on which receipts come back (SMPP, the simulator in process).
// Run holds it until ctx ends; deliver returns when the receipts are committed, and an error means that they are not
// and must be delivered again.
type Session interface {
	Run(ctx context.Context, deliver func(context.Context, []Receipt) error) error
}

// Type is an entry of the list in carriers/all.
type Type struct {
	Name string // as the config's `type:`
	Doc  string // one line for `help configuration`

	// New reads the carrier's part of the config by decode, which refuses unknown keys, and checks it without
	// touching the network. Its errors begin with the key that is wrong ("submit.url: is missing"); the caller puts
	// the carrier's name before it.
	New func(name string, decode func(into any) error, env Env) (Carrier, error)
}

// Env is what the program gives to a carrier that is being built.
type Env struct {
	Log       *slog.Logger
	Now       func() time.Time
	Secret    func(ref Secret) (string, error) // resolves env:, file:, cmd:, keyring: and literals
	Sender    string                           // the config's default, for carriers that have no sender of their own
	PublicURL string                           // receipts.public_url, "" when receipts cannot be pushed
}

// Secret is a reference to a secret (env:NAME, file:PATH, cmd:COMMAND, keyring:NAME) or, badly, the secret itself.
// It never prints.
type Secret string

// String hides the value: a literal secret must not reach a log by a %v.
func (s Secret) String() string { return "[redacted]" }

// GoString hides the value from %#v as well.
func (s Secret) GoString() string { return "[redacted]" }

// Common are the config keys that every type has. Config structs embed it with `yaml:",inline"`.
type Common struct {
	Type             string           `yaml:"type"`
	BaseURL          string           `yaml:"base_url"`
	MaxPerSecond     float64          `yaml:"max_per_second"` // segments; 0 = no limit
	MaxInFlight      int              `yaml:"max_in_flight"`
	Timeout          Duration         `yaml:"timeout"`    // one submit
	BatchSize        int              `yaml:"batch_size"` // messages in one call, where the type can; 0 = one by one
	Price            map[string]Price `yaml:"price"`      // by ISO country, "*" for the rest
	Countries        []string         `yaml:"countries"`
	ExcludeCountries []string         `yaml:"exclude_countries"`
	MessageTypes     []string         `yaml:"message_types"`
	Weight           *float64         `yaml:"weight"`
	Receipts         ReceiptSettings  `yaml:"receipts"`

	Codes  map[string]Class        `yaml:"codes"`  // overrides of the type's code table
	States map[string]ReceiptState `yaml:"states"` // overrides of what the vendor's words in receipts mean
}

// AddPrices gives prices to countries that have none in the config.
func (c *Common) AddPrices(prices map[string]Price) {
	for country, p := range prices {
		if _, has := c.Price[country]; !has {
			if c.Price == nil {
				c.Price = map[string]Price{}
			}
			c.Price[country] = p
		}
	}
}

// ReceiptSettings override what is known about a carrier's receipts.
type ReceiptSettings struct {
	Expected *bool    `yaml:"expected"` // false where the carrier sends none
	Timeout  Duration `yaml:"timeout"`  // ceiling of the wait before a re-route
}

// Info is what the rest of the program may know about a carrier.
type Info struct {
	Name   string
	Type   string
	Common Common

	// RefInReceipts says that our own reference comes back with every receipt, so that the carrier's id need not be
	// indexed.
	RefInReceipts bool
	// OneAddress says that receipts of all messages go to one address, {public_url}/receipts/{carrier}, which is set at
	// the vendor, and not to one that goes along with each message.
	OneAddress bool
	// Signed says that receipts carry a signature which the adapter verifies.
	Signed bool
	// SignedInbound says the same of inbound messages. Where it is false, the listener wants an address that we made.
	SignedInbound bool
	// Simulated marks carriers that reach nobody. A live campaign never uses one, a simulated one nothing else.
	Simulated bool
}

// Message is what is handed to a carrier for one recipient.
type Message struct {
	Ref        string        // our reference of the attempt: unique for ever, 8–32 characters of [0-9a-z]
	To         string        // E.164 with its plus
	Country    string        // ISO 3166, "" if none
	From       string        // sender, "" = the carrier's own default
	Text       string        // never empty
	UCS2       bool          // the text does not fit GSM-7
	Segments   int           // parts it will be cut into
	Type       string        // "promotional" or "transactional"
	Validity   time.Duration // after that it must not be delivered any more; 0 = the carrier's default
	ReceiptURL string        // where receipts of this attempt shall go, "" = none can be pushed
}

// Submitted names an earlier submit to a carrier.
type Submitted struct {
	Ref, ID  string // ours, and the carrier's if it is known
	To, From string
	Text     string
	At       time.Time // when the submit began
}
