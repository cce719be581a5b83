// playwright.mjs FILE: opens the page in a window, with the image's own Playwright and its own browser, and writes into FILE what
// Playwright saw, how large the virtual display was that was asked for, and how many there were meanwhile and are left afterwards.
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { setTimeout } from "node:timers/promises"

const [file = ""] = process.argv.slice(2)
const { chromium } = createRequire("/usr/local/lib/node_modules/")("playwright")

function displays() {
  return spawnSync("pgrep", ["-x", "Xvfb"], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).length
}

// Nobody serves that display.
const env = { ...process.env, DISPLAY: ":99", SCREEN_WIDTH: "1600", SCREEN_HEIGHT: "1200" }
// The check's own limit, which follows the machine, is the only one: half a minute is too little where the browser is emulated.
const browser = await chromium.launch({ channel: "chrome", headless: false, timeout: 0, env })
// Playwright's own view of a page would say that the display is as large.
const page = await browser.newPage({ viewport: null })
page.setDefaultTimeout(0)
await page.goto(new URL("page.html", import.meta.url).href)
await page.getByRole("button", { name: "press" }).click()
const seen = `${await page.title()}, ${await page.locator("button").textContent()}, ${browser.version()}`
const screen = await page.evaluate(() => `${window.screen.width}x${window.screen.height}x${window.screen.colorDepth}`)
const during = displays()
await browser.close()
const patience = 50 * Number(process.env.CHECKS_SLOWNESS ?? 1)
for (let tries = 0; tries < patience && displays() > 0; tries++) await setTimeout(200)
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, JSON.stringify({ displays: [during, displays()], screen }))
console.log(seen)
