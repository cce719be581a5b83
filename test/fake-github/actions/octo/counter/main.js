const { appendFileSync } = require("node:fs")
console.log(
  `counting ${process.env.INPUT_FILE} with Node.js ${process.versions.node.split(".")[0]} in ${process.cwd()}`,
)
appendFileSync(process.env.GITHUB_OUTPUT, "count=1\n")
appendFileSync(process.env.GITHUB_STATE, `file=${process.env.INPUT_FILE}\n`)
if (process.env.INPUT_FAIL === "true") {
  console.log("::error file=main.js,line=1::counted wrong")
  process.exitCode = 1
}
