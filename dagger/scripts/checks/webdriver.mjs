// webdriver.mjs FOLDER: drives the image's browser through its ChromeDriver, by the WebDriver protocol alone, and writes
// what came of it into FOLDER: session.json and screenshot.png. One session for everything, as starting a browser under
// emulation is slow. A page's process hangs now and then where it is emulated beside other work: a browser that does not answer is
// started again, until the check's own time is up. CHECKS_SLOWNESS says how many times slower than usual the machine is.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { createInterface } from "node:readline"
import { json } from "node:stream/consumers"

const [folder = "."] = process.argv.slice(2)
const PAGE = new URL("page.html", import.meta.url).href
/** The key under which WebDriver hands out elements: W3C WebDriver, 12. Elements. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
/** What one command, and starting the browser, may take before the browser counts as hanging. */
const SLOWNESS = Number(process.env.CHECKS_SLOWNESS ?? 1)
const COMMAND_MS = Math.round(10_000 * SLOWNESS)
const START_MS = Math.round(20_000 * SLOWNESS)

/** Nothing came of what was asked: the browser, or a part of it, hangs. */
class NoAnswer extends Error {}

/**
 * @param {import("node:stream").Readable} output
 * @returns {Promise<string>} the address that the driver listens on, which it prints
 */
async function address(output) {
  for await (const line of createInterface(output)) {
    const [, port] = /started successfully on port (\d+)/.exec(line) ?? []
    if (port) return `http://127.0.0.1:${port}`
  }
  throw new Error("chromedriver did not start")
}

/**
 * @param {string} url
 * @param {string} method
 * @param {unknown} [body]
 * @returns {Promise<any>} the value of the answer
 */
async function ask(url, method, body) {
  // Not fetch, which waits for five minutes and no longer.
  const asked = request(url, { method })
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = await once(asked, "response")
  const { value } = /** @type {any} */ (await json(answer))
  if (answer.statusCode === 200) return value
  const problem = `${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`
  throw /timeout|timed out|not reachable/i.test(value.message) ? new NoAnswer(problem) : new Error(problem)
}

/** @param {string} base address of the driver */
async function visit(base) {
  const options = {
    binary: process.env.CHROME_BIN,
    args: ["--headless", "--force-device-scale-factor=1", "--force-color-profile=srgb", "--hide-scrollbars"],
    browserStartupTimeout: START_MS,
  }
  const timeouts = { pageLoad: COMMAND_MS, script: COMMAND_MS }
  const alwaysMatch = { browserName: "chrome", timeouts, "goog:chromeOptions": options }
  const { sessionId, capabilities } = await ask(`${base}/session`, "POST", { capabilities: { alwaysMatch } })
  const session = `${base}/session/${sessionId}`
  const run = (/** @type {string} */ script) => ask(`${session}/execute/sync`, "POST", { script, args: [] })
  const find = async (/** @type {string} */ value) => {
    const found = await ask(`${session}/element`, "POST", { using: "css selector", value })
    return `${session}/element/${found[ELEMENT]}`
  }
  // The window's own borders differ; the page's size must not.
  await ask(`${session}/goog/cdp/execute`, "POST", {
    cmd: "Emulation.setDeviceMetricsOverride",
    params: { width: 640, height: 360, deviceScaleFactor: 1, mobile: false },
  })
  await ask(`${session}/url`, "POST", { url: PAGE })
  const title = await ask(`${session}/title`, "GET")
  const text = await ask(`${await find("#message")}/text`, "GET")
  const html = await run('return document.querySelector("main").outerHTML')
  const screenshot = await ask(`${session}/screenshot`, "GET")
  const button = await find("button")
  await ask(`${button}/click`, "POST", {})
  const clicked = await ask(`${button}/text`, "GET")
  const h264 = await run("return MediaSource.isTypeSupported('video/mp4; codecs=\"avc1.42E01E\"')")
  await ask(session, "DELETE")
  const browser = String(capabilities.browserVersion)
  const driver = String(capabilities.chrome.chromedriverVersion).split(" ")[0]
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/screenshot.png`, Buffer.from(screenshot, "base64"))
  writeFileSync(`${folder}/session.json`, JSON.stringify({ browser, driver, title, text, html, clicked, h264 }))
  console.log(`${title}, ${clicked}: ${text}`)
}

async function attempt() {
  // With a process group of its own, for whatever it starts and leaves. What it warns of is no part of the answer.
  const driver = spawn("chromedriver", ["--port=0"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  })
  try {
    await visit(await address(driver.stdout))
  } finally {
    driver.stdout.destroy()
    if (driver.pid !== undefined) process.kill(-driver.pid, "SIGKILL")
  }
}

for (let answered = false; !answered;) {
  try {
    await attempt()
    answered = true
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
  }
}
