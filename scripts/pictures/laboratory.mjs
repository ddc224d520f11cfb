// The laboratory as a visitor sees it, in both themes: its recorded run, before a run of their own.
import { chromium } from "playwright-core";
import { preview } from "vite";

/** Writes `NAME-light.png` and `NAME-dark.png` with `save(name, bytes)`. The site must be built (`npm run site:build`). */
export async function laboratory(save, executablePath) {
  const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "silent" });
  const browser = await chromium.launch({
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu"],
  });
  try {
    const { port } = server.httpServer.address();
    for (const theme of ["light", "dark"]) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 1060 }, colorScheme: theme });
      await page.goto(`http://127.0.0.1:${port}/attention/`);
      await page.waitForSelector("svg"); // the plots of the recorded run
      await page.waitForTimeout(1500); // plots are loaded when they are needed
      save(`laboratory-${theme}.png`, await page.screenshot());
      await page.close();
    }
  } finally {
    await browser.close();
    await new Promise((resolve) => server.httpServer.close(resolve));
  }
}
