import type { Limits } from "../../gpu/device/limits.ts";
import { maxTokens } from "../../kernels/moe/grouped-layer.ts";
import { type DecoderConfig, widestRow } from "../../models/decoders/config.ts";

/** The properties of a device that limit tensor sizes. */
interface Bounded {
  readonly limits: Pick<Limits, "binding" | "buffer">;
}

/** Decode steps submitted before the first of them is read back. */
export const inFlight = 3;

/** Tokens of a prefill chunk: the first, and the bounds within which it adapts. */
export const firstChunk = 128;
export const minChunk = 32;
export const maxChunk = 1024;

/**
 * The largest chunk for models with shorter windows: their layers cache a window and a chunk, so a long chunk costs
 * memory.
 */
const maxBesideWindow = 512;

/** Tokens in this model's largest chunk whose activations fit one binding of this device. */
export function longestChunk(gpu: Bounded, config: DecoderConfig): number {
  const { width, mixture, windows } = config;
  const rows = (rowWidth: number) => Math.floor(gpu.limits.binding / (4 * rowWidth));
  const dense = rows(widestRow(config));
  const { k } = mixture?.rule ?? { k: 1 };
  const routed = mixture ? maxTokens(rows(Math.max(width, mixture.hidden)), k, mixture.experts) : dense;
  const fitting = Math.min(dense, routed);
  const besideWindow = Math.max(maxBesideWindow, Math.min(...windows.map((window) => window ?? maxChunk)));
  return Math.max(1, Math.min(maxChunk, besideWindow, fitting - (fitting % 16) || fitting));
}

/**
 * Tokens that layers with a window cache beyond it: a chunk, and those stored by steps in flight after the last token.
 */
export const tokensAhead = (gpu: Bounded, config: DecoderConfig): number => longestChunk(gpu, config) + inFlight;
