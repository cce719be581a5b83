// Reads statements from standard input, one a line, with in-toto's own library, and says what it makes of each.
package main

import (
	"bufio"
	"fmt"
	"os"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	statement "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		fmt.Println(verdict(lines.Bytes()))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verdict(line []byte) string {
	var read statement.Statement
	if err := protojson.Unmarshal(line, &read); err != nil {
		return "not a statement: " + err.Error()
	}
	if err := read.Validate(); err != nil {
		return "invalid: " + err.Error()
	}
	switch read.PredicateType {
	case "https://slsa.dev/provenance/v1":
		return read.PredicateType + ": " + problem(&read, &provenance.Provenance{})
	case "https://in-toto.io/attestation/test-result/v0.1":
		return read.PredicateType + ": " + problem(&read, &testresult.TestResult{})
	}
	return read.PredicateType + ": valid"
}

// A field that the predicate's definition does not have is an error.
func problem(read *statement.Statement, predicate proto.Message) string {
	text, err := protojson.Marshal(read.Predicate)
	if err == nil {
		err = protojson.Unmarshal(text, predicate)
	}
	if checked, ok := predicate.(interface{ Validate() error }); err == nil && ok {
		err = checked.Validate()
	}
	if err != nil {
		return err.Error()
	}
	return "valid"
}
