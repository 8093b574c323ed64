package twilio

import (
	"context"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account's balance: https://www.twilio.com/docs/usage/api/balance
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Standing(ctx, c.messages.JoinPath("..", "Balance.json"), nil, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "balance"), carriers.Field(body, "currency")
	})
}
