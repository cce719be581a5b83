package exitcode

import "testing"

func TestResultsAndCodes(t *testing.T) {
	for _, each := range []struct {
		code   int
		result string
		known  bool
	}{
		{100, "Succeeded", true},
		{102, "Failed", true},
		{103, "Canceled", true},
		{105, "Abandoned", true},
		{106, "Failed", false},
		{0, "Failed", false},
		{2, "Failed", false},
		{-1, "Failed", false},
	} {
		result, known := ResultOf(each.code)
		if result != each.result || known != each.known {
			t.Errorf("ResultOf(%d) = %s, %t", each.code, result, known)
		}
		if known && OfResult(result) != each.code {
			t.Errorf("OfResult(%s) = %d", result, OfResult(result))
		}
	}
	if OfResult("nonsense") != 102 {
		t.Error("an unknown result is not a failure")
	}
}
