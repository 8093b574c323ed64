package africastalking

import (
	"context"
	"net/url"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

var _ carriers.Checker = (*Carrier)(nil)

// Check reads the account's balance: https://developers.africastalking.com/docs/application. It says amount and currency in one.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := c.messages.JoinPath("..", "user")
	u.RawQuery = url.Values{"username": {c.username}}.Encode()
	return c.Standing(ctx, u, nil, func(body []byte) (amount, unit string) {
		unit, amount, _ = strings.Cut(carriers.Field(body, "UserData", "balance"), " ")
		return amount, unit
	})
}
