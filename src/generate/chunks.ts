import type { Limits } from "../gpu/limits.ts";
import { mostTokens } from "../kernels/moe/grouped-layer.ts";
import { type DecoderConfig, widestRow } from "../models/config.ts";

/** A device, as far as the sizes of tensors are concerned. */
export interface Bounded {
  readonly limits: Pick<Limits, "binding" | "buffer">;
}

/** Decode steps submitted before the first of them is read back. */
export const inFlight = 3;

/** Tokens of a prefill chunk: the first, and the bounds within which it adapts. */
export const firstChunk = 128;
export const smallestChunk = 32;
export const largestChunk = 1024;

/**
 * The largest chunk for models with shorter windows: their layers keep a window and a chunk, so a long chunk costs
 * memory.
 */
const largestBesideWindow = 512;

/** Tokens in the largest chunk of this model whose activations fit one binding of this device. */
export function longestChunk(gpu: Bounded, config: DecoderConfig): number {
  const { width, mixture, windows } = config;
  const rows = (rowWidth: number) => Math.floor(gpu.limits.binding / (4 * rowWidth));
  const dense = rows(widestRow(config));
  const { k } = mixture?.rule ?? { k: 1 };
  const routed = mixture ? mostTokens(rows(Math.max(width, mixture.hidden)), k, mixture.experts) : dense;
  const fitting = Math.min(dense, routed);
  const besideWindow = Math.max(largestBesideWindow, Math.min(...windows.map((window) => window ?? largestChunk)));
  return Math.max(1, Math.min(largestChunk, besideWindow, fitting - (fitting % 16) || fitting));
}

/** Tokens that layers with a window cache beyond it: a chunk, and what steps in flight store after the last token. */
export const tokensAhead = (gpu: Bounded, config: DecoderConfig): number => longestChunk(gpu, config) + inFlight;
