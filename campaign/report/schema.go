package report

import _ "embed" // the schema is a file, so that others can read it without the program

//go:embed report-1.schema.json
var schemaFile []byte

// JSONSchema is the published schema of smsctl.report/1.
func JSONSchema() []byte { return append([]byte(nil), schemaFile...) }
