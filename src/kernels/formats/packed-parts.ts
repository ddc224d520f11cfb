// The table of the parts that read packed formats. It is loaded when one is needed.
import int4Weight from "#shaders/lib/weight/int4-groups.wgsl";
import int8ChannelWeight from "#shaders/lib/weight/int8-channel.wgsl";
import iq4NlWeight from "#shaders/lib/weight/iq4-nl.wgsl";
import mxfp4Weight from "#shaders/lib/weight/mxfp4.wgsl";
import q2KWeight from "#shaders/lib/weight/q2-k.wgsl";
import q3KWeight from "#shaders/lib/weight/q3-k.wgsl";
import q40Weight from "#shaders/lib/weight/q4-0.wgsl";
import q41Weight from "#shaders/lib/weight/q4-1.wgsl";
import q4KWeight from "#shaders/lib/weight/q4-k.wgsl";
import q50Weight from "#shaders/lib/weight/q5-0.wgsl";
import q51Weight from "#shaders/lib/weight/q5-1.wgsl";
import q5KWeight from "#shaders/lib/weight/q5-k.wgsl";
import q6KWeight from "#shaders/lib/weight/q6-k.wgsl";
import q80Weight from "#shaders/lib/weight/q8-0.wgsl";
import int4Wide from "#shaders/lib/wide/int4-groups.wgsl";
import int8ChannelWide from "#shaders/lib/wide/int8-channel.wgsl";
import iq4NlWide from "#shaders/lib/wide/iq4-nl.wgsl";
import mxfp4Wide from "#shaders/lib/wide/mxfp4.wgsl";
import q2KWide from "#shaders/lib/wide/q2-k.wgsl";
import q3KWide from "#shaders/lib/wide/q3-k.wgsl";
import q40Wide from "#shaders/lib/wide/q4-0.wgsl";
import q41Wide from "#shaders/lib/wide/q4-1.wgsl";
import q4KWide from "#shaders/lib/wide/q4-k.wgsl";
import q4KWideEighth from "#shaders/lib/wide/q4-k-eighth.wgsl";
import q50Wide from "#shaders/lib/wide/q5-0.wgsl";
import q51Wide from "#shaders/lib/wide/q5-1.wgsl";
import q5KWide from "#shaders/lib/wide/q5-k.wgsl";
import q5KWideEighth from "#shaders/lib/wide/q5-k-eighth.wgsl";
import q6KWide from "#shaders/lib/wide/q6-k.wgsl";
import q80Wide from "#shaders/lib/wide/q8-0.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { FormatParts } from "./format-parts.ts";

/** A part with another GROUP, the elements that share a scale. */
const withGroup = (part: ShaderModule, group: number): ShaderModule => ({
  ...part,
  code: part.code.replace(/(\bconst GROUP\b[^=]*=\s*)\d+/, `$1${group}`),
  declares: { ...part.declares, constants: { ...part.declares.constants, GROUP: String(group) } },
});

/** A load reads a word of codes, and the scale with the zero point of its group. */
const int4Groups = (group: 32 | 64 | 128): FormatParts => {
  const [weight, wide] = [withGroup(int4Weight, group), withGroup(int4Wide, group)];
  return {
    name: `int4_${group}`,
    weight: () => ({ part: weight, one: 8, four: 8 }),
    wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
  };
};

