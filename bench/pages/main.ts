// node scripts/measure/long-tasks.mjs: the longest tasks of a page's main thread while a model is loaded and writes.
import { join } from "node:path";
import { Command } from "commander";
import { openChromium } from "../harness/chromium.ts";
import { runCommand, say } from "../harness/command.ts";
import { serveSite } from "../harness/web-server.ts";
import { repositoryRoot } from "../peers/setup/root.ts";
import { categories, tasksOf } from "./tasks-of-trace.ts";

/** A page, and the selector that appears when it is done. */
const works = [
  {
    name: "the page that generates",
    path: "generate/index.html#model=voices-dense&prompt=The%20sea%20was&temperature=0.8&max_tokens=120&seed=1&run=1",
    done: '#output[data-state="done"]',
  },
  { name: "the front page, as a recorded run plays", path: "index.html", done: "button:has-text('Play again')" },
] as const;

async function measure(): Promise<void> {
  const root = repositoryRoot();
  say("building");
  const folder = join(root, ".cache", "peers", "pages");
  const { build } = await import("vite");
  await build({
    configFile: join(root, "vite.config.ts"),
    publicDir: false,
    define: { PEERS_ARE_HERE: false },
    logLevel: "error",
    build: { outDir: folder },
  });
  const server = await serveSite({ folders: { "/": folder } });
  const browser = await openChromium();
  try {
    console.log("| page | tasks | longest, ms of the processor | over 50 ms |\n|---|---|---|---|");
    for (const { name, path, done } of works) {
      const page = await browser.newPage();
      const address = `${server.origin}/${path}`;
      await browser.startTracing(page, { categories: [...categories] });
      await page.goto(address);
      await page.locator(done).waitFor({ timeout: 300_000 });
      const tasks = tasksOf(await browser.stopTracing(), address);
      const long = tasks.filter((ms) => ms > 50).length;
      console.log(`| ${name} | ${tasks.length} | ${tasks[0]?.toFixed(1)} | ${long} |`);
      await page.close();
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

const description = "Open pages in headless Chromium, and measure the tasks of their main threads.";
await runCommand(new Command("measure-long-tasks").description(description).action(measure));
