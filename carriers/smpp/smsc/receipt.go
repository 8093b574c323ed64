package smsc

import (
	"fmt"
	"time"

	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// Receipt is a delivery receipt as most message centers write it: as text, and in parameters.
type Receipt struct {
	ID    string // in the text
	TLVID string // receipted_message_id, "" = no parameters
	From  string // the recipient, digits
	To    string // the sender
	Word  string // DELIVRD, UNDELIV …
	State byte   // message_state
	Err   string // three characters
	At    time.Time
}

// SM is the receipt's deliver_sm.
func (r Receipt) SM() *pdu.SM {
	stamp := r.At.UTC().Format("0601021504")
	m := &pdu.SM{
		Source:   pdu.Address{TON: pdu.TONInternational, NPI: 1, Addr: r.From},
		Dest:     pdu.Address{TON: pdu.TONAlphanumeric, Addr: r.To},
		ESMClass: pdu.ESMReceipt,
		Short: fmt.Appendf(nil, "id:%s sub:001 dlvrd:001 submit date:%s done date:%s stat:%s err:%s text:", r.ID, stamp, stamp,
			r.Word, r.Err),
	}
	if r.TLVID != "" {
		m.TLVs = m.TLVs.Append(pdu.TagReceiptedMessageID, append([]byte(r.TLVID), 0)).Append(pdu.TagMessageState, []byte{r.State})
	}
	return m
}
