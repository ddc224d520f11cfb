import { FormatError } from "../formats/format-error.ts";
import type { FileSource } from "../formats/source.ts";
import { modelKind } from "../models/model-kind.ts";

/** What trains models of other kinds, in `shaderformer/train`. */
const others = { encoder: "openTrainableEncoder", "encoder-decoder": "openTrainableEncoderDecoder" } as const;

/** Throws `FormatError` for a source that says it holds a model of another kind, with what trains that. */
export async function assertDecoder(source: FileSource): Promise<void> {
  const { kind, type } = await modelKind(source);
  if (kind === "decoder") return;
  const which = type === undefined ? "" : ` (${type})`;
  throw new FormatError(
    source.name,
    `holds an ${kind}${which}, expected a decoder; ${others[kind]} of shaderformer/train trains it`,
  );
}
