import { attention, cacheBytes, type Gpu, normal } from "shaderformer";
import { freshFolder, openTrainable } from "shaderformer/train";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { randomOf, train } from "../training.ts";
import { textsOf, words } from "./small-texts.ts";

/** Three models with as many heads of queries, and fewer and fewer heads of keys and values to share (Shazeer 2019). */
export const run: Run<SettingsOf<"heads">> = async function* (gpu, values) {
  const { layers, width, tokens, steps, rate, seed } = values;
  const heads = Number(values.heads);
  const headWidth = Math.max(2, 2 * Math.round(width / heads / 2));
  const rows: (string | number)[][] = [];
  const figures: Record<string, number> = {};
  const kinds = { "multi-head": heads, "grouped-query": heads / 2, "multi-query": 1 };
  for (const [kind, kvHeads] of Object.entries(kinds)) {
    const config = {
      architectures: ["LlamaForCausalLM"],
      vocab_size: words.length,
      hidden_size: width,
      intermediate_size: 2 * width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      head_dim: headWidth,
      max_position_embeddings: 32,
    };
    const model = await openTrainable(gpu, freshFolder(config, { seed }));
    const parameters = model.parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const random = randomOf(seed); // so that all three read the same texts
    const draw = () => textsOf(random, 8, 16);
    const schedule = { name: "cosine", learningRate: rate, steps } as const;
    let last = 0;
    try {
      for await (const { step, loss } of train(model, draw, { steps, every: Math.ceil(steps / 15), schedule })) {
        yield { kind: "point", title: "Loss", axes: ["step", "loss, nats"], line: kind, at: [step, loss] };
        last = loss;
      }
    } finally {
      model.dispose();
    }
    const shape = { layers, batch: 1, kvHeads, capacity: tokens, headWidth };
    const bytes = cacheBytes(shape, tokens);
    const ms = await millisecondsOf(gpu, { heads, kvHeads, tokens, headWidth });
    rows.push([kind, kvHeads, bytes, parameters, last, ms]);
    figures[`cache of ${kind}, of that of multi-head`] = bytes / Number(rows[0]?.[2]);
    figures[`loss of ${kind}`] = last;
  }
  yield {
    kind: "bars",
    title: "Bytes of the cache",
    bars: rows.map(([kind, , bytes]) => [String(kind), Number(bytes)]),
  };
  const head = [
    "model",
    "key/value heads",
    "bytes of the cache",
    "parameters",
    "loss, nats",
    "ms of a query over the cache",
  ];
  yield { kind: "table", title: `A cache of ${tokens} tokens`, head, rows };
  return figures;
};

/** The time of one layer's attention for one more token, over keys and values of `tokens` tokens. */
async function millisecondsOf(gpu: Gpu, sizes: Readonly<Record<"heads" | "kvHeads" | "tokens" | "headWidth", number>>) {
  using _ = gpu.scope();
  const { heads, kvHeads, tokens, headWidth } = sizes;
  const q = normal(gpu, [1, heads, 1, headWidth], { seed: 1 });
  const [k, v] = [
    normal(gpu, [1, kvHeads, tokens, headWidth], { seed: 2 }),
    normal(gpu, [1, kvHeads, tokens, headWidth], { seed: 3 }),
  ];
  let fastest = Number.POSITIVE_INFINITY; // of five: the first also compiles the kernel
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    await attention(gpu, { q, k, v }, { start: tokens - 1 }).out.read();
    fastest = Math.min(fastest, performance.now() - begun);
  }
  return fastest;
}
