// The table of packed formats: how they are encoded and decoded, and what reads them in shaders. It is loaded when one is
// needed.
import type { Codec } from "../format.ts";
import { int4Groups } from "./int4-groups.ts";
import { int8_channel } from "./int8-channel.ts";
import { iq4_nl } from "./iq4-nl.ts";
import { mxfp4 } from "./mxfp4.ts";
import { q2_k } from "./q2-k.ts";
import { q3_k } from "./q3-k.ts";
import { q6_k } from "./q6-k.ts";
import { q8_0 } from "./q8-0.ts";
import { q4_1, q5_1 } from "./range-blocks.ts";
import { q4_0, q5_0 } from "./signed-blocks.ts";
import { q4_k, q5_k } from "./six-bit-steps.ts";

const blocks = [mxfp4, q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl];
const others = [int4Groups(32), int4Groups(64), int4Groups(128), int8_channel];

/** The codecs by the names of their formats. */
export const codecs: ReadonlyMap<string, Codec> = new Map([...blocks, ...others].map((codec) => [codec.name, codec]));
