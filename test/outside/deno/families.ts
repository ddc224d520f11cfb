// The golden models that run in Deno: the first of each kind, or all, for SHADERFORMER_FULL.
import { readFileSync } from "node:fs";
import { readEncoderConfig } from "../../../src/models/encoders/families.ts";
import { encoderFolder, encoderNames } from "../../encoders/encode/golden-encoders.ts";
import { sequenceFile, sequenceNames } from "../../encoders/seq2seq/golden.ts";
import { firstOfEach } from "../../support/first-tier.ts";

/** How an encoder knows where tokens are, by which its attention has other kernels. */
function positionsOf(name: string): string {
  const { config } = readEncoderConfig(JSON.parse(readFileSync(`${encoderFolder(name)}/config.json`, "utf8")));
  return `${config.positions.kind}, ${config.relativeBias ? "biased" : "plain"}`;
}

const chosen = (all: boolean, names: readonly string[], kindOf: (name: string) => unknown): string[] => {
  const isFirst = firstOfEach(names, kindOf);
  return names.filter((name) => all || isFirst(name));
};

/** Encoders, by how they know positions. */
export const encodersOf = (all: boolean): string[] => chosen(all, encoderNames, positionsOf);

/** Encoder-decoders, by whether distances of tokens are biases of attention, which then has other kernels. */
export const sequencesOf = (all: boolean): string[] =>
  chosen(all, sequenceNames, (name) => "relative_attention_num_buckets" in sequenceFile(name, "config.json"));
