package main

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// checksum hashes what is written through it.
type checksum struct{ hash.Hash }

func newChecksum() checksum { return checksum{sha256.New()} }

func (c checksum) hex() string { return hex.EncodeToString(c.Sum(nil)) }
