import { shortened } from "../../formats/format-error.ts";
import { type FieldReader, readFields, text } from "../../formats/json/fields.ts";
import { type ConfigOrigin, configJson } from "../decoders/config.ts";
import { encoderDecoderTypes } from "../model-kind.ts";
import { bart } from "./bart.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import type { EncoderDecoderFamily } from "./family.ts";
import { marian } from "./marian.ts";
import { t5 } from "./t5.ts";
import { transformer2017 } from "./transformer-2017.ts";

/** All families of encoder-decoders: adding one takes a file, an entry here and its types in `model-kind.ts`. */
const families: readonly EncoderDecoderFamily[] = [t5, bart, marian, transformer2017];

/** Families by the `model_type` of a `config.json`. */
export const encoderDecoderFamilies: ReadonlyMap<string, EncoderDecoderFamily> = new Map(
  families.flatMap((family) => family.modelTypes.map((type) => [type, family] as const)),
);

/** Known encoder-decoders that are not supported, with the feature that is missing. */
const unbuilt: Readonly<Record<string, string>> = {
  mbart: "its layers have norms before and a norm at the end",
  pegasus: "its layers have norms before and a norm at the end",
  whisper: "it takes sound",
  umt5: "each of its layers has a bias table of its own",
  longt5: "its encoder sees a part of a text",
  switch_transformers: "it has experts",
  m2m_100: "its tokenizer needs a language for each text",
};

/** The family and settings of a parsed `config.json`; throws `FormatError` if it is not an encoder-decoder's. */
export function readEncoderDecoderConfig(
  raw: unknown,
  { file, names }: ConfigOrigin = configJson,
): { readonly family: EncoderDecoderFamily; readonly config: EncoderDecoderConfig; readonly reader: FieldReader } {
  const reader = readFields(file, raw, names);
  const type = reader.field("model_type", text);
  const family = encoderDecoderFamilies.get(type);
  if (!family) {
    const why = Object.hasOwn(unbuilt, type) ? ` (${unbuilt[type]})` : "";
    const known = `known encoder-decoders are ${encoderDecoderTypes.join(", ")}`;
    return reader.fail("model_type", `is ${shortened(type, 80)}, which is not supported${why}; ${known}`);
  }
  if ((reader.raw["quantization_config"] ?? undefined) !== undefined) {
    reader.fail(
      "quantization_config",
      "quantised weights of encoder-decoders are not supported; use an f32, f16 or bf16 checkpoint",
    );
  }
  return { family, config: family.read(reader, type), reader };
}
