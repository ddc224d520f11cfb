import { shortened } from "../../formats/format-error.ts";
import { type FieldReader, readFields, text } from "../../formats/json/fields.ts";
import { type ConfigOrigin, configJson } from "../decoders/config.ts";
import { encoderTypes } from "../model-kind.ts";
import { bert } from "./bert.ts";
import type { EncoderConfig } from "./config.ts";
import { distilBert } from "./distilbert.ts";
import type { EncoderFamily } from "./family.ts";
import { gte } from "./gte.ts";
import { modernBert } from "./modernbert.ts";
import { mpnet } from "./mpnet.ts";

/** All families of encoders: adding one takes a file and an entry here. */
const families: readonly EncoderFamily[] = [bert, distilBert, mpnet, modernBert, gte];

/** Families by the `model_type` of a `config.json`. */
export const encoderFamilies: ReadonlyMap<string, EncoderFamily> = new Map(
  families.flatMap((family) => family.modelTypes.map((type) => [type, family] as const)),
);

/** The family and settings of a parsed `config.json`; throws `FormatError` if it is not an encoder's. */
export function readEncoderConfig(
  raw: unknown,
  { file, names }: ConfigOrigin = configJson,
): { readonly family: EncoderFamily; readonly config: EncoderConfig; readonly reader: FieldReader } {
  const reader = readFields(file, raw, names);
  const type = reader.field("model_type", text);
  const family = encoderFamilies.get(type);
  if (!family) {
    return reader.fail("model_type", `is ${shortened(type, 80)}, known encoders are ${encoderTypes.join(", ")}`);
  }
  if ((reader.raw["quantization_config"] ?? undefined) !== undefined) {
    reader.fail(
      "quantization_config",
      "quantised weights of encoders are not supported; use an f32, f16 or bf16 checkpoint",
    );
  }
  return { family, config: family.read(reader, type), reader };
}
