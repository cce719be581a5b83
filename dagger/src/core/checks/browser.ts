import { UNKNOWN_VERSION } from "../plan/expected-tools.js"
import { upstreamVersion } from "../packages/resolved-packages.js"
import { contains, equals, HELPERS, matches, RESULTS, type CheckContext, type ExecCheck } from "./check.js"

/** A browser takes all processors and much memory, and it has time-outs of its own. */
const BROWSER = {
  seconds: 40,
  alone: "a browser takes all processors, and has time-outs of its own that a busy machine exceeds",
  /**
   * With fewer processes, because QEMU's user mode cannot cope with those that a browser forks, and without a sandbox, because it offers no
   * namespaces.
   */
  emulation: { environment: { CHROME_FLAGS: "--no-zygote --in-process-gpu --no-sandbox" } },
} as const

/** Every name that the browser goes by, as a command or as a path. */
const NAMES = [
  "google-chrome",
  "google-chrome-stable",
  "chrome",
  "chromium",
  "chromium-browser",
  "/opt/google/chrome/chrome",
  '"$CHROME_BIN"',
  '"$PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH"',
  '"$PUPPETEER_EXECUTABLE_PATH"',
]

const SESSION = `${RESULTS}/session`

/** The results of the browser with windows. */
const WINDOW = `${RESULTS}/window.json`

/** The screenshot of the page, in a container whose checks have run. */
export const SCREENSHOT = `${SESSION}/screenshot.png`

/** Checks of browser, driver and page, from outside and inside. One session, started by the first check, serves several, which read its results. */
export function browserChecks(context: CheckContext): ExecCheck[] {
  const version = versionOf(context, "chrome")
  const cjk = context.plan.platforms.some(({ packages }) => packages.includes("fonts-noto-cjk"))
  return [
    {
      name: "browser/session",
      proves: "a WebDriver session opens a page, reads it and presses a button",
      command: `node ${HELPERS}/webdriver.mjs ${SESSION}`,
      expect: equals("rendered, pressed: Rendered by the image’s own browser 🚀"),
      ...BROWSER,
    },
    {
      name: "browser/versions",
      after: "browser/session",
      proves: "browser and driver both have the planned version",
      command: `jq -r '.browser, .driver' ${SESSION}/session.json`,
      expect: version === undefined ? matches(/^(\d+(?:\.\d+){3})\n\1$/) : equals(`${version}\n${version}`),
    },
    {
      name: "browser/document",
      after: "browser/session",
      proves: "the document is the one that the page's script built",
      command: `jq -r .html ${SESSION}/session.json`,
      expect: equals(
        '<main><p id="message">Rendered by the image’s own browser 🚀</p><p id="sum">6</p><button>press</button></main>',
      ),
    },
    {
      name: "browser/screenshot",
      after: "browser/session",
      proves: "the screenshot has the page's size and its boxes' colours",
      command: `node ${HELPERS}/png-pixels.mjs ${SCREENSHOT} 80,60 240,60 400,60 560,60 639,359`,
      expect: equals("640x360 cc0000 00aa44 0044cc ffcc00 ffffff"),
    },
    {
      name: "browser/h264",
      after: "browser/session",
      proves: "the browser reports whether it plays H.264",
      command: `jq -r 'if .h264 then "H.264 plays" else "H.264 does not play" end' ${SESSION}/session.json`,
      expect: matches(/^H\.264 (plays|does not play)$/),
      informs: true,
    },
    {
      name: "browser/names",
      proves: "every name of the browser leads to the same program",
      command: `for name in ${NAMES.join(" ")}; do readlink -f "$(command -v "$name")"; done | sort -u`,
      expect: equals("/usr/local/bin/google-chrome"),
    },
    {
      name: "browser/command-line",
      proves: "the browser renders a page without a driver",
      command: `google-chrome --headless --dump-dom file://${HELPERS}/page.html 2>/dev/null`,
      expect: contains('<p id="sum">6</p>'),
      ...BROWSER,
    },
    {
      name: "browser/playwright",
      proves: "Playwright's channel chrome is the image's own browser",
      command: `test -z "\${DISPLAY:-}" && node ${HELPERS}/playwright.mjs ${WINDOW}`,
      expect: version === undefined ? contains("rendered, pressed, ") : equals(`rendered, pressed, ${version}`),
      ...BROWSER,
    },
    {
      name: "browser/display",
      after: "browser/playwright",
      proves: "without a display, a browser with windows starts one of the requested size and removes it afterwards",
      command: `jq -r '(.displays | tostring), .screen' ${WINDOW}`,
      expect: equals("[1,0]\n1600x1200x24"),
    },
    {
      name: "fonts/text",
      proves: "there is a font for text",
      command: "fc-match --format '%{family}' sans",
      expect: matches(/DejaVu Sans|FreeSans|Liberation Sans/),
    },
    {
      name: "fonts/emoji",
      proves: "there is a font for emoji",
      command: "fc-match --format '%{family}' emoji",
      expect: equals("Noto Color Emoji"),
    },
    ...(cjk
      ? [
          {
            name: "fonts/cjk",
            proves: "there is a font for Chinese, Japanese and Korean",
            command:
              "for language in ja ko zh-cn; do fc-match --format '%{family[0]}\\n' \"sans:lang=$language\"; done",
            expect: equals("Noto Sans CJK JP\nNoto Sans CJK KR\nNoto Sans CJK SC"),
          },
        ]
      : []),
  ]
}

/** A tool's version as the tool prints it, if known. */
function versionOf({ tools }: CheckContext, name: string): string | undefined {
  const tool = tools.find((candidate) => candidate.name === name)
  if (!tool || tool.version === UNKNOWN_VERSION) return undefined
  return tool.source.startsWith("deb:") ? upstreamVersion(tool.version) : tool.version
}
