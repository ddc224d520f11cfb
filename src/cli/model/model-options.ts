import { type Command, InvalidArgumentError, Option } from "commander";
import { type CacheLayout, type CacheOptions, cacheLayouts } from "../../blocks/kv-cache/cache-options.ts";
import type { Limits } from "../../gpu/device/limits.ts";
import { type CacheFormat, cacheFormats, type WeightType, weightTypes } from "../../kernels/formats/formats.ts";
import { type Recipe, recipes } from "../../models/decoders/recipes.ts";
import { positive } from "../arguments.ts";

/** Options that choose a device. */
export interface DeviceFlags {
  readonly adapter?: string;
  readonly features?: readonly string[];
  readonly cap?: Partial<Limits>;
  /** False: ignore what `tune` stored for the device. */
  readonly tuned?: boolean;
}

/** Options that choose a model, and how it is loaded. */
export interface LoadFlags extends DeviceFlags {
  readonly model: string;
  readonly context?: number;
  readonly dtype?: WeightType;
  readonly weights?: Recipe;
  readonly cacheDtype?: CacheFormat;
  readonly cacheLayout?: CacheLayout;
  readonly cacheRotate?: boolean;
  readonly verify?: boolean;
}

/** Options of every command with a result. */
export interface ModelFlags extends LoadFlags {
  readonly lora?: string;
  readonly json?: boolean;
}

/** Options of commands for encoders. */
export type EncoderFlags = DeviceFlags & Pick<ModelFlags, "model" | "dtype" | "verify" | "json">;

const limits: readonly (keyof Limits)[] = [
  "binding",
  "buffer",
  "workgroupBytes",
  "invocations",
  "storageBuffers",
  "workgroups",
];

/** Adds `ModelFlags` to a command. */
export function addModelOptions(command: Command): Command {
  return addLoadOptions(command)
    .optionsGroup("Model:")
    .option("--lora <adapter>", "a LoRA folder in PEFT's layout to use with the model's weights")
    .optionsGroup("Output:")
    .option("--json", "print only one JSON object");
}

/** Adds `LoadFlags` to a command; with `optional` the model may be left out. */
export function addLoadOptions(command: Command, { optional = false } = {}): Command {
  command
    .optionsGroup("Model:")
    .addOption(modelOption().makeOptionMandatory(!optional))
    .option("--context <n>", "longest sequence, in tokens", positive)
    .addOption(
      new Option("--weights <recipe>", "quantise the weights while they are loaded, by llama.cpp's rules")
        .choices(recipes)
        .conflicts("dtype"),
    )
    .addOption(dtypeOption())
    .addOption(
      new Option("--cache-dtype <type>", "type of cached keys and values (default: f32)").choices(cacheFormats),
    )
    .addOption(
      new Option("--cache-layout <layout>", "paged: memory follows the tokens (default: contiguous)").choices(
        cacheLayouts,
      ),
    )
    .option("--cache-rotate", "rotate keys and values before they are cached, for int4")
    .addOption(verifyOption());
  return addDeviceOptions(command);
}

/** Adds `EncoderFlags` to a command. */
export function addEncoderOptions(command: Command): Command {
  command
    .optionsGroup("Model:")
    .addOption(modelOption("a folder, the URL of one, or a repository: owner/name[@revision]").makeOptionMandatory())
    .addOption(dtypeOption())
    .addOption(verifyOption());
  return addDeviceOptions(command).optionsGroup("Output:").option("--json", "print only one JSON object");
}

const modelOption = (
  what = "a folder or a GGUF file, the URL of one, or a repository: owner/name[@revision][/file.gguf]",
) => new Option("-m, --model <model>", what);

const dtypeOption = () =>
  new Option("--dtype <type>", "type of the weights on the GPU (default: as stored)").choices(weightTypes);

const verifyOption = () => new Option("--no-verify", "do not check the weights for NaN and infinity");

/** Adds `DeviceFlags` to a command. */
export function addDeviceOptions(command: Command): Command {
  return command
    .optionsGroup("Device:")
    .option("--adapter <name>", "words in an adapter's name: lavapipe, swiftshader, H100", words)
    .option("--features <list>", "use only these device features, or none", features)
    .option("--cap <limits>", "behave as a smaller device: binding=262144,…", cap)
    .option("--no-tuned", "do not use what `shaderformer tune` has stored for the device");
}

/** The cache in these flags. */
export const cacheOptions = ({
  cacheDtype: dtype,
  cacheLayout: layout,
  cacheRotate: rotate,
}: LoadFlags): CacheOptions => ({
  dtype,
  layout,
  rotate,
});

function words(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Expected words of an adapter's name.");
  return text;
}

function features(text: string): string[] {
  const names = text === "none" ? [] : text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Expected names of features, separated by commas, or none.");
  return names;
}

function cap(text: string): Partial<Limits> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value = ""] = part.split("=").map((side) => side.trim());
      if (!limits.some((limit) => limit === name)) {
        throw new InvalidArgumentError(`There is no limit "${name}"; there are ${limits.join(", ")}.`);
      }
      return [name, positive(value)];
    }),
  );
}
