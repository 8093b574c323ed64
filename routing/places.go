package routing

// places gives countries and networks positions, so that what is learned lies in plain slices.
type places struct {
	countries []string
	networks  []string
	countryOf []int32 // of a network
	country   map[string]int32
	network   map[networkKey]int32
}

type networkKey struct {
	country int32
	network string
}

func newPlaces() *places {
	return &places{country: map[string]int32{}, network: map[networkKey]int32{}}
}

// find looks a place up; isNew says that it was not known, and that the slices must grow.
func (p *places) find(country, network string, kind uint8) (to cell, isNew bool) {
	c, ok := p.country[country]
	if !ok {
		c, isNew = int32(len(p.countries)), true
		p.countries = append(p.countries, country)
		p.country[country] = c
	}
	n, ok := p.network[networkKey{c, network}]
	if !ok {
		n, isNew = int32(len(p.networks)), true
		p.networks = append(p.networks, network)
		p.countryOf = append(p.countryOf, c)
		p.network[networkKey{c, network}] = n
	}
	return cell{country: c, network: n, kind: kind}, isNew
}
