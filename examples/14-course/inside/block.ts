import type { Gpu } from "shaderformer";
import { loadModel, openFiles, openModel } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";

type Source = Awaited<ReturnType<typeof openModel>>;
type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** A model's files. */
async function filesOf(source: Source): Promise<Files> {
  const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
  const read = async (name: string) => [name, await source.read(name, 0, await source.size(name))] as const;
  return Object.fromEntries(await Promise.all(names.map(read)));
}

const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

/**
 * A model of which some layers add nothing to the residual stream: their last two matrices are zeros. Where those are all
 * later ones, its head says what it would say of the stream in the middle (the logit lens, nostalgebraist 2020).
 */
function without(files: Files, layers: readonly number[]) {
  const bytes = (files["model.safetensors"] as Uint8Array<ArrayBuffer>).slice();
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true)); // of the header (safetensors)
  const header: Record<string, { data_offsets: [number, number] }> = json(bytes.subarray(8, 8 + length));
  for (const name of layers.flatMap((layer) => [`${layer}.self_attn.o_proj`, `${layer}.mlp.down_proj`])) {
    const [begin, end] = header[`model.layers.${name}.weight`]?.data_offsets ?? [0, 0];
    bytes.fill(0, 8 + length + begin, 8 + length + end);
  }
  const blobs = Object.entries(files).map(([name, content]) => [name, new Blob([content])] as const);
  return openFiles({ ...Object.fromEntries(blobs), "model.safetensors": new Blob([bytes]) });
}

/** What a model says next, and the mean loss of a text's tokens. */
async function look(gpu: Gpu, source: Source, text: string) {
  const model = await loadModel(gpu, source);
  try {
    const ids = model.tokenizer.encode(text);
    if (ids.length < 2)
      throw new RangeError(`the text is too short: its tokens are ${ids.length}, expected two or more`);
    const all = Array.from({ length: model.tokenizer.size }, (_, id) => id);
    const { own } = await model.nextTokenProbabilities(ids, all);
    const best = all.sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0)).slice(0, 3);
    const said = best.map((id) => `“${model.tokenizer.decode([id])}” ${(100 * (own[id] ?? 0)).toFixed(0)} %`);
    const scores = await model.score(ids);
    return { said, loss: -scores.reduce((sum, score) => sum + score, 0) / scores.length };
  } finally {
    model.dispose();
  }
}

/** What the head would say after each layer, and what the model loses without one of them. */
export const run: Run<SettingsOf<"block">> = async function* (gpu, { text }, { models }) {
  const source = await openModel(`${models}/voices-nano`);
  const files = await filesOf(source);
  const { num_hidden_layers: layers }: { num_hidden_layers: number } = json(files["config.json"] as Uint8Array);
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const after: number[] = [];
  const rows: (string | number)[][] = [];
  for (let count = 1; count <= layers; count++) {
    const { said, loss } = await look(gpu, without(files, all.slice(count)), text);
    after.push(loss);
    rows.push([count, said.join(", "), loss]);
    yield {
      kind: "table",
      title: "What the head says after each layer",
      head: ["layers", "next token", "loss of the text, nats"],
      rows,
    };
  }
  const off: number[] = [];
  for (let layer = 0; layer < layers; layer++) {
    off.push((await look(gpu, without(files, [layer]), text)).loss);
    const bars = [
      ["none", after[layers - 1] ?? 0] as const,
      ...off.map((loss, i) => [`layer ${i + 1}`, loss] as const),
    ];
    yield { kind: "bars", title: "Loss with a layer switched off, nats", bars };
  }
  const whole = after[layers - 1] ?? 0;
  return {
    "loss after one layer": after[0] ?? 0,
    "loss after all layers": whole,
    "least loss with a layer switched off": Math.min(...off),
    "largest loss with a layer switched off": Math.max(...off),
  };
};
