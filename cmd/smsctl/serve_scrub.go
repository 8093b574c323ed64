package main

import (
	"context"
	"time"
)

// scrubTick is how often the service looks whether the file is to be rewritten.
const scrubTick = 10 * time.Second

// keepScrubbed rewrites the file when that is owed and nothing is being sent, until ctx ends.
func (v *service) keepScrubbed(ctx context.Context) error {
	tick := time.NewTicker(scrubTick)
	defer tick.Stop()
	for {
		if v.keeper.inHand() == 0 {
			if err := v.settleScrub(ctx); err != nil && ctx.Err() == nil {
				v.log().Error("the database cannot be rewritten", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
