package phone

import "fmt"

// Codes of an Error. They stand in the rejects file and in JSON, and never change.
const (
	CodeEmpty       = "phone.empty"        // nothing in the cell that could be a number
	CodeSpreadsheet = "phone.spreadsheet"  // 4.47912E+11: the spreadsheet kept a rounded value
	CodeDecimal     = "phone.decimal"      // 447912345678.0: the cell was exported as a quantity
	CodeFormula     = "phone.formula"      // =+447912345678
	CodeLetters     = "phone.letters"      // 1-800-FLOWERS, "call Ana"
	CodeExtension   = "phone.extension"    // a line behind a switchboard takes no SMS
	CodeMultiple    = "phone.multiple"     // two numbers in one cell
	CodeNoRegion    = "phone.no_region"    // no country code, and no default region to read it by
	CodeWrongRegion = "phone.wrong_region" // a number of another country, without its plus sign
	CodeTooShort    = "phone.too_short"
	CodeTooLong     = "phone.too_long"
	CodeInvalid     = "phone.invalid"    // right in shape, but no such numbers exist
	CodeLandline    = "phone.landline"   // a valid number that takes no SMS
	CodeNotMobile   = "phone.not_mobile" // the same: toll-free, premium rate, VoIP …
)

// An Error says why a cell is no number that an SMS can be sent to. Detail is for people; it never repeats the number.
type Error struct {
	Code   string
	Detail string
}

func (e *Error) Error() string { return e.Detail }

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
