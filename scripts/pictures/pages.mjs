// Pages as a visitor sees them, in both themes: the laboratory with its recorded run, a text that the bundled model wrote
// on this machine, with the probability of each token, and a kernel halted in its loop.
import { chromium } from "playwright-core";
import { preview } from "vite";

const prompt = "The sea was calm, and the captain";
const views = {
  laboratory: {
    path: "/attention/",
    height: 1060,
    // The plots of the recorded run, which are loaded on demand.
    ready: (page) => page.waitForSelector("svg").then(() => page.waitForTimeout(1500)),
  },
  generate: {
    path: `/generate/#model=voices-dense&prompt=${encodeURIComponent(prompt)}&temperature=0.8&max_tokens=48&seed=2&run=1`,
    height: 740,
    async ready(page) {
      await page.waitForSelector('#output[data-state="done"]', { timeout: 120_000 });
      await page.getByRole("tab", { name: "Tokens" }).click();
      await page.waitForSelector(".token-text .token");
      await page.waitForTimeout(500);
    },
  },
  study: {
    path: "/study/#v=1&kernel=attention/flash-plain&subgroup=16&step=24000&watch=sum;largest",
    height: 960,
    async ready(page) {
      await page.waitForFunction(() => document.querySelector("#step-number")?.textContent === "24\u2009000");
      await page.waitForFunction(() => document.querySelectorAll(".watches tbody tr").length === 2);
      await page.waitForTimeout(1500); // rows about the GPU come above it
      await page.evaluate(() => document.querySelector(".setup")?.scrollIntoView());
      await page.waitForTimeout(500);
    },
  },
};

/**
 * Writes `NAME-light.png` and `NAME-dark.png` with `save(name, bytes)`. The site must be built (`npm run site:build`).
 */
export async function pages(save, executablePath) {
  const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "silent" });
  const browser = await chromium.launch({
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu"],
  });
  try {
    const { port } = server.httpServer.address();
    for (const [name, { path, height, ready }] of Object.entries(views)) {
      for (const theme of ["light", "dark"]) {
        const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme: theme });
        await page.addInitScript(() => localStorage.setItem("shaderformer-tokens", "on")); // with probabilities
        await page.goto(`http://127.0.0.1:${port}${path}`);
        await ready(page);
        save(`${name}-${theme}.png`, await page.screenshot());
        await page.close();
      }
    }
  } finally {
    await browser.close();
    await new Promise((resolve) => server.httpServer.close(resolve));
  }
}
