package infobip

import (
	"context"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account's balance: https://www.infobip.com/docs/api/platform/account-management
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Standing(ctx, c.messages.JoinPath("..", "..", "..", "account", "1", "balance"), nil, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "balance"), carriers.Field(body, "currency")
	})
}
