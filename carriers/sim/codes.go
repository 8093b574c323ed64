package sim

import (
	"net/http"

	"github.com/smsctl/smsctl/carriers"
)

// usual is how an error class is commonly said: by Twilio when a message is submitted and in its receipts, and by a
// plain HTTP status.
type usual struct {
	status  int    // twilio's HTTP status
	submit  string // twilio's code on submit
	receipt string // twilio's ErrorCode in receipts
	plain   int    // the plain dialect's HTTP status
}

// usualOf looks a class up. Source of the numbers: Twilio's error and warning dictionary.
func usualOf(c carriers.Class) usual {
	switch c {
	case carriers.ClassRecipientInvalid:
		return usual{400, "21211", "30005", 422}
	case carriers.ClassRecipientOptedOut:
		return usual{400, "21610", "21610", 410}
	case carriers.ClassRecipientBlocked:
		return usual{400, "30004", "30004", 451}
	case carriers.ClassRecipientUnreachable:
		return usual{400, "30003", "30003", 400}
	case carriers.ClassContentRejected:
		return usual{400, "21617", "30007", 406}
	case carriers.ClassSenderRejected:
		return usual{400, "21606", "30034", 400}
	case carriers.ClassRouteUnavailable:
		return usual{400, "21408", "30018", 404}
	case carriers.ClassAccountAuth:
		return usual{401, "20003", "30002", 401}
	case carriers.ClassAccountSuspended:
		return usual{403, "20005", "30002", 403}
	case carriers.ClassAccountBalance:
		return usual{402, "20003", "30002", 402}
	case carriers.ClassThrottled:
		return usual{429, "20429", "30001", 429}
	case carriers.ClassQuotaExhausted:
		return usual{429, "30027", "30027", 429}
	case carriers.ClassCarrierTransient:
		return usual{503, "20503", "30017", 503}
	case carriers.ClassAmbiguous:
		return usual{500, "20500", "30008", 500}
	case carriers.ClassExpired:
		return usual{400, "30036", "30036", 400}
	case carriers.ClassNone, carriers.ClassRequestInvalid, carriers.ClassNoRoute, carriers.ClassUnknown:
	}
	return usual{http.StatusBadRequest, "21602", "30008", http.StatusBadRequest}
}
