package sim

import (
	"net/http"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// usual is how an error class is commonly said: by Twilio when a message is submitted and in its receipts, by a plain
// HTTP status, by SMPP and by Vonage.
type usual struct {
	status  int    // twilio's HTTP status
	submit  string // twilio's code on submit
	receipt string // twilio's ErrorCode in receipts
	plain   int    // the plain dialect's HTTP status
	smpp    pdu.Status
	vonage  [2]string // status of a submit, err-code of a receipt
}

// usualOf looks a class up. Sources of the numbers: Twilio's error and warning dictionary; SMPP 3.4 5.1.3; Vonage's SMS
// errors.
func usualOf(c carriers.Class) usual {
	switch c {
	case carriers.ClassRecipientInvalid:
		return usual{400, "21211", "30005", 422, 0x0b, [2]string{"6", "3"}}
	case carriers.ClassRecipientOptedOut:
		return usual{400, "21610", "21610", 410, 0x66, [2]string{"7", "9"}}
	case carriers.ClassRecipientBlocked:
		return usual{400, "30004", "30004", 451, 0x66, [2]string{"7", "4"}}
	case carriers.ClassRecipientUnreachable:
		return usual{400, "30003", "30003", 400, 0x66, [2]string{"5", "2"}}
	case carriers.ClassContentRejected:
		return usual{400, "21617", "30007", 406, 0x01, [2]string{"12", "6"}}
	case carriers.ClassSenderRejected:
		return usual{400, "21606", "30034", 400, 0x0a, [2]string{"15", "51"}}
	case carriers.ClassRouteUnavailable:
		return usual{400, "21408", "30018", 404, 0x100, [2]string{"22", "11"}}
	case carriers.ClassAccountAuth:
		return usual{401, "20003", "30002", 401, 0x45, [2]string{"4", "99"}}
	case carriers.ClassAccountSuspended:
		return usual{403, "20005", "30002", 403, 0x101, [2]string{"8", "99"}}
	case carriers.ClassAccountBalance:
		return usual{402, "20003", "30002", 402, 0x101, [2]string{"9", "16"}}
	case carriers.ClassThrottled:
		return usual{429, "20429", "30001", 429, pdu.Throttled, [2]string{"1", "8"}}
	case carriers.ClassQuotaExhausted:
		return usual{429, "30027", "30027", 429, pdu.QueueFull, [2]string{"9", "16"}}
	case carriers.ClassCarrierTransient:
		return usual{503, "20503", "30017", 503, pdu.SystemError, [2]string{"5", "8"}}
	case carriers.ClassAmbiguous:
		return usual{500, "20500", "30008", 500, pdu.SystemError, [2]string{"5", "1"}}
	case carriers.ClassExpired:
		return usual{400, "30036", "30036", 400, 0x62, [2]string{"5", "13"}}
	case carriers.ClassNone, carriers.ClassRequestInvalid, carriers.ClassNoRoute, carriers.ClassUnknown:
	}
	return usual{http.StatusBadRequest, "21602", "30008", http.StatusBadRequest, 0xff, [2]string{"2", "1"}}
}
