import type { Gpu } from "../../../gpu/gpu.ts";
import { sequenceOffsets } from "../../../kernels/attention/attention.ts";
import { attentionBackward } from "../../../kernels/attention/backward/attention-backward.ts";
import { attentionBackward as reference } from "../../../reference/attention/attention.ts";
import type { MaskDescription, ScoreDescription } from "../../../reference/described.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { transpose } from "../../../tensor/views.ts";
import { stored } from "../../attention-records.ts";
import { type CaseTable, variantsOf } from "../../case-table.ts";
import { attentionBackward as emulation } from "../../emulation/attention-backward.ts";
import { allowedUlps } from "../../gate.ts";
import { uploaded } from "../../named.ts";
import { normal } from "../../random.ts";
import { scoreTensorsOf } from "../../score-derivatives.ts";
import { gradientsBy, type Inputs, named, type Options, type Outputs, problem } from "./backward-problem.ts";
import { type ExampleShape, maskExamples, scoreExamples } from "./mask-examples.ts";
import { ownPairs, ownTable } from "./own-tensors.ts";
import { floats, madeDropout, window } from "./problem.ts";
import type { SequenceLengths } from "./sequences-in-a-row.ts";

const shape = { b: 2, h: 6, g: 2, t: 13, s: 29, d: 12 } as const;
const examples: ExampleShape = { ...shape, unit: 5 };
const around: MaskDescription = { kind: "local", left: 9, right: 6 };

/**
 * Several blocks of queries and tiles of keys, of which masks empty some and fill others; the last of each are short.
 */
const tiled = { b: 2, h: 2, g: 1, t: 150, s: 210, d: 8 } as const;
const ragged = maskExamples({ ...tiled, unit: 30 });
const raggedScores = scoreExamples({ ...tiled, unit: 30 });

/** Maps of tiles for all heads, for each head, and of combined masks; keys that end before the last tile. */
const raggedCases = [
  ["causal and document", {}, undefined],
  ["causal and document", { length: 140, start: -10, score: raggedScores["relative bias"] }, [4, 3]],
  ["block-sparse, a map for each", { score: raggedScores["alibi by distance"] }, [0.5, -30]],
  ["fixed, code", { start: 33, length: 190 }, undefined],
  ["dilated window", { score: { kind: "softcap", cap: 2 } }, undefined],
  ["chunked or prefix", {}, undefined],
  ["a user's own, with all it may say", { length: 190 }, [0.5, -30]],
] as const satisfies readonly (readonly [string, Options | object, readonly number[] | undefined])[];

const dropout = { rate: 0.25, site: 3, key: [7, 12] } as const;

const [masks, scores] = [maskExamples(examples), scoreExamples(examples)];

/**
 * Without sinks, a number added to all scores of a row changes nothing. These have about as much weight as the keys.
 */
const sixSinks = floats([6], [3, 2.5, 4, 3.5, 3, 2]);

/** A mean that gives the gradients of scores one sign, so that sums of hundreds of them do not cancel. */
const oneSign = 2;

/** A bias of every pair of 13 queries and 29 keys. */
const bias: ScoreDescription = {
  kind: "bias",
  bias: stored({ shape: [2, 1, 13, 29], values: normal(2 * 13 * 29, 16) }, "f32"),
};

/** A bias by how far a key is from the query on either side, of some heads. */
const tableOf = (heads: number, reach: number): ScoreDescription => {
  const offsets = 2 * reach + 1;
  return {
    kind: "signed-relative-bias",
    table: stored({ shape: [heads, offsets], values: normal(heads * offsets, 15) }, "f32"),
  };
};

/** Sequences of a block and of several, without queries, without keys, and with more queries than keys. */
const lengths = [
  [70, 130],
  [1, 1],
  [0, 9],
  [20, 12],
  [3, 0],
  [64, 64],
] as const;

const raggedLayout = (gpu: Gpu, all: SequenceLengths) =>
  ({
    kind: "ragged",
    queryOffsets: sequenceOffsets(
      gpu,
      all.map(([queries]) => queries),
    ),
    keyOffsets: sequenceOffsets(
      gpu,
      all.map(([, keys]) => keys),
    ),
  }) as const;

