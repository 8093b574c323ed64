package plivo

import (
	"context"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account: https://www.plivo.com/docs/account/api/account. Credits are in US dollars.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Standing(ctx, c.messages.JoinPath("..", "/"), nil, func(body []byte) (amount, unit string) {
		return carriers.Field(body, "cash_credits"), "USD"
	})
}
