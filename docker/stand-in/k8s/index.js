// In the real runner's image this runs jobs in pods (container hooks). The stand-in runs none.
console.error("The stand-in runner has no container hooks.")
process.exitCode = 1