const records: readonly FormatParts[] = [
  // A load reads a word of codes and a word of exponents.
  {
    name: "mxfp4",
    weight: () => ({ part: mxfp4Weight, one: 8, four: 8 }),
    wide: () => ({ part: mxfp4Wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
  },
  // A load reads a word of codes and a word with the scale. With eight columns a decode step of SmolLM2-135M takes 0.87
  // of the time on llvmpipe; in f16 and q4_0 it takes 1.02 and 1.04.
  {
    name: "q8_0",
    weight: () => ({ part: q80Weight, one: 8, four: 8 }),
    wide: () => ({ part: q80Wide, elements: 32, bytes: 36, scaling: { row: 1 }, columns: 8 }),
  },
  // A load reads a word of codes and a word with the scale.
  {
    name: "q4_0",
    weight: () => ({ part: q40Weight, one: 8, four: 8 }),
    wide: () => ({ part: q40Wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
  },
  // A load reads a word of codes, and a scale with a minimum.
  {
    name: "q4_1",
    weight: () => ({ part: q41Weight, one: 8, four: 8 }),
    wide: () => ({ part: q41Wide, elements: 32, bytes: 20, scaling: { load: 1, row: 2 } }),
  },
  // A load reads a word of codes, one of fifth bits, and one with the scale.
  {
    name: "q5_0",
    weight: () => ({ part: q50Weight, one: 12, four: 12 }),
    wide: () => ({ part: q50Wide, elements: 32, bytes: 24, scaling: { row: 1 } }),
  },
  // A load reads a word of codes, one of fifth bits, and a scale with a minimum.
  {
    name: "q5_1",
    weight: () => ({ part: q51Weight, one: 12, four: 12 }),
    wide: () => ({ part: q51Wide, elements: 32, bytes: 24, scaling: { load: 1, row: 2 } }),
  },
  // A load reads a word of codes, one of scales, and one that multiplies them.
  {
    name: "q2_k",
    weight: () => ({ part: q2KWeight, one: 12, four: 12 }),
    wide: () => ({ part: q2KWide, elements: 32, bytes: 40, scaling: { row: 4 } }),
  },
  // A load reads two words of codes, and all scales of the block.
  {
    name: "q3_k",
    weight: () => ({ part: q3KWeight, one: 24, four: 24 }),
    wide: () => ({ part: q3KWide, elements: 32, bytes: 80, scaling: { row: 2 } }),
  },
  // A load reads a word of codes, and all scales of the block.
  {
    name: "q4_k",
    weight: () => ({ part: q4KWeight, one: 20, four: 20 }),
    wide: (rows: number) =>
      rows > 4
        ? { part: q4KWideEighth, elements: 32, bytes: 48, scaling: { load: 1, row: 2 } }
        : { part: q4KWide, elements: 64, bytes: 48, scaling: { load: 2, row: 4 } },
  },
  // A load reads two words of codes, and all scales of the block.
  {
    name: "q5_k",
    weight: () => ({ part: q5KWeight, one: 24, four: 24 }),
    wide: (rows: number) =>
      rows > 4
        ? { part: q5KWideEighth, elements: 32, bytes: 80, scaling: { load: 1, row: 2 } }
        : { part: q5KWide, elements: 64, bytes: 80, scaling: { load: 2, row: 4 } },
  },
  // A load reads two words of codes, one of scales, and one that multiplies them.
  {
    name: "q6_k",
    weight: () => ({ part: q6KWeight, one: 16, four: 16 }),
    wide: () => ({ part: q6KWide, elements: 32, bytes: 72, scaling: { row: 2 } }),
  },
  // A load reads a word of codes and a word with the scale.
  {
    name: "iq4_nl",
    weight: () => ({ part: iq4NlWeight, one: 8, four: 8 }),
    wide: () => ({ part: iq4NlWide, elements: 32, bytes: 20, scaling: { row: 1 } }),
  },
  int4Groups(32),
  int4Groups(64),
  int4Groups(128),
  // A load reads a word of four codes, or four of them, and the scale of the row.
  {
    name: "int8_channel",
    weight: () => ({ part: int8ChannelWeight, one: 8, four: 8 }),
    wide: () => ({ part: int8ChannelWide, elements: 16, bytes: 20, scaling: { row: 1 } }),
  },
];

/** The parts by the names of their formats. */
export const packedParts: ReadonlyMap<string, FormatParts> = new Map(records.map((record) => [record.name, record]));