/** The gradients of attention. */
export const attentionBackwardCases: CaseTable<Inputs, Outputs, Options, keyof typeof attentionBackward.variants> = {
  op: "attentionBackward",
  variants: variantsOf(attentionBackward),
  canaries: false,
  reference: (inputs, options) => gradientsBy(reference, inputs, options),
  run: (gpu, { q, out, dout, ...others }, { mask, score, dropout, sequences, ...options }, variant) => {
    const inHeads = {
      q: transpose(q, [0, 2, 1, 3]),
      out: transpose(out, [0, 2, 1, 3]),
      dout: transpose(dout, [0, 2, 1, 3]),
    };
    const paths = score ? scoreTensorsOf(score).map(({ path }) => path) : [];
    const { dq, dk, dv, dsink, dscore } = attentionBackward(
      gpu,
      { ...others, ...inHeads },
      {
        ...options,
        variant,
        needs: { score: paths },
        ...(mask ? { mask: uploaded(gpu, mask) } : {}),
        ...(score ? { score: uploaded(gpu, score) } : {}),
        ...(dropout ? { dropout: madeDropout(gpu, dropout) } : {}),
        ...(sequences ? { layout: raggedLayout(gpu, sequences) } : {}),
      },
    );
    if (!dq || !dk || !dv) throw new TypeError("a gradient is missing");
    const ofScore = named(paths.map((path) => dscore?.[path] as Tensor));
    return { dq: transpose(dq, [0, 2, 1, 3]), dk, dv, ...(dsink ? { dsink } : {}), ...ofScore };
  },
  gate: {
    emulation: (inputs, options) => gradientsBy(emulation, inputs, options),
    // A weight is an exponential, and a sum of weights errs by a part of that.
    allowed: () => allowedUlps.exp(0),
  },
  cases: [
    problem("one query, one key, one number", { t: 1, s: 1, d: 1 }),
    problem("causal, a query for each key", { h: 2, t: 37, s: 37 }),
    problem("causal, more keys than queries, heads of 5 and 7", { b: 2, h: 3, t: 11, s: 20, d: 5, dv: 7 }),
    problem("more queries than keys: the first see no keys", { h: 2, t: 31, s: 12 }),
    problem("cross-attention: full, other lengths", { b: 2, h: 2, t: 9, s: 23 }, { mask: "full" }),
    problem("eight query heads of one", { b: 2, h: 8, g: 1, t: 10, s: 17 }),
    problem("eight query heads of four, a scale", { h: 8, g: 4, t: 10, s: 17 }, { scale: 0.1 }),
    problem("20 of 29 keys", { h: 2, t: 13, s: 29 }, { mask: "full", length: 20 }),
    problem("many tiles", { h: 2, g: 1, t: 150, s: 210, d: 32 }),
    problem("keys of two runs", { t: 2, s: 2300, d: 4 }, { mask: "full" }),
    problem("queries of two runs", { h: 2, g: 1, t: 2200, s: 3, d: 4 }, { mask: "full" }),
    problem("a sink", { b: 2, h: 6, g: 3, t: 13, s: 13 }, {}, floats([6], [0.5, -2, 3, -30, 0, 8])),
    problem(
      "a sink, and rows without keys",
      { h: 8, g: 2, t: 9, s: 4 },
      {},
      floats([8], [0.5, -1, 2, 0, 1, -3, 4, 0.25]),
    ),
    ...raggedCases.map(([name, options, sinks], i) =>
      problem(
        `tiles that are empty and full, ${i}: ${name}`,
        tiled,
        { mask: ragged[name] ?? "full", ...options } as Options,
        sinks && floats([2], sinks),
        // Sums of distances by gradients of both signs would cancel.
        name.startsWith("block-sparse") ? oneSign : 0,
      ),
    ),
    problem("dropout", { b: 2, h: 4, g: 2, t: 37, s: 37 }, { dropout }),
    problem("dropout, a window that begins at odd keys", { h: 2, t: 70, s: 140 }, { dropout, mask: window(19) }),
    problem(
      "dropout, documents of several tiles, a score that moves, sinks",
      tiled,
      { dropout, mask: ragged["causal and document"] ?? "full", score: { kind: "softcap", cap: 2 }, length: 200 },
      floats([2], [0.5, -3]),
    ),
    ...Object.entries(masks).map(([name, mask]) => problem(name, shape, { mask, length: 25 })),
    ...Object.entries(scores).map(([name, score]) =>
      problem(name, shape, { mask: around, score, start: 7, scale: 0.5 }, sixSinks, oneSign),
    ),
    problem("a table, and dropout", { h: 2, t: 37, s: 70 }, { dropout, score: tableOf(2, 9) }),
    problem("a table, causal, many tiles", { b: 2, h: 2, g: 1, t: 150, s: 210 }, { score: tableOf(2, 40) }),
    problem(
      "a table of one entry, more queries than keys",
      { h: 6, t: 70, s: 12 },
      { score: tableOf(6, 0) },
      sixSinks,
      oneSign,
    ),
    problem("a table, and documents", shape, { mask: masks["causal and document"] ?? "full", score: tableOf(6, 4) }),
    problem("a table, and a window", { h: 2, t: 80, s: 96 }, { mask: around, score: tableOf(2, 7), scale: -0.3 }),
    problem(
      "a bias of every pair, 20 of 29 keys",
      { b: 2, h: 2, t: 13, s: 29 },
      { mask: "full", length: 20, score: bias },
    ),
    problem(
      "sequences in a row",
      { h: 4, g: 2, t: 158, s: 216, d: 8 },
      { sequences: lengths },
      floats([4], [2, 1, 3, 2]),
    ),
    {
      ...problem(
        "sequences in a row, rows that belong to none, a table, dropout and a window",
        { h: 2, t: 163, s: 220, d: 8 },
        { sequences: lengths, mask: around, score: tableOf(2, 20), dropout, scale: 0.3 },
        floats([2], [0.5, 2]),
      ),
      buffers: { rows: 10, flash: 10 },
    },
    problem(
      "a user's tensors",
      shape,
      { mask: around, score: ownTable(6, 7), start: 7, scale: 0.5 },
      sixSinks,
      oneSign,
    ),
    problem(
      "a user's tensors between other scores",
      { h: 2, g: 1, t: 13, s: 70, d: 8 },
      { score: [{ kind: "softcap", cap: 2 }, ownTable(2, 9), { kind: "softcap", cap: 3 }] },
      floats([2], [3, 2]),
      oneSign,
    ),
    problem(
      "a user's tensor of a number for every pair, 60 of 64 keys, dropout",
      { b: 2, h: 2, g: 1, t: 20, s: 64, d: 8 },
      { mask: "full", length: 60, dropout, scale: -0.5, score: ownPairs(2, 20, 60) },
      floats([2], [0.5, -3]),
    ),
    problem("a table, 20 of 29 keys", { h: 2, t: 13, s: 29 }, { mask: "full", length: 20, score: tableOf(2, 3) }),
  ],
};
