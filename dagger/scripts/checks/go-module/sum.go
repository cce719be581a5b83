// Package smoke is what the smoke tests build and test.
package smoke

// Sum adds two numbers.
func Sum(a, b int) int { return a + b }
