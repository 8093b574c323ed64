package vonage

import (
	"context"
	"errors"
	"net/http"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account's balance, which is in euros: https://developer.vonage.com/en/account/overview. It needs the
// API secret and the host of the SMS API.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	if c.basic == "" || c.api != apiSMS {
		return carriers.Standing{}, errors.ErrUnsupported
	}
	header := http.Header{"Authorization": {c.basic}, "Accept": {"application/json"}}
	return c.Standing(ctx, c.submit.JoinPath("..", "..", "account", "get-balance"), header, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "value"), "EUR"
	})
}
