// Package text makes the text of a message: a template with placeholders, filled with one recipient's fields, and its
// transliteration to the GSM-7 alphabet.
//
// # Placeholders
//
//	Hi {{first_name}}                  the field first_name; a row without it is an invalid row
//	Hi {{first_name|there}}            the field, or "there" where it is missing or blank
//	Hi {{first_name|}}                 the field, or nothing
//	Hi {{first_name:title}}            the field, Each Word Capitalised
//	Hi {{first_name:trim:upper|you}}   filters one after the other, and a default, which is taken as it stands
//	\{{                                two literal braces
//
// What follows a colon is a filter: upper, lower, title or trim. What follows the first bar is the default, up to the braces, without
// the blanks around it. A name is a column of the CSV file or a variable of the command line; capitals, and whether words are joined
// by blanks, hyphens or underscores, make no difference, so {{First Name}} and {{first_name}} are the same.
//
// There is no logic, no nesting, and nothing in a field is ever evaluated: a recipient whose name is {{x}} is greeted as
// {{x}}. Blanks around a field are cut off, and control characters in it, line breaks too, become blanks.
package text
