import part from "#shaders/attention/masks/document.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, filled, tensorOf } from "../records/parameters.ts";

/**
 * Keys of the query's own document, in sequences packed together; `and` causal for decoders. `documents` u32 `[b, s]`
 * holds the document of each position; positions outside of it belong to none.
 */
export const document = defineMask({
  name: "document",
  part,
  parameters: {
    // Documents of one length.
    documents: tensorOf("u32", "[b, s]", { tokens: count(64) }, ({ b, s }, { tokens }) =>
      filled([b, s], (i) => Math.floor((i % s) / tokens)),
    ),
  },
  writtenCausal: true,
  params: ({ documents }) => ({ s: documents.shape[1] ?? 0 }),
  examples: ({ b, s, unit }) => ({
    // Lengths differ from batch row to batch row.
    document: { documents: filled([b, s], (i) => Math.floor((i % s) / (unit * (i < s ? 3 : 2)))) },
  }),
});
