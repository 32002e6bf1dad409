// Judges what clients saw of an ensemble: whether the writes and synced reads of each znode have one order that agrees with every
// answer and with the clock. Porcupine finds the order; this is its model of a znode.
//
//	porcupine HISTORY
//
// HISTORY has a JSON object a line, as support/history.ts describes; other kinds of lines are not looked at. The last line that is
// printed counts what was checked. Ends with 1 when a znode has no such order, with 2 when there was no time to find out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// What a znode's history is given at most; the histories are independent of each other.
const patience = 2 * time.Minute

// An operation on one znode, with its answer.
type operation struct {
	Kind    string `json:"kind"` // write or read
	Client  int    `json:"client"`
	Path    string `json:"path"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
	Outcome string `json:"outcome"` // ok, refused (by its expected version) or unknown
	Value   string `json:"value"`
	// What a write expects; -1 for any.
	Expected int64 `json:"expected"`
	// Of the znode after the write, or as it was read.
	Version int64 `json:"version"`
}

type znode struct {
	value   string
	version int64
}

func step(state, input, _ interface{}) (bool, interface{}) {
	now, op := state.(znode), input.(operation)
	if op.Kind == "read" {
		return now == znode{op.Value, op.Version}, now
	}
	fits := op.Expected < 0 || op.Expected == now.version
	after := znode{op.Value, now.version + 1}
	switch op.Outcome {
	case "ok":
		return fits && op.Version == after.version, after
	case "refused":
		return !fits, now
	}
	// It may have happened at any time from its beginning on; where nobody noticed, after all that was seen.
	if fits {
		return true, after
	}
	return true, now
}

func describe(input, _ interface{}) string {
	op := input.(operation)
	if op.Kind == "read" {
		return fmt.Sprintf("read %s (version %d)", op.Value, op.Version)
	}
	return fmt.Sprintf("write %s, expecting %d: %s %d", op.Value, op.Expected, op.Outcome, op.Version)
}

func read(name string) map[string][]operation {
	file, err := os.Open(name)
	none(err)
	defer file.Close()
	histories := map[string][]operation{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var op operation
		none(json.Unmarshal(lines.Bytes(), &op))
		switch {
		case op.Kind != "read" && op.Kind != "write":
		case op.Outcome == "ok", op.Kind == "write" && (op.Outcome == "refused" || op.Outcome == "unknown"):
			histories[op.Path] = append(histories[op.Path], op)
		case op.Outcome != "unknown":
			fail("%s with the outcome %q", op.Kind, op.Outcome)
		}
	}
	none(lines.Err())
	return histories
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: porcupine HISTORY")
	}
	histories := read(os.Args[1])
	paths := make([]string, 0, len(histories))
	for path := range histories {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	code, count := 0, 0
	for _, path := range paths {
		count += len(histories[path])
		switch judge(histories[path]) {
		case porcupine.Illegal:
			fmt.Printf("%s: no order of its %d operations agrees with their answers and times\n", path, len(histories[path]))
			explain(histories[path])
			code = 1
		case porcupine.Unknown:
			fmt.Printf("%s: not decided within %s\n", path, patience)
			code = max(code, 2)
		}
	}
	fmt.Printf("%d operations on %d znodes checked\n", count, len(paths))
	os.Exit(code)
}

func judge(history []operation) porcupine.CheckResult {
	model := porcupine.Model{
		Init:              func() interface{} { return znode{"", 0} },
		Step:              step,
		Equal:             func(a, b interface{}) bool { return a == b },
		DescribeOperation: describe,
	}
	operations := make([]porcupine.Operation, len(history))
	for i, op := range history {
		end := op.To
		if op.Outcome == "unknown" {
			end = math.MaxInt64
		}
		operations[i] = porcupine.Operation{ClientId: op.Client, Input: op, Call: op.From, Return: end}
	}
	return porcupine.CheckOperationsTimeout(model, operations, patience)
}

// explain shows the operations up to the one that no order can hold, the last twenty of them: the shortest beginning of the
// history, by ends of operations, that is illegal already.
func explain(history []operation) {
	ends := append([]operation(nil), history...)
	sort.Slice(ends, func(i, j int) bool { return ends[i].To < ends[j].To })
	upTo := func(count int) []operation {
		var begun []operation
		until := ends[count-1].To
		for _, op := range history {
			if op.From > until {
				continue
			}
			if op.To > until {
				if op.Kind == "read" {
					continue
				}
				op.Outcome = "unknown"
			}
			begun = append(begun, op)
		}
		return begun
	}
	shortest := sort.Search(len(ends)-1, func(i int) bool { return judge(upTo(i+1)) == porcupine.Illegal }) + 1
	for _, op := range ends[max(0, shortest-20):shortest] {
		fmt.Printf("  client %d, %d to %d: %s\n", op.Client, op.From, op.To, describe(op, nil))
	}
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func none(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "porcupine: "+format+"\n", args...)
	os.Exit(3)
}
