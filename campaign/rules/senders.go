package rules

import "fmt"

// Alpha is whether a country takes a sender of letters.
type Alpha string

// What countries do with a sender of letters.
const (
	AlphaYes        Alpha = "yes"
	AlphaNo         Alpha = "no"         // it is refused, or replaced by a number
	AlphaRegistered Alpha = "registered" // once it is registered there
)

// Senders is a row of alpha_senders.csv: what may stand as a message's sender in a country.
type Senders struct {
	Country    string `json:"country"` // ISO 3166
	Name       string `json:"name"`
	Alpha      Alpha  `json:"alpha"`
	ShortCodes bool   `json:"short_codes"`
	LongCodes  bool   `json:"long_codes"`
	TwoWay     bool   `json:"two_way"` // people can answer
	Source     string `json:"source"`
	Certainty  string `json:"certainty"`
}

const (
	awsSource    = "AWS End User Messaging, supported countries and regions, June 2023 (CC BY-SA 4.0)"
	awsCertainty = "B"
)

// SendersOf returns the row of a country; ok is false where the data does not know it.
func (b *Book) SendersOf(country string) (s Senders, ok bool) {
	s, ok = b.senders[country]
	return s, ok
}

func readSenders(csv string) (map[string]Senders, error) {
	all := map[string]Senders{}
	err := eachRow(csv, "iso country dial short_codes long_codes sender_id two_way", func(f []string) error {
		s := Senders{
			Country: f[0], Name: f[1], ShortCodes: f[3] == "Yes", LongCodes: f[4] == "Yes", TwoWay: f[6] == "Yes",
			Source: awsSource, Certainty: awsCertainty,
		}
		switch f[5] {
		case "Yes":
			s.Alpha = AlphaYes
		case "No":
			s.Alpha = AlphaNo
		case "Registration required":
			s.Alpha = AlphaRegistered
		default:
			return fmt.Errorf("sender_id is %q", f[5])
		}
		all[s.Country] = s
		return nil
	})
	return all, err
}
