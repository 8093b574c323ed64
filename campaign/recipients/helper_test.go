package recipients

import (
	"bytes"
	"io"
)

// newChunks is a reader that, like a pipe, is nothing but a reader.
func newChunks(data []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(data)} }
