// The table of codecs: how packed formats are encoded and decoded. It is loaded when one is needed.
import type { Codec } from "../format.ts";
import { int4Groups } from "./int4-groups.ts";
import { int8_channel } from "./int8-channel.ts";
import { iq4_nl } from "./iq4-nl.ts";
import { mxfp4 } from "./mxfp4.ts";
import { q2_k } from "./q2-k.ts";
import { q3_k } from "./q3-k.ts";
import { q6_k } from "./q6-k.ts";
import { q8_0 } from "./q8-0.ts";
import { rangeBlocks } from "./range-blocks.ts";
import { signedBlocks } from "./signed-blocks.ts";
import { sixBitSteps } from "./six-bit-steps.ts";

/** With the ids of their types in GGUF files, and bits of a code. */
const records: readonly (Codec & { readonly name: string })[] = [
  mxfp4,
  q8_0,
  signedBlocks("q4_0", 2, 4),
  rangeBlocks("q4_1", 3, 4),
  signedBlocks("q5_0", 6, 5),
  rangeBlocks("q5_1", 7, 5),
  q2_k,
  q3_k,
  sixBitSteps("q4_k", 12, 4, { highest: 15, from: -1, trials: 20, least: "squares" }),
  sixBitSteps("q5_k", 13, 5, { highest: 31, from: -0.5, trials: 15, least: "squares" }),
  q6_k,
  iq4_nl,
  int4Groups("int4_32", 32),
  int4Groups("int4_64", 64),
  int4Groups("int4_128", 128),
  int8_channel,
];

/** The codecs by the names of their formats. */
export const codecs: ReadonlyMap<string, Codec> = new Map(records.map((record) => [record.name, record]));
