package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/smsctl/smsctl/campaign"
)

// Name is a campaign in a list of candidates.
type Name struct {
	Name      string
	Status    campaign.Status
	CreatedAt time.Time
}

// peekBusy is how long a peek waits for a lock: whoever completes a word must not wait for a campaign.
const peekBusy = 20 * time.Millisecond

// PeekCampaigns names the latest campaigns of the database at path without opening it as a store: nothing is made, brought
// up to date or written, whatever its size.
func PeekCampaigns(ctx context.Context, path string, mode campaign.Mode, profile string, limit int) (names []Name, err error) {
	var n Name
	var at int64
	err = peek(ctx, path, []any{&n.Name, &n.Status, &at}, func() error {
		n.CreatedAt = time.UnixMilli(at)
		names = append(names, n)
		return nil
	}, peekQuery, string(mode), profile, limit)
	return names, err
}

// PeekSchedules names the schedules in the same way.
func PeekSchedules(ctx context.Context, path string, mode campaign.Mode, profile string) (names []string, err error) {
	var name string
	err = peek(ctx, path, []any{&name}, func() error { names = append(names, name); return nil },
		`SELECT name FROM schedules WHERE mode = ? AND profile = ? AND removed_at IS NULL ORDER BY name`, string(mode), profile)
	return names, err
}

func peek(ctx context.Context, path string, dest []any, do func() error, query string, args ...any) (err error) {
	db, err := sql.Open("sqlite", uri(path)+"?"+url.Values{
		"mode": {"ro"}, "_pragma": {"query_only(1)", fmt.Sprintf("busy_timeout(%d)", peekBusy.Milliseconds())},
	}.Encode())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return eachRow(ctx, db, dest, do, query, args...)
}

const peekQuery = `SELECT name, state, created_at FROM campaigns WHERE mode = ? AND profile = ? ORDER BY id DESC LIMIT ?`

// SQLiteVersion is the version of the library that is part of the program.
func SQLiteVersion() string { return sqlite3.SQLITE_VERSION }

// DiskFree is how many bytes are left where dir is, nil where the system does not tell.
func DiskFree(dir string) *int64 { return diskFree(dir) }
