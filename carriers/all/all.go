// Package all is the one list of carrier types. A new type is one line here.
package all

import (
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/africastalking"
	"github.com/smsctl/smsctl/carriers/aws"
	"github.com/smsctl/smsctl/carriers/bandwidth"
	"github.com/smsctl/smsctl/carriers/bird"
	"github.com/smsctl/smsctl/carriers/clicksend"
	"github.com/smsctl/smsctl/carriers/generic"
	"github.com/smsctl/smsctl/carriers/infobip"
	"github.com/smsctl/smsctl/carriers/kannel"
	"github.com/smsctl/smsctl/carriers/plivo"
	"github.com/smsctl/smsctl/carriers/sim"
	"github.com/smsctl/smsctl/carriers/sinch"
	"github.com/smsctl/smsctl/carriers/smpp"
	"github.com/smsctl/smsctl/carriers/telnyx"
	"github.com/smsctl/smsctl/carriers/twilio"
	"github.com/smsctl/smsctl/carriers/vonage"
)

// Types returns the carrier types in the order of their names.
func Types() []carriers.Type {
	return []carriers.Type{
		africastalking.Type(),
		aws.Type(),
		bandwidth.Type(),
		bird.Type(),
		clicksend.Type(),
		generic.Type(),
		infobip.Type(),
		kannel.Type(),
		plivo.Type(),
		sim.Type(),
		sinch.Type(),
		smpp.Type(),
		telnyx.Type(),
		twilio.Type(),
		vonage.Type(),
	}
}
