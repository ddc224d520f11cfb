// node scripts/measure/search.mjs: how long the search page takes to answer a key press, in the installed browsers.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { interrupted, runCommand, say } from "../harness/command.ts";
import { serveSite } from "../harness/web-server.ts";
import { defaultAdapter, parseAdapter } from "../peers/chromium.ts";
import { repositoryRoot } from "../peers/setup/root.ts";
import { browsers } from "./browsers.ts";
import { formatSearch } from "./report.ts";
import type { SearchResult } from "./result.ts";
import { measurePage } from "./run.ts";
import { needle } from "./texts.ts";

interface Flags {
  readonly adapter?: string;
  readonly browsers?: string;
  readonly passages: number;
  readonly presses: number;
  readonly json?: string;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError("Expected an integer from 1 to 99999.");
  return Number(text);
}

async function measure(flags: Flags): Promise<void> {
  const root = repositoryRoot();
  const adapter = flags.adapter === undefined ? await defaultAdapter(root, say) : parseAdapter(flags.adapter);
  const names = (flags.browsers ?? browsers.map(({ name }) => name).join(",")).toLowerCase().split(",");
  const chosen = names.map((name) => {
    const found = browsers.find((one) => one.name.toLowerCase() === name);
    if (!found)
      throw new RangeError(`there is no browser "${name}"; there are ${browsers.map((one) => one.name).join(", ")}`);
    return found;
  });
  const signal = interrupted();
  say("building");
  const folder = join(root, ".cache", "peers", "search");
  const { build } = await import("vite");
  await build({
    configFile: join(root, "vite.config.ts"),
    publicDir: false,
    define: { PEERS_ARE_HERE: false },
    logLevel: "error",
    build: { outDir: folder },
  });
  const server = await serveSite({ folders: { "/": folder } });
  const [before = 0] = loadavg();
  const date = new Date().toISOString();
  const results: SearchResult["browsers"][number][] = [];
  try {
    for (const { name, missing, open } of chosen) {
      if (missing !== undefined) {
        say(missing);
        continue;
      }
      const browser = await open(adapter, root);
      try {
        const { passages, presses } = flags;
        const result = await measurePage(browser.page, {
          address: `${server.origin}/search/index.html`,
          passages,
          presses,
          waits: 30,
          query: needle.query,
          signal,
          onProgress: (doing: string) => say(`${name}: ${doing}`),
        });
        results.push({ name, version: browser.version, ...result });
      } finally {
        await browser.close();
      }
    }
  } finally {
    await server.close();
  }
  const [after = 0] = loadavg();
  const [processor] = cpus();
  const result: SearchResult = {
    environment: {
      date,
      adapter,
      platform: `${process.platform} ${process.arch}`,
      load: [before, after],
      processor: `${processor?.model ?? "unknown"}, ${availableParallelism()} threads`,
    },
    passages: flags.passages,
    browsers: results,
  };
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(result, null, 1)}\n`);
  process.stdout.write(`${formatSearch(result)}\n`);
}

const program = new Command("measure-search")
  .description(
    "Make an index on the search page in a headless browser, press keys in its field, and measure the time from each " +
      "key press until the answer is drawn.",
  )
  .option("--adapter <name>", "lavapipe, swiftshader or gpu (default: lavapipe, else swiftshader)")
  .option("--browsers <list>", "chromium, firefox, or both separated by a comma (default: both)")
  .option("--passages <n>", "passages of the index", count, 5000)
  .option("--presses <n>", "keys that are measured, of each way of typing", count, 25)
  .option("--json <file>", "write the result to a file, too")
  .action(measure);

await runCommand(program);
