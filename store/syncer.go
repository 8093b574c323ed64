package store

import (
	"errors"
	"fmt"
	"os"
)

// syncer brings commits to the disk while the writer goes on with the next transaction. SQLite itself would wait for the
// disk in every commit (synchronous=FULL), and for half of a run's time nobody could write. So the writer's connection
// commits without waiting (NORMAL: the log is in order, and the checkpoints still wait), and whoever waits for a commit
// is answered when the log's file has been synced after it: what has been answered is as durable as with FULL. The
// commits of one process lie in one log in their order, so that one sync makes all durable that came before it.
type syncer struct {
	path  string
	log   *os.File       // the write-ahead log, opened when there is one
	in    chan []request // one at a time: the writer keeps what is committed meanwhile
	done  chan error     // one for each of in
	spare []request      // memory of the last one, for the writer to use again
}

func startSyncer(log string) *syncer {
	s := &syncer{path: log, in: make(chan []request), done: make(chan error, 1)}
	go s.loop()
	return s
}

func (s *syncer) loop() {
	for batch := range s.in {
		err := s.sync()
		for _, r := range batch {
			r.done <- err
		}
		s.spare = batch[:0]
		s.done <- err
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	close(s.done)
}

// ErrSync says that the disk did not take what was written to it: nobody knows what of it is durable.
var ErrSync = errors.New("the disk does not take what is written to it")

func (s *syncer) sync() (err error) {
	if s.log == nil {
		if s.log, err = os.OpenFile(s.path, os.O_RDWR, 0); err != nil {
			return fmt.Errorf("%w: %w", ErrSync, err)
		}
	}
	if err := s.log.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrSync, err)
	}
	return nil
}
