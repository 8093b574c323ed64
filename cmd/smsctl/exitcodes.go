package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// exitCode is what the process ends with: a public contract, `smsctl help exit-codes`.
type exitCode int

const (
	exitOK          exitCode = 0
	exitError       exitCode = 1
	exitUsage       exitCode = 2
	exitPartial     exitCode = 3
	exitConfig      exitCode = 4
	exitInput       exitCode = 5
	exitGuard       exitCode = 6
	exitNoRoute     exitCode = 7
	exitPending     exitCode = 8
	exitUnconfirmed exitCode = 9
	exitNotFound    exitCode = 10
	exitLocked      exitCode = 11
	exitState       exitCode = 12
	exitInterrupted exitCode = 130
	exitTerminated  exitCode = 143
)

// exitCodeInfo is one row of the table. Help pages, `help exit-codes` and its JSON are generated from it.
type exitCodeInfo struct {
	Code    exitCode `json:"code"`
	Name    string   `json:"name"`
	Meaning string   `json:"meaning"`
	Rerun   string   `json:"rerun"` // is running the same command again useful?
}

// exitCodes is the only list of exit codes. New ones may be added; none is ever given another meaning.
func exitCodes() []exitCodeInfo {
	return []exitCodeInfo{
		{exitOK, "ok", "done; nothing is left that a rerun or a fix could send", "no"},
		{exitError, "error", "unexpected error: a bug or the operating system", "maybe"},
		{exitUsage, "usage", "bad flags or arguments; nothing happened", "fix first"},
		{exitPartial, "partial", "dispatch ended, but actionable failures or unknown outcomes remain", "yes"},
		{exitConfig, "config", "missing or invalid config, or a carrier refused the credentials", "fix first"},
		{exitInput, "input", "CSV, message or plan file is invalid, or the plan is stale; nothing was sent", "fix first"},
		{exitGuard, "guard", "a threshold, budget or count limit tripped; the campaign is paused", "decide"},
		{exitNoRoute, "no-route", "every eligible carrier is down or drained past --give-up; the campaign is paused", "later"},
		{exitPending, "pending", "asked about something that is not finished yet", "later"},
		{exitUnconfirmed, "unconfirmed", "confirmation was declined, or needed and impossible", "with --yes"},
		{exitNotFound, "not-found", "no such campaign, carrier, message, schedule or key", "fix first"},
		{exitLocked, "locked", "another process holds the lease or the store", "later"},
		{exitState, "state", "the action makes no sense in this state", "no"},
		{exitInterrupted, "interrupted", "SIGINT, or paused by q; drained, resumable", "yes"},
		{exitTerminated, "terminated", "SIGTERM; drained, resumable", "yes"},
	}
}

// info is the table's row of c.
func (c exitCode) info() exitCodeInfo {
	for _, row := range exitCodes() {
		if row.Code == c {
			return row
		}
	}
	return exitCodeInfo{Code: c, Name: "error", Meaning: "an error", Rerun: "maybe"}
}

const exitCodesAnnotation = "exit-codes"

// exits declares the codes a command may end with beside 0, 1, 2 and 4, which every command has. Its help page shows
// them under "Exit status".
func exits(cmd *cobra.Command, codes ...exitCode) *cobra.Command {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = strconv.Itoa(int(c))
	}
	annotate(cmd, exitCodesAnnotation, strings.Join(words, ","))
	return cmd
}

// exitCodesOf lists the table's rows that apply to cmd, in the table's order.
func exitCodesOf(cmd *cobra.Command) []exitCodeInfo {
	own := "," + cmd.Annotations[exitCodesAnnotation] + ","
	var rows []exitCodeInfo
	for _, row := range exitCodes() {
		common := row.Code <= exitUsage || row.Code == exitConfig
		if common || strings.Contains(own, ","+strconv.Itoa(int(row.Code))+",") {
			rows = append(rows, row)
		}
	}
	return rows
}

func annotate(cmd *cobra.Command, key, value string) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[key] = value
}
