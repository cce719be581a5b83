package smoke

import "testing"

func TestSum(t *testing.T) {
	if sum := Sum(1, 2); sum != 3 {
		t.Fatalf("1 + 2 = %d", sum)
	}
}

// Two goroutines write the same variable: what the race detector is there to find.
func TestRace(t *testing.T) {
	shared := 0
	done := make(chan bool)
	go func() {
		shared = 1
		done <- true
	}()
	shared = 2
	<-done
	t.Log(shared)
}
