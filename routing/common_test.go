package routing

import "time"

var at = time.Date(2026, 10, 9, 13, 0, 0, 0, time.UTC)
