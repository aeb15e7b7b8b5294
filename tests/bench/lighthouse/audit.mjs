// Lighthouse on each page, as on a telephone: a list of {name, address, cookies} comes in, their scores go out.
//
//     node audit.mjs CHROMIUM FLAG…

import { text } from "node:stream/consumers"

import lighthouse from "lighthouse"
import puppeteer from "puppeteer-core"

const CATEGORIES = ["accessibility", "best-practices"]
const FLAGS = {
  onlyCategories: CATEGORIES,
  formFactor: "mobile",
  throttlingMethod: "simulate",
  disableStorageReset: true,
  disableFullPageScreenshot: true,
  pauseAfterFcpMs: 100,
  pauseAfterLoadMs: 100,
  networkQuietThresholdMs: 100,
  cpuQuietThresholdMs: 100,
  logLevel: "error",
}

async function audit(browser, { name, address, cookies }) {
  const context = await browser.createBrowserContext()
  try {
    await context.setCookie(...cookies)
    const { lhr } = await lighthouse(address, FLAGS, undefined, await context.newPage())
    const scores = CATEGORIES.map(category => Math.round(100 * (lhr.categories[category].score ?? 0)))
    return { name, seen: lhr.finalDisplayedUrl, scores, failed: failed(lhr), problem: lhr.runtimeError?.message ?? "" }
  } finally {
    await context.close()
  }
}

// What costs points, and where.
function failed(lhr) {
  const counted = CATEGORIES.flatMap(category => lhr.categories[category].auditRefs.filter(one => one.weight > 0))
  return counted
    .map(one => lhr.audits[one.id])
    .filter(one => one.score !== null && one.score < 1)
    .map(one => `${one.id}: ${JSON.stringify(one.details?.items?.slice(0, 3) ?? [])}`)
}

const [chromium, ...args] = process.argv.slice(2)
const browser = await puppeteer.launch({ executablePath: chromium, args })
const audited = []
for (const visit of JSON.parse(await text(process.stdin))) {
  audited.push(await audit(browser, visit))
}
await browser.close()
process.stdout.write(JSON.stringify(audited))
