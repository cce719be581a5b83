// The program of a hostile job: it tries what it is told to, and writes down all that it could read.
//
//	hostile [-round 1] [-foreign NAME:ID] [-ports 9091,8443] [-signals 10,12] ATTACK...
//
// Of every attack there are two files in /loot: ATTACK.ROUND.json says what was tried and is written last, ATTACK.ROUND.loot has what was read.
// It knows no secret, so that none is in the container because of it: whoever knows them searches the loot.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
)

var attacks = map[string]func(*loot){
	"debugger":       debugger,
	"proc-files":     procFiles,
	"ptrace":         ptrace,
	"cores":          cores,
	"cores-collect":  collectCores,
	"files":          files,
	"sockets":        sockets,
	"signals":        signals,
	"programs":       programs,
	"runner-file":    runnerFile,
	"no-runner-file": noRunnerFile,
	"links":          links,
}

var (
	round       int
	foreignName string
	foreignID   int
	ports       []int
	numbers     []int
)

func main() {
	foreign := flag.String("foreign", "foreign:1", "another runner of the repository")
	portList := flag.String("ports", "", "TCP ports of this container on 127.0.0.1")
	signalList := flag.String("signals", "", "signals to send, in this order")
	flag.IntVar(&round, "round", 1, "number of the attempt")
	flag.Parse()
	name, id, _ := strings.Cut(*foreign, ":")
	foreignName = name
	foreignID, _ = strconv.Atoi(id)
	ports = integers(*portList)
	numbers = integers(*signalList)
	// What it does to others comes back to it by way of its parents.
	signal.Ignore()
	for _, attack := range flag.Args() {
		run, ok := attacks[attack]
		if !ok {
			fmt.Fprintln(os.Stderr, "no such attack:", attack)
			os.Exit(2)
		}
		found := open(attack)
		run(found)
		found.close()
		fmt.Println("done", attack)
	}
}

func integers(list string) []int {
	var all []int
	for _, word := range strings.Split(list, ",") {
		if number, err := strconv.Atoi(word); err == nil {
			all = append(all, number)
		}
	}
	return all
}
