package twilio

import (
	"regexp"
	"testing"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// document is Twilio's OpenAPI document. It has two paths.
var document = carriertest.Document{
	File: "twilio-messages.json", Server: vendorURL,
	Place: func(path string) (string, map[string]string) {
		part := regexp.MustCompile(`^(?:/twilio)?/2010-04-01/Accounts/([^/]+)/Messages(?:/([^/]+))?\.json$`).FindStringSubmatch(path)
		switch {
		case part == nil:
			return "", nil
		case part[2] != "":
			return "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", map[string]string{"AccountSid": part[1], "Sid": part[2]}
		}
		return "/2010-04-01/Accounts/{AccountSid}/Messages.json", map[string]string{"AccountSid": part[1]}
	},
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	const messages = "/2010-04-01/Accounts/" + account + "/Messages"
	document.Refuses(t, "GET", messages+"/SM1.json", "", map[string]string{"a SID that is none": ""})
	document.Refuses(t, "POST", messages+".json", "application/x-www-form-urlencoded", map[string]string{
		"no To": "Body=x", "validity in words": "To=%2B44&ValidityPeriod=long", "a service that is none": "To=%2B44&MessagingServiceSid=MG1",
	})
}
