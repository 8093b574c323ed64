package phone

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Mask returns a number as it may be shown on screens, in logs and in reports: "+44 7700 •••123". The country code, up to four
// digits after it and the last three stay; at least three are hidden, and always by three dots, so that the length is hidden too.
// Short codes and national numbers work, and so does anything that holds no number at all.
func Mask(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	var b strings.Builder
	if strings.HasPrefix(number, "+") {
		code := callingCode(digits)
		digits = digits[len(code):]
		b.WriteString("+" + code)
		if code != "" {
			b.WriteByte(' ')
		}
	}
	tail := min(3, max(0, len(digits)-3))
	head := min(4, max(0, len(digits)-tail-3))
	b.WriteString(digits[:head])
	if head > 0 {
		b.WriteByte(' ')
	}
	b.WriteString("•••")
	b.WriteString(digits[len(digits)-tail:])
	return b.String()
}

// callingCode returns the country code at the start of the digits of an E.164 number, "" if they begin with none.
func callingCode(digits string) string {
	for n := 1; n <= phonenumbers.MAX_LENGTH_COUNTRY_CODE && n <= len(digits); n++ {
		code, err := strconv.Atoi(digits[:n])
		if err == nil && digits[0] != '0' && phonenumbers.GetRegionCodesForCountryCode(code) != nil {
			return digits[:n]
		}
	}
	return ""
}

// Network returns the mobile network that the number's range was given to, as libphonenumber names it, or "". Numbers are
// ported, so it is evidence, not knowledge. The table of ranges is loaded at first use (some 20 ms).
func Network(e164 string) string {
	digits := strings.TrimPrefix(e164, "+")
	code := callingCode(digits)
	if code == "" {
		return ""
	}
	national := digits[len(code):]
	countryCode, err := strconv.Atoi(code)
	if err != nil {
		return ""
	}
	value, err := strconv.ParseUint(national, 10, 64)
	if err != nil {
		return ""
	}
	number := &phonenumbers.PhoneNumber{NationalNumber: &value}
	number.CountryCode = new(int32)
	*number.CountryCode = int32(countryCode)
	if zeros := len(national) - len(strings.TrimLeft(national[:len(national)-1], "0")) - 1; zeros > 0 {
		yes, count := true, int32(zeros)
		number.ItalianLeadingZero, number.NumberOfLeadingZeros = &yes, &count
	}
	name, err := phonenumbers.GetCarrierForNumber(number, "en")
	if err != nil {
		return ""
	}
	return name
}
