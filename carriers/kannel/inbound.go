package kannel

import (
	"maps"
	"strings"
	"unicode/utf16"

	"github.com/smsctl/smsctl/carriers"
)

// Inbound reads a message from a person. Kannel hands a text outside GSM-7 on as it came, in UTF-16, and says so in %C.
func (c *Carrier) Inbound(cb carriers.Callback) ([]carriers.Inbound, carriers.Reply, error) {
	if strings.EqualFold(cb.Query.Get("charset"), "UTF-16BE") {
		query := maps.Clone(cb.Query)
		query.Set("text", fromUTF16(query.Get("text")))
		cb.Query = query
	}
	return c.people.Inbound(cb)
}

func fromUTF16(s string) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}
