package pdu

import (
	"fmt"
	"strconv"
)

// Status is a command_status: 0 or the reason of a refusal.
type Status uint32

// The statuses that a program decides by. The names of the others are in the table below.
const (
	OK            Status = 0x00
	InvalidLength Status = 0x02
	InvalidCmd    Status = 0x03
	InvalidBind   Status = 0x04
	AlreadyBound  Status = 0x05
	SystemError   Status = 0x08
	BindFailed    Status = 0x0d
	BadPassword   Status = 0x0e
	BadSystemID   Status = 0x0f
	QueueFull     Status = 0x14
	Throttled     Status = 0x58
	TryLater      Status = 0x64 // ESME_RX_T_APPN: the receiver cannot take it now
)

// names are those of the specification, 3.4 issue 1.2 table 5-2 and 5.0 table 4-45.
//
//nolint:gochecknoglobals // a table that nothing writes to
var names = map[Status]string{
	0x00: "ESME_ROK", 0x01: "ESME_RINVMSGLEN", 0x02: "ESME_RINVCMDLEN", 0x03: "ESME_RINVCMDID", 0x04: "ESME_RINVBNDSTS",
	0x05: "ESME_RALYBND", 0x06: "ESME_RINVPRTFLG", 0x07: "ESME_RINVREGDLVFLG", 0x08: "ESME_RSYSERR", 0x0a: "ESME_RINVSRCADR",
	0x0b: "ESME_RINVDSTADR", 0x0c: "ESME_RINVMSGID", 0x0d: "ESME_RBINDFAIL", 0x0e: "ESME_RINVPASWD", 0x0f: "ESME_RINVSYSID",
	0x11: "ESME_RCANCELFAIL", 0x13: "ESME_RREPLACEFAIL", 0x14: "ESME_RMSGQFUL", 0x15: "ESME_RINVSERTYP",
	0x33: "ESME_RINVNUMDESTS", 0x34: "ESME_RINVDLNAME", 0x40: "ESME_RINVDESTFLAG", 0x42: "ESME_RINVSUBREP",
	0x43: "ESME_RINVESMCLASS", 0x44: "ESME_RCNTSUBDL", 0x45: "ESME_RSUBMITFAIL", 0x48: "ESME_RINVSRCTON",
	0x49: "ESME_RINVSRCNPI", 0x50: "ESME_RINVDSTTON", 0x51: "ESME_RINVDSTNPI", 0x53: "ESME_RINVSYSTYP",
	0x54: "ESME_RINVREPFLAG", 0x55: "ESME_RINVNUMMSGS", 0x58: "ESME_RTHROTTLED", 0x61: "ESME_RINVSCHED",
	0x62: "ESME_RINVEXPIRY", 0x63: "ESME_RINVDFTMSGID", 0x64: "ESME_RX_T_APPN", 0x65: "ESME_RX_P_APPN",
	0x66: "ESME_RX_R_APPN", 0x67: "ESME_RQUERYFAIL", 0xc0: "ESME_RINVOPTPARSTREAM", 0xc1: "ESME_ROPTPARNOTALLWD",
	0xc2: "ESME_RINVPARLEN", 0xc3: "ESME_RMISSINGOPTPARAM", 0xc4: "ESME_RINVOPTPARAMVAL", 0xfe: "ESME_RDELIVERYFAILURE",
	0xff: "ESME_RUNKNOWNERR", 0x100: "ESME_RSERTYPUNAUTH", 0x101: "ESME_RPROHIBITED", 0x102: "ESME_RSERTYPUNAVAIL",
	0x103: "ESME_RSERTYPDENIED", 0x104: "ESME_RINVDCS", 0x105: "ESME_RINVSRCADDRSUBUNIT", 0x106: "ESME_RINVDSTADDRSUBUNIT",
	0x107: "ESME_RINVBCASTFREQINT", 0x108: "ESME_RINVBCASTALIAS_NAME", 0x109: "ESME_RINVBCASTAREAFMT",
	0x10a: "ESME_RINVNUMBCAST_AREAS", 0x10b: "ESME_RINVBCASTCNTTYPE", 0x10c: "ESME_RINVBCASTMSGCLASS",
	0x10d: "ESME_RBCASTFAIL", 0x10e: "ESME_RBCASTQUERYFAIL", 0x10f: "ESME_RBCASTCANCELFAIL", 0x110: "ESME_RINVBCAST_REP",
	0x111: "ESME_RINVBCASTSRVGRP", 0x112: "ESME_RINVBCASTCHANIND",
}

// String is the specification's name, or the number in hex for those that a vendor has invented.
func (s Status) String() string {
	if name, ok := names[s]; ok {
		return name
	}
	return fmt.Sprintf("0x%08x", uint32(s))
}

// ParseStatus reads a status as String writes it.
func ParseStatus(name string) (Status, bool) {
	for s, n := range names {
		if n == name {
			return s, true
		}
	}
	v, err := strconv.ParseUint(name, 0, 32)
	return Status(v), err == nil
}
