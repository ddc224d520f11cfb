import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command } from "commander";
import { count, positive } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { assertWritable, print, say } from "../output.ts";
import { bold, statusLine } from "../terminal.ts";

const loadPeers = () => import("../../../bench/peers/index.ts");

interface PeersFlags {
  readonly engines?: string;
  readonly adapter?: string;
  readonly samples?: number;
  readonly peaks: boolean;
  readonly csv?: boolean;
  readonly markdown?: boolean;
  readonly json?: string;
  readonly serve?: number | true;
  readonly build?: string;
}

/** `shaderformer bench peers`. */
export function peersBench(): Command {
  return new Command("peers")
    .summary(
      "attention, products, norms, a block, training, vectors and texts, compared with five other engines in one page",
    )
    .description(
      "Measure the same work on this engine and on others: one page in a headless Chromium, one adapter, every result " +
        "checked against float64. A case is attention's batch and heads, q512:8x64 or q1s4k:32/8x64, or " +
        "matmul:512x512x512, softmax:1024x1024, layer-norm:1024x1024, rms-norm:1024x1024, a block of GPT-2 small, " +
        "block:q128 or block:q1s128, all against jax-js, onnxruntime-web and TensorFlow.js; vectors of texts by an " +
        "encoder, encoder:16x16 or encoder:8xmixed, and tokens after sources by a T5, t5:q33s64 or t5:4q9s64, against " +
        "onnxruntime-web; a training step with AdamW, of that block, train:q256, or of the bundled model, train:8x256, " +
        "against jax-js; or a text of the bundled model, " +
        "generate:32, against transformers.js and wllama. Without cases a standard set is measured. The others' packages " +
        "are installed into .cache/peers when it first runs.",
    )
    .argument("[cases...]", "cases, such as q512:8x64")
    .optionsGroup("What to measure:")
    .option("--engines <list>", "engines, separated by commas (default: all)")
    .option(
      "--adapter <name>",
      "lavapipe, swiftshader, or gpu for what Chromium finds (default: lavapipe, else swiftshader)",
    )
    .option("--samples <n>", "maximum timed intervals, of at least 100 ms each (default: 15)", positive)
    .option("--no-peaks", "do not measure the adapter's peaks")
    .option("--serve [port]", "build the page and serve it for your own browser, until Ctrl-C", count)
    .option("--build <folder>", "build the site with the page in it into a folder that any web server can serve")
    .optionsGroup("Output:")
    .option("--csv", "print comma-separated values, every field, in place of the tables")
    .option("--markdown", "print a Markdown table in place of the tables")
    .option("--json <file>", "write one JSON object to a file, or with - to stdout in place of the tables")
    .action(measure);
}

async function measure(cases: readonly string[], flags: PeersFlags): Promise<void> {
  const { csv = false, markdown = false, json } = flags;
  if (Number(csv) + Number(markdown) + Number(json === "-") > 1) {
    throw new RangeError("stdout takes one of --csv, --markdown and --json -");
  }
  if (json !== undefined && json !== "-") await assertWritable("--json", json);
  const peers = await loadPeers();
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const status = statusLine();
  const options = {
    cases: cases.length > 0 ? cases : undefined,
    engines: flags.engines?.split(",").map((name) => name.trim()),
    adapter: flags.adapter,
    samples: flags.samples,
    peaks: flags.peaks,
    signal: interrupt.signal,
    onProgress: status.show,
    say: (line: string) => {
      status.clear();
      say(line);
    },
  };
  if (flags.build !== undefined) return await peers.buildPeers(resolve(flags.build), options);
  if (flags.serve !== undefined) return await peers.servePeers(flags.serve === true ? undefined : flags.serve, options);
  try {
    const result = await peers.benchPeers(options);
    status.clear();
    const text = `${JSON.stringify(result, null, 1)}\n`;
    if (csv) await print(`${peers.formatCsv(result)}\n`);
    else if (markdown) await print(`${peers.formatPeersMarkdown(result)}\n`);
    else if (json === "-") await print(text);
    else
      await print(
        `${peers.formatPeers(result, (line, as) => (as === "strong" ? bold(line, process.stdout) : line))}\n`,
      );
    if (json !== undefined && json !== "-") await writeFile(json, text);
    const failures = peers.failuresOf(result, interrupt.signal.aborted);
    for (const failure of failures) say(`error: ${failure}`);
    if (failures.length > 0) process.exitCode = 1;
  } catch (error) {
    status.clear();
    if (!interrupt.signal.aborted) throw error;
  }
}
