// node scripts/compare-generate.mjs: this engine in Node, on a page's thread and in a worker, and transformers.js.
import { access, constants, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { noChromium } from "../harness/chromium.ts";
import { interrupted, runCommand, say } from "../harness/command.ts";
import { serveSite } from "../harness/web-server.ts";
import { chromiumOn, defaultAdapter, parseAdapter } from "../peers/chromium.ts";
import { ensurePackages } from "../peers/setup/packages.ts";
import { repositoryRoot } from "../peers/setup/root.ts";
import { buildSubjects, transformersPackages } from "./build.ts";
import { formatGeneration } from "./report.ts";
import { compareGeneration } from "./run.ts";
import { parseSubjects, subjects } from "./subjects.ts";
import { openTruth } from "./truth.ts";

interface Flags {
  readonly adapter?: string;
  readonly subjects?: string;
  readonly visits: number;
  readonly rounds: number;
  readonly tokens: readonly number[];
  readonly json?: string;
}

/** Words of the adapter's label, by which Node finds Chromium's adapter. */
const inNode = { lavapipe: "lavapipe", swiftshader: "swiftshader", gpu: undefined } as const;
const model = join("examples", "models", "voices-dense");

function count(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("Expected an integer from 0 to 9999.");
  return Number(text);
}

function counts(text: string): number[] {
  const all = text.split(",").map(count);
  if (all.some((one) => one < 2 || one > 400)) throw new InvalidArgumentError("Expected lengths from 2 to 400 tokens.");
  return all;
}

/** Throws unless a file can be written, so that the error comes before the work. */
async function checkWritable(file: string): Promise<void> {
  const exists = await stat(file).catch(() => undefined);
  if (exists?.isDirectory()) throw new Error(`--json: ${file} is a folder`);
  await access(exists ? file : dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw new Error(`--json: ${file} cannot be written`, { cause });
  });
}

async function measure(flags: Flags): Promise<void> {
  const chosen = parseSubjects(flags.subjects);
  if (flags.json !== undefined) await checkWritable(flags.json);
  const root = repositoryRoot();
  const pages = chosen.some(({ page }) => page);
  if (pages && noChromium) throw new Error(`${noChromium}; install one, or measure without: --subjects node`);
  const adapter = flags.adapter === undefined ? await defaultAdapter(root, say) : parseAdapter(flags.adapter);
  const peers = chosen.some(({ peer }) => peer);
  const modules = peers
    ? await ensurePackages(root, say, transformersPackages).catch((cause: unknown) => {
        const ours = subjects.flatMap(({ id, peer }) => (peer ? [] : [id])).join(",");
        throw new Error(`${cause instanceof Error ? cause.message : cause}\nor measure without: --subjects ${ours}`);
      })
    : undefined;
  const signal = interrupted();
  say("building");
  const folder = join(root, ".cache", "peers", "generate");
  const { site, nodeScript } = await buildSubjects({ root, model: join(root, model), modules, folder });
  // As static hosts serve content-addressed files; one validator for all files of this run.
  const headers = { "cache-control": "public, max-age=86400", etag: `"${Date.now()}"` };
  const server = await serveSite({ folders: { "/": site }, headers });
  try {
    const result = await compareGeneration({
      model: basename(model),
      subjects: chosen,
      site,
      visits: flags.visits,
      rounds: flags.rounds,
      tokens: flags.tokens,
      truth: await openTruth(join(root, model)),
      where: {
        server,
        nodeScript,
        nodeAdapter: inNode[adapter],
        patienceMs: 300_000,
        chromium: pages ? await chromiumOn(adapter, root) : {},
      },
      signal,
      onProgress: say,
    });
    if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(result, null, 1)}\n`);
    process.stdout.write(`${formatGeneration(result)}\n`);
    const failed = result.subjects.filter(({ verdict, peer }) => verdict !== "pass" && !peer);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await server.close();
  }
}

const program = new Command("compare-generate")
  .description(
    "Generate text with the bundled model by this engine, in Node, on a page's thread and in a worker, and by " +
      "transformers.js with the same weights as ONNX, all on one adapter: seconds from a cold page to the first token, " +
      "tokens a second in turns, bytes loaded. Each text is compared with float64 before its time counts. " +
      "transformers.js is installed into .cache/peers when it first takes part.",
  )
  .option("--adapter <name>", "lavapipe, swiftshader or gpu (default: lavapipe, else swiftshader)")
  .option("--subjects <list>", `the subjects, separated by commas: ${subjects.map(({ id }) => id).join(", ")}`)
  .option("--visits <n>", "first visits of each, and as many return visits", count, 3)
  .option("--rounds <n>", "generations of each length, in turns", count, 8)
  .option("--tokens <list>", "lengths of generations, separated by commas", counts, [64, 256])
  .option("--json <file>", "write the result to a file, too")
  .action(measure);

await runCommand(program);
