package seconds

import (
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	t.Setenv(Variable, "")
	if usual := Take(); usual.Interrupt != 7500*time.Millisecond || usual.Conflict != 4*time.Minute {
		t.Errorf("usual times are %+v", usual)
	}
	t.Setenv(Variable, "retry=0.2, conflict=1,terminate=x,interrupt=-1")
	changed := Take()
	if changed.Retry != 200*time.Millisecond || changed.Conflict != time.Second {
		t.Errorf("changed times are %+v", changed)
	}
	if changed.Terminate != 2500*time.Millisecond || changed.Interrupt != 7500*time.Millisecond {
		t.Errorf("unusable times count: %+v", changed)
	}
}
