package telnyx

import (
	"context"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account's balance: https://developers.telnyx.com/api/billing/get-user-balance
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Standing(ctx, c.messages.JoinPath("..", "balance"), nil, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "data", "balance"), carriers.Field(body, "data", "currency")
	})
}
