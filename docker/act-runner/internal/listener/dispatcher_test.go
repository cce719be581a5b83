package listener

import (
	"testing"

	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/frames"
)

func TestResultOf(t *testing.T) {
	const killed = -1
	for _, each := range []struct {
		code         int
		cancelled    bool
		lost         bool
		result       string
		told         bool
		lostAfterAll bool
	}{
		{exitcode.OfResult("Succeeded"), false, false, "Succeeded", true, false},
		// The job was renewed just after it had ended, and the server did not know it any more.
		{exitcode.OfResult("Succeeded"), true, true, "Succeeded", true, false},
		{exitcode.OfResult("Failed"), true, true, "Failed", true, false},
		{exitcode.OfResult("Canceled"), true, true, "Canceled", true, true},
		{killed, true, false, "Canceled", false, false},
		{killed, true, true, "Canceled", false, true},
		{killed, false, false, "Failed", false, false},
	} {
		dispatcher := &Dispatcher{lost: each.lost}
		if each.cancelled {
			dispatcher.cancelled = frames.Cancel
		}
		result, told := dispatcher.resultOf(each.code)
		if result != each.result || told != each.told || dispatcher.lost != each.lostAfterAll {
			t.Errorf("%+v: %s, %v, %v", each, result, told, dispatcher.lost)
		}
	}
}
