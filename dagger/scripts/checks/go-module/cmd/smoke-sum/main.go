package main

import (
	"fmt"

	"example.org/smoke"
)

func main() { fmt.Println("1 + 2 =", smoke.Sum(1, 2)) }
