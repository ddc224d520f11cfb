import { FormatError } from "../formats/format-error.ts";
import type { DecoderConfig } from "./config.ts";
import { readConfig } from "./config.ts";
import { deepseek } from "./deepseek.ts";
import type { Family } from "./family.ts";
import { gptOss } from "./gpt-oss.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";

/** All families: adding one takes a file, and its word here. */
const families = [llama, gpt2, gptOss, deepseek] as const;

/** Families by the names in `architectures` of a `config.json`. */
export const architectures: Readonly<Record<string, Family>> = Object.fromEntries(
  families.flatMap((family) => family.architectures.map((name) => [name, family] as const)),
);

/** Throws `FormatError` for weights that are quantised in a way that their family does not support. */
function checkQuantisation(config: unknown, packings: readonly string[]): void {
  if (config === undefined) return;
  const method = typeof config === "object" && config !== null ? Object.entries(config) : [];
  if (method.some(([name, value]) => name === "quant_method" && packings.includes(String(value)))) return;
  throw new FormatError(
    "config.json",
    "weights quantised by this scheme are not supported; use an f32, f16 or bf16 checkpoint",
    { field: "quantization_config" },
  );
}

/** The family and settings of a parsed `config.json`; throws `FormatError` for an unknown one. */
export function readArchitecture(raw: unknown): { family: Family; config: DecoderConfig } {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw new FormatError("config.json", "is not an object");
  }
  const known = `known are ${Object.keys(architectures).join(", ")}`;
  const names: unknown = (raw as Record<string, unknown>)["architectures"];
  const name: unknown = Array.isArray(names) ? names[0] : undefined;
  if (typeof name !== "string")
    throw new FormatError("config.json", `names no architecture; ${known}`, { field: "architectures" });
  const family = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (!family) throw new FormatError("config.json", `is ${name}, ${known}`, { field: "architectures" });
  const fields = raw as Record<string, unknown>;
  checkQuantisation(fields["quantization_config"], family.packings ?? []);
  try {
    return { family, config: family.read(readConfig(fields), name) };
  } catch (cause) {
    if (cause instanceof RangeError) throw new FormatError("config.json", cause.message, { cause });
    throw cause;
  }
}
