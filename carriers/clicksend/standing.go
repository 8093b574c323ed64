package clicksend

import (
	"context"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account: https://developers.clicksend.com/docs/rest/v3/#view-account-details
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Standing(ctx, c.sms.JoinPath("..", "account"), nil, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "data", "balance"), carriers.Field(body, "data", "_currency", "currency_name_short")
	})
}
