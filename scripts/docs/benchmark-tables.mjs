// The generated tables of docs/results.md: devices by their reports, models against llama.cpp, and ops against the peers
// of browsers.
import { readFile } from "node:fs/promises";
import { reportsTable } from "./reports-table.mjs";

const readJson = async (name) =>
  JSON.parse(await readFile(new URL(`../../bench/results/${name}`, import.meta.url), "utf8"));

const table = (heads, rows) =>
  [heads, heads.map((_, i) => (i === 0 ? "---" : "--:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const short = (number) => String(Number(number.toPrecision(3)));
const rate = (test) => (test ? `${short(test.avg_ts)} ± ${short(test.stddev_ts)}` : "");
const times = (own, other) => (other ? short(own.avg_ts / other.avg_ts) : "");

/** `pp128`, `tg16`, as llama-bench names tests. */
const testName = ({ n_prompt, n_gen, n_depth }) =>
  [n_prompt > 0 && `pp${n_prompt}`, n_gen > 0 && `tg${n_gen}`, n_depth > 0 && `@ d${n_depth}`]
    .filter(Boolean)
    .join(" ");

async function againstLlama() {
  const tests = (await readJson("models-llama-cpp-llvmpipe.json")).filter(({ verdict }) => verdict === "pass");
  const own = tests.filter(({ engine }) => engine === "shaderformer");
  const rows = own.map((test) => {
    const same = tests.filter((one) => one.model_type === test.model_type && testName(one) === testName(test));
    const [vulkan, cpu] = ["Vulkan", "CPU"].map((device) => same.find(({ backends }) => backends === device));
    const mebibytes = (test.model_size / 2 ** 20).toFixed(0);
    const floor = test.floor_ns ? `${((100 * test.floor_ns * test.n_gen) / test.avg_ns).toFixed(0)} %` : "";
    const [a, b] = [vulkan, cpu].map((other) => [rate(other), times(test, other)]);
    return [`${test.model_type}, ${testName(test)}`, mebibytes, rate(test), ...a, ...b, floor];
  });
  const heads = ["tokens a second", "MiB", "here", "Vulkan", "×", "CPU code", "×", "of floor"];
  return table(heads, rows);
}

async function againstPeers() {
  const { environment, rows } = await readJson("peers-lavapipe.json");
  const passed = rows.filter(({ verdict }) => verdict === "pass");
  const cases = [...new Set(rows.map(({ op, batch }) => `${op} ${batch}`))];
  const lines = cases.map((name) => {
    const all = passed.filter(({ op, batch }) => `${op} ${batch}` === name);
    const own = all.find(({ engine }) => engine === "shaderformer");
    const peers = all.filter(({ engine }) => engine !== "shaderformer").sort((a, b) => a.medianMs - b.medianMs);
    const cells = peers.map(({ engine, medianMs }) => `${engine} ${short(medianMs)}`).join(", ");
    return [name, short(own.medianMs), own.variant, cells, short(own.ratioToFastestPeer)];
  });
  const heads = ["case", "ms here", "variant", "ms of peers whose result is correct", "× the fastest"];
  return [`In one Chromium on ${environment.adapter}:`, "", table(heads, lines)].join("\n");
}

/** Texts per second of an encoder, packed and padded, and of onnxruntime-web's fastest correct method. */
async function encoders() {
  const { environment, rows } = await readJson("peers-encoder-lavapipe.json");
  const passed = rows.filter(({ verdict }) => verdict === "pass");
  const lines = [...new Set(rows.map(({ batch }) => batch))].map((batch) => {
    const texts = Number(batch.split("x")[0]);
    const fastest = (is) => {
      const all = passed.filter((row) => row.batch === batch && is(row)).map(({ medianMs }) => medianMs);
      return (1000 * texts) / Math.min(...all);
    };
    const own = (variant) => fastest((row) => row.engine === "shaderformer" && row.variant === variant);
    const [packed, padded] = [own("embed, packed"), own("padded")];
    const gpu = fastest(({ engine }) => engine.startsWith("onnxruntime-web") && engine !== processor);
    const wasm = fastest(({ engine }) => engine === processor);
    const cells = [packed, padded, packed / padded, gpu, packed / gpu, wasm, packed / wasm];
    return [batch.replace("xmixed", " of 8 to 128").replace("x", " of "), ...cells.map(short)];
  });
  const heads = [
    "texts of so many tokens",
    "packed",
    "padded",
    "×",
    "onnxruntime-web, WebGPU",
    "×",
    "WebAssembly",
    "×",
  ];
  return [`Texts a second in one Chromium on ${environment.adapter}:`, "", table(heads, lines)].join("\n");
}

const processor = "onnxruntime-web (WebAssembly)";

/** Tokens per second after sources: the difference between two lengths of text is the time of the tokens alone. */
async function sequences(file, what, sources = 1) {
  const { environment, rows } = await readJson(file);
  const passed = rows.filter(({ verdict }) => verdict === "pass");
  const tokensOf = (batch) => Number(/q(\d+)/.exec(batch)?.[1]);
  const batches = [...new Set(rows.map(({ batch }) => batch))].sort((a, b) => tokensOf(a) - tokensOf(b));
  const [shortest, longest] = [batches[0], batches.at(-1)];
  const engines = [
    ["here", ({ engine }) => engine === "shaderformer"],
    ["onnxruntime-web, WebGPU", ({ engine }) => engine.startsWith("onnxruntime-web") && engine !== processor],
    ["onnxruntime-web, WebAssembly", ({ engine }) => engine === processor],
  ];
  const measured = engines.map(([name, is]) => {
    const fastest = (batch) =>
      passed.filter((row) => row.batch === batch && is(row)).sort((a, b) => a.medianMs - b.medianMs)[0];
    const [first, all] = [fastest(shortest), fastest(longest)];
    const tokens = sources * (tokensOf(longest) - tokensOf(shortest));
    const dispatches = all.dispatches === null ? Number.NaN : (all.dispatches - first.dispatches) / tokens;
    return { name, first: first.medianMs, perSecond: (1000 * tokens) / (all.medianMs - first.medianMs), dispatches };
  });
  const lines = measured.map(({ name, first, perSecond, dispatches }) => [
    name,
    short(first),
    short(perSecond),
    short(measured[0].perSecond / perSecond),
    dispatches > 0 ? short(dispatches) : "",
  ]);
  const heads = ["", "ms to the first token", "tokens a second after it", "times as fast here", "dispatches a token"];
  return [`After ${what} of 64 tokens, in one Chromium on ${environment.adapter}:`, "", table(heads, lines)].join("\n");
}

/** A description of the trained model, by the case. */
const trained = (batch) =>
  batch.startsWith("q")
    ? `a block of GPT-2 small, ${batch.slice(1)} tokens`
    : `voices-dense, ${batch.replace("x", " × ")} tokens`;

const perCent = (part, of) => `${Math.round((100 * part) / of)} %`;

/** A training step here and by jax-js, alternately in one Chromium; by PyTorch; and the shares of kernels in Node. */
async function training() {
  const names = ["peers-train-lavapipe.json", "train-pytorch.json", "train-step-lavapipe.json"];
  const [{ environment, rows }, torch, parts] = await Promise.all(names.map(readJson));
  const passed = rows.filter(({ verdict }) => verdict === "pass");
  const batches = [...new Set(rows.map(({ batch }) => batch))];
  const lines = batches.map((batch) => {
    const fastest = (name) =>
      passed.filter((row) => row.batch === batch && row.engine === name).sort((a, b) => a.medianMs - b.medianMs)[0];
    const [own, peer] = ["shaderformer", "jax-js"].map(fastest);
    const other = torch.rows.find((row) => row.case === `train:${batch}` && row.what === "step");
    const cells = [own.medianMs, peer.medianMs, own.ratioToFastestPeer, other.medianMs, other.medianMs / own.medianMs];
    return [trained(batch), ...cells.map(short), own.dispatches, peer.dispatches];
  });
  const heads = [
    "ms a step",
    "here",
    "jax-js",
    "×",
    `PyTorch, ${torch.threads} threads`,
    "×",
    "dispatches",
    "of jax-js",
  ];
  const kinds = ["products", "attention", "optimizer", "others"];
  const shares = parts.steps.map(({ case: name, stepMs, kernelsMs, halvesMs, launchesMs }) => [
    trained(name.replace("train:", "")),
    short(stepMs),
    ...[...kinds.map((kind) => kernelsMs[kind]), launchesMs].map((ms) => perCent(ms, stepMs)),
    short((halvesMs.forward + halvesMs.backward) / halvesMs.forward),
  ]);
  return [
    `In one Chromium on ${environment.adapter}; PyTorch ${torch.version} by its processor code:`,
    table(heads, lines),
    `Of a step in Node on ${parts.environment.adapter}:`,
    table(["", "ms a step", ...kinds, "launches", "both to forward"], shares),
  ].join("\n\n");
}

/** The difference from PyTorch's losses in training from a fresh model. */
async function curveLine() {
  const { over, largest, means } = await readJson("train-curve.json");
  const [first, last] = [means.at(0), means.at(-1)];
  const apart = `${(100 * largest).toFixed(2)} %`;
  const from = `from ${short(first.shaderformer)} to ${short(last.shaderformer)} nats a token`;
  return (
    `The first ${last.steps[1]} steps go ${from}. Means of losses over ${over} steps are within ${apart} of PyTorch's on the ` +
    "same batches."
  );
}

/** The tables, by the names of their places in the page. */
export async function benchmarkTables() {
  const parts = {
    devices: [reportsTable()],
    "llama.cpp": [againstLlama()],
    peers: [againstPeers()],
    encoder: [encoders()],
    "encoder-decoder": [
      sequences("peers-t5-lavapipe.json", "a source"),
      sequences("peers-t5-batch-lavapipe.json", "four sources at once", 4),
    ],
    "training step": [training()],
    "training curve": [curveLine()],
  };
  const texts = Object.entries(parts).map(async ([name, tables]) => [
    name,
    `${(await Promise.all(tables)).join("\n\n")}\n`,
  ]);
  return Object.fromEntries(await Promise.all(texts));
}
