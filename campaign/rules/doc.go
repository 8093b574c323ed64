// Package rules is what countries ask of whoever writes to the people in them: in which hours, with which sender, under
// which label, with which way out. It is data with its sources, embedded: [Shipped] reads it.
//
//	quiet_hours.csv    the hours of promotional messages, by country and US state, and what their texts must say
//	alpha_senders.csv  which countries take a sender of letters
//
// What a text must say stands there as its source puts it (footer_or_label) and as what smsctl looks for (must_start,
// must_hold; empty where a text cannot show it). [Labels] adds a sender's own wording and finds what lacks.
//
// Every row keeps where it comes from and how sure that is ("A" a law's or regulator's text, "A-" the same with a wrinkle,
// "B" a provider's documentation, "C" a provider's convention, or sources conflict), as it stands in the data.
//
// alpha_senders.csv is Amazon's list of supported countries and regions for SMS, as published in the AWS documentation in
// June 2023, under CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/); it was made a table, and is otherwise
// unchanged.
//
// None of this is legal advice: [Disclaimer] stands wherever it is printed.
package rules

// Disclaimer is printed wherever rules are.
const Disclaimer = "This is not legal advice: it is what the named sources say, as sure as the letter beside them."
