package main

import "github.com/spf13/cobra"

func newRouteCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use:     "route",
		Short:   "How carriers are chosen",
		Example: "smsctl route explain +447700900123\nsmsctl route simulate --scenario grey-outage",
	}, newRouteExplainCommand(a), newRouteSimulateCommand(a), newRouteRebuildCommand(a))
}
