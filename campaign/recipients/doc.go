// Package recipients reads the list of a campaign: a CSV file of any length, from a file or a pipe, a row at a time and
// in constant memory.
//
// [Open] finds out what the file is (encoding, delimiter, header, the column of the phone number) and refuses what it
// would have to guess. [Reader.Next] then yields one [Row] after the other. A bad row is a [*RowError] and reading goes
// on; what makes the rest of the file unreadable is a [*FileError] and ends it. Both say what is wrong, where, and how
// to mend it, under a code that stays. [Rejects] writes the bad rows to a file that can be mended and sent again.
//
// # Why gocsv maps the header and encoding/csv reads the rows
//
// gocsv turns named columns into typed struct fields, and that is what it does here: the tags of the struct wellKnown
// are the only list of names under which a phone number, a first name or a time zone may stand in a header. It does
// so once a file. It does not read the rows, for three reasons, each shown in gocsv_test.go: gocsv hides the cells of a
// row with too many or too few of them, which the rejects file must repeat; it counts records, where a person looks for
// lines; and a struct plus a map for every row takes more than twice the time of the row itself. It also takes a
// file whose header has no known column, or the same column twice, without a word: those checks are here.
//
// # Codes
//
// Of a file: csv.read, csv.empty, csv.not_csv, csv.encoding_unknown, csv.utf16_without_bom, csv.invalid_encoding,
// csv.nul_byte, csv.delimiter_invalid, csv.delimiter_ambiguous, csv.no_header, csv.header_empty_name,
// csv.header_duplicate, csv.too_many_columns, csv.no_phone_column, csv.phone_column_unknown,
// csv.phone_column_ambiguous, csv.bad_header, csv.unclosed_quote, csv.row_too_long.
//
// Of a row: csv.ragged, csv.bare_quote, csv.field_too_long, csv.row_too_long.
package recipients
