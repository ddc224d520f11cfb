// The table of the parts that read packed formats. It is loaded when one is needed.
import type { FormatParts } from "./format-parts.ts";
import { int4_32 } from "./int4-32.ts";
import { int4_64 } from "./int4-64.ts";
import { int4_128 } from "./int4-128.ts";
import { int8_channel } from "./int8-channel.ts";
import { iq4_nl } from "./iq4-nl.ts";
import { mxfp4 } from "./mxfp4.ts";
import { q2_k } from "./q2-k.ts";
import { q3_k } from "./q3-k.ts";
import { q4_0 } from "./q4-0.ts";
import { q4_1 } from "./q4-1.ts";
import { q4_k } from "./q4-k.ts";
import { q5_0 } from "./q5-0.ts";
import { q5_1 } from "./q5-1.ts";
import { q5_k } from "./q5-k.ts";
import { q6_k } from "./q6-k.ts";
import { q8_0 } from "./q8-0.ts";

const records = [
  mxfp4,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  int4_32,
  int4_64,
  int4_128,
  int8_channel,
] as const satisfies readonly FormatParts[];

/** The parts by the names of their formats. */
export const packedParts: ReadonlyMap<string, FormatParts> = new Map(records.map((record) => [record.name, record]));
