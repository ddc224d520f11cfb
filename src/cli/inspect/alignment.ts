import { encoderDecoderTypes } from "../../models/model-kind.ts";
import { TextError } from "../../text/text-error.ts";
import { tokenText, visible } from "../../text/token-text.ts";
import type { ModelFlags } from "../model/model-options.ts";
import { folderKind, openEncoderDecoder } from "../model/open-encoder-decoder.ts";
import { storedJson, storedText } from "../model/stored-weights.ts";
import { print, printJson, say } from "../output.ts";
import { tableColumns } from "../terminal.ts";

/** The flags of `inspect --attention`. */
export interface AttentionFlags extends ModelFlags {
  /** The text; true if it is in `--prompt`. */
  readonly attention?: string | true;
  readonly prompt?: string;
  readonly layer?: number;
  readonly head?: number;
  readonly maxTokens?: number;
}

/** Flags of `inspect` that show something else of a model, by the names of their values. */
const others = {
  tokens: "--tokens",
  all: "--all",
  tap: "--tap",
  probe: "--probe",
  program: "--program",
  profile: "--profile",
} as const;

/** Throws `TextError` for incompatible flags. */
export function checkAttentionFlags(flags: AttentionFlags): void {
  const { attention, prompt, layer, head, maxTokens } = flags;
  if (attention === undefined) {
    const of = { "--layer": layer, "--head": head, "--max-tokens": maxTokens };
    const [name] = Object.entries(of).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) throw new TextError(`${name} requires --attention`);
    return;
  }
  const given = flags as unknown as Readonly<Record<string, unknown>>;
  const [, other] = Object.entries(others).find(([key]) => given[key] !== undefined) ?? [];
  if (other !== undefined) throw new TextError(`give --attention or ${other}, not both`);
  if (attention !== true && prompt !== undefined) {
    throw new TextError('give the text once: --attention "a text", or --attention --prompt "a text"');
  }
  if (attention === true && prompt === undefined) {
    throw new TextError('--attention needs a text: inspect --attention "a text" --model FOLDER');
  }
}

/** Throws `TextError` for a model without cross-attention. */
async function checkKind(model: string): Promise<void> {
  const { type, kind } = await folderKind(model);
  if (kind === "encoder-decoder") return;
  const what = type === undefined ? "a model without a model_type" : `a model of the type ${JSON.stringify(type)}`;
  throw new TextError(
    `${model} is ${what}, whose tokens attend to their own text alone: --attention takes an encoder-decoder ` +
      `(model_type ${encoderDecoderTypes.join(", ")}); for other models there is --tap layer.0.attention.q`,
  );
}

/** Throws `TextError` for a layer or head that does not exist. */
function checkIndex(name: string, index: number | undefined, count: number): void {
  if (index === undefined || index < count) return;
  throw new TextError(`--${name} is ${index}, expected 0 to ${count - 1}: the decoder has ${count} ${name}s`);
}

/** `shaderformer inspect --attention`: what an encoder-decoder writes, and what each generated token attends to. */
export async function showAlignment(flags: AttentionFlags): Promise<void> {
  const { attention, prompt = "", layer, head, maxTokens, json = false } = flags;
  const text = typeof attention === "string" ? attention : prompt;
  if (flags.model !== "") await checkKind(flags.model);
  using opened = await openEncoderDecoder(flags);
  const { model, gpu } = opened;
  const { decoder } = model.config;
  // Checked before anything is generated.
  checkIndex("layer", layer, decoder.layers);
  checkIndex("head", head, decoder.heads);
  const { results } = await model.generate(text, { maxTokens, beams: 1, temperature: 0 });
  const [{ ids, sourceIds, text: written } = { ids: [], sourceIds: [], text: "" }] = results;
  const source = sourceIds.map((id) => tokenText(model.sourceTokenizer, id));
  const target = ids.map((id) => tokenText(model.tokenizer, id));
  const chosen = await model.crossAttention(text, ids, { layer, head });
  const stored = { stored: model.stored, bytes: model.bytes };
  if (json) {
    const layers: number[][][][] = [];
    for (let l = 0; l < decoder.layers; l++) {
      // One layer at a time: the weights of all heads together may be too large.
      const { perHead = new Float32Array() } = await model.crossAttention(text, ids, {
        layer: l,
        perHead: true,
      });
      layers.push(rowsOf(perHead, decoder.heads, ids.length, sourceIds.length));
    }
    return await printJson({
      model: model.name,
      adapter: gpu.adapter.label,
      weights: storedJson(stored),
      text: written,
      source,
      target,
      sourceTokens: sourceIds,
      tokens: ids,
      attention: chosen.weights.map((row) => [...row]),
      layers,
    });
  }
  await print(`${written}\n\n`);
  await print(alignmentTable(source, target, chosen.weights, tableColumns()));
  say(`${attentionWords(flags)} · ${gpu.adapter.label} · ${storedText(stored)}`);
}

/** Row-major weights `[h, t, s]` as lists. */
const rowsOf = (weights: Float32Array, heads: number, targets: number, sources: number): number[][][] =>
  Array.from({ length: heads }, (_, h) =>
    Array.from({ length: targets }, (_, t) => {
      const begin = (h * targets + t) * sources;
      return [...weights.subarray(begin, begin + sources)];
    }),
  );

/** Which weights a table shows. */
function attentionWords({ layer, head }: AttentionFlags): string {
  if (layer === undefined && head === undefined) return "mean of all layers and heads";
  if (layer === undefined) return `head ${head}, mean of the layers`;
  return head === undefined ? `layer ${layer}, mean of its heads` : `layer ${layer}, head ${head}`;
}

/** Source tokens shown for each if there are too many for a table. */
const strongest = 3;
/** Characters of a weight such as 0.25, with the space before it. */
const numberColumns = 5;

const widthOf = (text: string) => [...text].length;
const atRight = (text: string, columns: number) => `${" ".repeat(Math.max(0, columns - widthOf(text)))}${text}`;

/**
 * Formats weights: a row for each generated token, a column for each source token, and the largest of a row marked with
 * `*`; or the strongest of each if the table would be wider than `columns`.
 */
function alignmentTable(
  source: readonly string[],
  target: readonly string[],
  weights: readonly ArrayLike<number>[],
  columns: number,
): string {
  const [heads, rows] = [source.map(visible), target.map(visible)];
  const first = Math.max(0, ...rows.map(widthOf));
  const widths = heads.map((head) => Math.max(numberColumns, widthOf(head)));
  if (first + widths.reduce((sum, width) => sum + width + 1, 0) <= columns) {
    const line = (name: string, cells: readonly string[]) =>
      [atRight(name, first), ...cells.map((cell, i) => atRight(cell, widths[i] ?? 0))].join(" ").trimEnd();
    const lines = rows.map((row, t) => {
      const numbers = Array.from(heads, (_, s) => weights[t]?.[s] ?? 0);
      const most = Math.max(...numbers);
      return line(
        row,
        numbers.map((weight) => `${weight === most ? "*" : ""}${weight.toFixed(2)}`),
      );
    });
    return `${[line("", heads), ...lines].join("\n")}\n`;
  }
  const lines = rows.map((row, t) => {
    const best = heads
      .map((head, s) => ({ head, s, weight: weights[t]?.[s] ?? 0 }))
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, strongest)
      .map(({ head, s, weight }) => `${weight.toFixed(2)} ${head} [${s}]`);
    return `${atRight(row, first)}  ${best.join("  ")}`;
  });
  return `${lines.join("\n")}\n`;
}
